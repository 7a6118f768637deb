"""``runner init``."""

import click

from runner.cli.console import Console
from runner.cli.options.common import common_options, current


@click.command()
@common_options
def command() -> None:
    """Write a commented starter file, unless there is a file already."""
    from pathlib import Path  # noqa: PLC0415

    from runner.config.document.starter import STARTER  # noqa: PLC0415
    from runner.config.files.discover import NAMES  # noqa: PLC0415
    from runner.errors import UsageError, os_reason  # noqa: PLC0415

    console, common = Console.of_process(), current()
    path = Path(common.file or NAMES[0])
    taken = [path] if common.file else [Path(name) for name in NAMES]
    for existing in taken:
        if existing.exists() or existing.is_symlink():
            raise UsageError(
                f"{existing} is there already, and nothing was written.",
                hint="Check it with `runner validate`, or write another with --file.",
            )
    try:
        with path.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(STARTER)
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} can't be written: {os_reason(error)}.") from error
    if common.verbosity >= 0:
        console.say(f"Wrote {path}. Next: `runner validate`, then `runner plan`.")
