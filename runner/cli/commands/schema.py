"""``runner schema``."""

import click

from runner.cli.console import Console
from runner.cli.options.common import common_options


@click.command()
@common_options
def command() -> None:
    """Print the JSON Schema of the file, for editors."""
    import json  # noqa: PLC0415

    from runner.config.schema.json_schema import file_schema  # noqa: PLC0415 # pydantic

    Console.of_process().write(json.dumps(file_schema(), indent=2))
