"""``runner import``."""

import shlex
import sys
from pathlib import Path

from runner.cli.options.common import Common
from runner.config.formatting.formatter import format_text
from runner.diagnostics import Diagnostics
from runner.errors import UsageError, os_reason
from runner.importer.find import EXAMPLE, STANDARD_INPUT, Imported, import_command, import_file
from runner.importer.write import file_text
from runner.source import Source

_MAX_BYTES = 1 << 20
_SHOWN = 80


def import_(common: Common, command_line: tuple[str, ...]) -> None:
    """Print what a command line, or a file with some, becomes."""
    console = common.console
    imported = _read(command_line)
    text = file_text(imported.profiles)
    console.write(format_text(Source("", text), Diagnostics()) or text)
    for profile in imported.profiles:
        for note in profile.notes:
            console.say(f"{profile.name}: {note}", console.err)
    for note in imported.notes:
        console.say(note, console.err)


def _read(command_line: tuple[str, ...]) -> Imported:
    if len(command_line) > 1:
        return import_command(shlex.join(command_line))
    (given,) = command_line
    if given == "-":
        return import_file(STANDARD_INPUT, _text(given, sys.stdin.buffer.read(_MAX_BYTES + 1)))
    path = Path(given)
    try:
        is_file, is_folder = path.is_file(), path.is_dir()
    except (OSError, ValueError):  # a command line is too long for a path, or has a NUL
        is_file = is_folder = False
    if not is_file:
        if len(given.split()) < 2:  # no command line has so few words
            raise _missing(given, is_folder=is_folder)
        return import_command(given)
    try:
        with path.open("rb") as stream:
            data = stream.read(_MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path} can't be read: {os_reason(error)}.") from error
    return import_file(given, _text(given, data))


def _missing(given: str, *, is_folder: bool) -> UsageError:
    if not given.strip():
        return UsageError("There is nothing to import.", hint=EXAMPLE)
    name = repr(given if len(given) <= _SHOWN else f"{given[: _SHOWN - 1]}…")
    return UsageError(
        f"{name} is a folder, not a file." if is_folder else f"There is no file {name}.",
        hint=f"Name an existing file, or give a command line. {EXAMPLE}",
    )


def _text(name: str, data: bytes) -> str:
    if len(data) > _MAX_BYTES:
        raise UsageError(f"{name} is larger than 1 MiB.")
    return data.decode(errors="replace").removeprefix("\ufeff").replace("\r\n", "\n")
