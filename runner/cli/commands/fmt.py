"""``runner fmt``."""

import click

from runner.cli.console import Console
from runner.cli.options.common import common_options, current

EXIT_UNFORMATTED = 1


@click.command()
@click.option("--check", is_flag=True, help="Change nothing; exit 1 if something would change.")
@click.option("--diff", is_flag=True, help="Change nothing; print what would change.")
@common_options
def command(check: bool, diff: bool) -> int:
    """Format the file and its includes, keeping comments, anchors and blank lines."""
    from pathlib import Path  # noqa: PLC0415

    from runner.config.document.load import load  # noqa: PLC0415
    from runner.config.files.discover import discover  # noqa: PLC0415
    from runner.config.files.files import FolderFiles  # noqa: PLC0415
    from runner.config.formatting.formatter import difference, format_text  # noqa: PLC0415 # ruamel.yaml
    from runner.diagnostics import Diagnostics  # noqa: PLC0415
    from runner.errors import ConfigurationError  # noqa: PLC0415

    console, common = Console.of_process(), current()
    path = Path(common.file) if common.file else discover(Path.cwd())
    files, inside = FolderFiles.around(path, Path.cwd())
    diagnostics = Diagnostics()
    documents = load(inside, files, diagnostics)
    formatted = [
        (document, format_text(document.source, diagnostics)) for document in documents or ()
    ]
    if diagnostics.errors:
        raise ConfigurationError(diagnostics)
    changed = [
        (document, text) for document, text in formatted if text not in {None, document.source.text}
    ]
    for document, text in changed:
        assert text is not None  # noqa: S101 # without errors every file was formatted
        if diff:
            shown = difference(document.source.name, document.source.text, text)
            console.write(shown.rstrip("\n"))
        elif check:
            console.say(f"{document.source.name} is not formatted.")
        else:
            files.write(document.path, text.encode())
            console.say(f"{document.source.name} formatted.")
    if not changed and common.verbosity >= 0 and not diff:
        console.say("Everything is formatted.")
    return EXIT_UNFORMATTED if check and changed else 0
