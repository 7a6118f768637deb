"""Commands that start sessions, follow them and cancel them."""

from pathlib import Path

import click

from runner.cli.options.completion import apply_ids
from runner.cli.options.following import following_options
from runner.cli.options.parameters import (
    EMULATOR_OPTION,
    EXCLUDE_OPTION,
    LABEL_OPTION,
    PROFILE_ARGUMENT,
    PRUNE_OPTION,
    WORLD_OPTION,
)
from runner.cli.options.shared import runs


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
    *("--plan", "saved_plan"),
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
@runs("apply:apply")
def apply() -> None:
    """Start test sessions, follow them to the end, and report.

    The exit code gates: 0 when everything passed, 1 when something failed.
    """


@click.command()
@click.argument("apply_id", required=False, metavar="[APPLY_ID]", shell_complete=apply_ids)
@following_options
@runs("wait:wait")
def wait() -> None:
    """Re-attach to detached or interrupted sessions, and finish as `apply` would.

    Without an APPLY_ID every apply that left something running or undecided is meant; where none
    did, the exit code of the newest apply is repeated.
    """


@click.command()
@PROFILE_ARGUMENT
@runs("wait:cancel")
def cancel() -> None:
    """Cancel running sessions: of PROFILE, or of your own last apply.

    The API cancels Playwright and agentic checks only; other checks run to their end.
    """
