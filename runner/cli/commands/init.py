"""``runner init``."""

import click

from runner.cli.console import Console
from runner.cli.options.common import common_options, current


@click.command()
@common_options
def command() -> None:
    """Write a commented starter file, and the JSON Schema that editors read beside it.

    Nothing is overwritten.
    """
    from pathlib import Path  # noqa: PLC0415

    from runner.config.document.starter import SCHEMA_NAME, STARTER  # noqa: PLC0415
    from runner.config.files.discover import NAMES  # noqa: PLC0415
    from runner.errors import UsageError, os_reason  # noqa: PLC0415
    from runner.models.contract.rules import schema_text  # noqa: PLC0415

    console, common = Console.of_process(), current()
    path = Path(common.file or NAMES[0])
    taken = [path] if common.file else [Path(name) for name in NAMES]
    for existing in taken:
        if existing.exists() or existing.is_symlink():
            raise UsageError(
                f"{existing} is there already, and nothing was written.",
                hint="Check it with `runner validate`, or write another with --file.",
            )
    files, written = {path: STARTER}, []
    schema = path.with_name(SCHEMA_NAME)
    if not schema.exists() and not schema.is_symlink():
        files[schema] = schema_text(SCHEMA_NAME)
    for file, text in files.items():
        try:
            with file.open("x", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
        except (OSError, ValueError) as error:
            raise UsageError(f"{file} can't be written: {os_reason(error)}.") from error
        written.append(str(file))
    if common.verbosity >= 0:
        console.say(f"Wrote {' and '.join(written)}. Next: `runner validate`, then `runner plan`.")
