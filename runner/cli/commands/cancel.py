"""``runner cancel``."""

import click

from runner.cli.console import Console
from runner.cli.options.common import common_options, current
from runner.cli.options.selection import PROFILE_ARGUMENT


@click.command()
@PROFILE_ARGUMENT
@common_options
def command(names: tuple[str, ...]) -> int:
    """Cancel running sessions: of PROFILE, or of your own last apply.

    The API cancels Playwright and agentic checks only; other checks run to their end.
    """
    from runner.cli.services.wait import cancel  # noqa: PLC0415 # everything heavy

    return cancel(names, current(), Console.of_process())
