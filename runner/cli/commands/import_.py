"""``runner import``."""

import sys
from typing import TYPE_CHECKING

import click

from runner.cli.console import Console
from runner.cli.options.common import common_options
from runner.errors import UsageError, os_reason

if TYPE_CHECKING:
    from pathlib import Path

    from runner.importer.find import Imported

_MAX_BYTES = 1 << 20
_SHOWN = 80


@click.command(context_settings={"allow_interspersed_args": False})
@click.argument("command_line", metavar="COMMAND|FILE", nargs=-1, required=True)
@common_options
def command(command_line: tuple[str, ...]) -> None:
    """Turn `npx checkly trigger …` into profiles, and print them as a file.

    Give the command line, in quotes, or a file with such commands: a workflow of GitHub, GitLab,
    CircleCI, Bitbucket or Azure, a shell script, package.json, Makefile, Dockerfile, manifest of
    Kubernetes or Markdown page. - is standard input.
    """
    from runner.config.formatting.formatter import format_text  # noqa: PLC0415 # ruamel.yaml
    from runner.diagnostics import Diagnostics  # noqa: PLC0415
    from runner.importer.write import file_text  # noqa: PLC0415 # ruamel.yaml
    from runner.source import Source  # noqa: PLC0415

    console = Console.of_process()
    imported = _read(command_line)
    text = file_text(imported.profiles)
    console.write((format_text(Source("", text), Diagnostics()) or text).rstrip("\n"))
    for profile in imported.profiles:
        for note in profile.notes:
            console.say(f"{profile.name}: {note}", console.err)
    for note in imported.notes:
        console.say(note, console.err)


def _read(command_line: tuple[str, ...]) -> "Imported":
    import shlex  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    from runner.importer.find import STANDARD_INPUT, import_command, import_file  # noqa: PLC0415

    if len(command_line) > 1:
        return import_command(shlex.join(command_line))
    (given,) = command_line
    if given == "-":
        return import_file(STANDARD_INPUT, _text(given, sys.stdin.buffer.read(_MAX_BYTES + 1)))
    path = Path(given)
    try:
        is_file = path.is_file()
    except (OSError, ValueError):  # a command line is too long for a path, or has a NUL
        is_file = False
    if not is_file:
        if len(given.split()) < 2:  # no command line has so few words
            raise _missing(path, given)
        return import_command(given)
    try:
        with path.open("rb") as stream:
            data = stream.read(_MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path} can't be read: {os_reason(error)}.") from error
    return import_file(given, _text(given, data))


def _missing(path: "Path", given: str) -> UsageError:
    from runner.importer.find import EXAMPLE  # noqa: PLC0415

    if not given.strip():
        return UsageError("There is nothing to import.", hint=EXAMPLE)
    try:
        is_folder = path.is_dir()
    except (OSError, ValueError):
        is_folder = False
    name = repr(given if len(given) <= _SHOWN else f"{given[: _SHOWN - 1]}…")
    return UsageError(
        f"{name} is a folder, not a file." if is_folder else f"There is no file {name}.",
        hint=f"Name a file that is there, or give a command line. {EXAMPLE}",
    )


def _text(name: str, data: bytes) -> str:
    if len(data) > _MAX_BYTES:
        raise UsageError(f"{name} is larger than 1 MiB.")
    return data.decode(errors="replace").removeprefix("\ufeff").replace("\r\n", "\n")
