"""``runner schema``."""

import click

from runner.cli.console import Console
from runner.cli.options.common import common_options


@click.command()
@common_options
def command() -> None:
    """Print the JSON Schema of the file, for editors."""
    from runner.config.document.starter import SCHEMA_NAME  # noqa: PLC0415
    from runner.models.contract.rules import schema_text  # noqa: PLC0415

    Console.of_process().write(schema_text(SCHEMA_NAME).rstrip("\n"))
