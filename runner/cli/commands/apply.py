"""``runner apply``."""

from pathlib import Path

import click

from runner.cli.console import Console
from runner.cli.options.common import common_options, current
from runner.cli.options.following import ApplyCommand, following_options
from runner.cli.options.selection import (
    EXCLUDE_OPTION,
    LABEL_OPTION,
    PROFILE_ARGUMENT,
    PRUNE_OPTION,
)
from runner.cli.services.backend import EMULATOR_OPTION, WORLD_OPTION


@click.command()
@PROFILE_ARGUMENT
@LABEL_OPTION
@EXCLUDE_OPTION
@click.option("--changed", is_flag=True, help="Leave out what is unchanged and passed last time.")
@click.option("--failed", is_flag=True, help="Only what did not pass last time.")
@click.option(
    "--failed-checks", is_flag=True, help="Only the checks that did not pass at this commit."
)
@PRUNE_OPTION
@click.option("--keep-going", is_flag=True, help="Apply the rest where an instance is blocked.")
@click.option(
    "--plan",
    "saved_plan",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Apply a plan that was saved, and nothing else.",
)
@click.option("-y", "--yes", is_flag=True, help="Start without asking.")
@click.option("-d", "--detach", is_flag=True, help="Leave once all sessions have started.")
@click.option(
    "--new", is_flag=True, help="Start sessions though those of an unfinished apply still run."
)
@click.option("--no-needs", is_flag=True, help="Leave out what the selected ones need.")
@click.option(
    "--concurrency",
    type=click.IntRange(1, 1000),
    default=10,
    metavar="N",
    show_default=True,
    help="Sessions at once.",
)
@following_options
@EMULATOR_OPTION
@WORLD_OPTION
@common_options
def command(**options: object) -> int:
    """Start test sessions, follow them to the end, and report.

    The exit code gates: 0 when everything passed, 1 when something failed.
    """
    from runner.cli.services.apply import apply  # noqa: PLC0415 # everything heavy

    wanted = ApplyCommand(**options)  # type: ignore[arg-type] # click made them
    return apply(wanted, current(), Console.of_process())
