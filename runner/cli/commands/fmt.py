"""``runner fmt``."""

from typing import TYPE_CHECKING

import click

from runner.cli.console import Console
from runner.cli.options.common import common_options, current
from runner.cli.options.completion import files

if TYPE_CHECKING:
    from pathlib import PurePosixPath


EXIT_UNFORMATTED = 1


@click.command()
@click.argument("paths", metavar="[FILE]...", nargs=-1, shell_complete=files)
@click.option("--check", is_flag=True, help="Change nothing; exit 1 if something would change.")
@click.option("--diff", is_flag=True, help="Change nothing; print what would change.")
@common_options
def command(paths: tuple[str, ...], check: bool, diff: bool) -> int:
    """Format files and their includes, keeping comments, anchors and blank lines.

    Without FILE it is the one that the other commands take.
    """
    from pathlib import Path  # noqa: PLC0415

    from runner.config.document.load import load  # noqa: PLC0415
    from runner.config.files.discover import discover  # noqa: PLC0415
    from runner.config.files.files import FolderFiles  # noqa: PLC0415
    from runner.config.formatting.formatter import difference, format_text  # noqa: PLC0415 # ruamel.yaml
    from runner.diagnostics import Diagnostics  # noqa: PLC0415
    from runner.errors import ConfigurationError, UsageError  # noqa: PLC0415

    console, common = Console.of_process(), current()
    if paths and common.file:
        raise UsageError("Files are named twice.", hint="Leave out --file.")
    given = [*map(Path, dict.fromkeys(paths) or filter(None, [common.file]))] or [
        discover(Path.cwd())
    ]
    diagnostics = Diagnostics()
    changed: dict[str, tuple[FolderFiles, PurePosixPath, str, str]] = {}
    for path in given:
        files, inside = FolderFiles.around(path, Path.cwd())
        for document in load(inside, files, diagnostics) or ():
            before, name = document.root.source.text, document.root.source.name
            after = format_text(document.root.source, diagnostics)
            if after is not None and after != before:
                changed[name] = (files, document.path, before, after)
    if diagnostics.errors:
        raise ConfigurationError(diagnostics)
    for name, (files, place, before, after) in changed.items():
        if diff:
            console.write(difference(name, before, after).rstrip("\n"))
        elif check:
            console.say(f"{name} is not formatted.")
        else:
            files.write(place, after.encode())
            console.say(f"{name} formatted.")
    if not changed and common.verbosity >= 0 and not diff:
        console.say("Everything is formatted.")
    return EXIT_UNFORMATTED if check and changed else 0
