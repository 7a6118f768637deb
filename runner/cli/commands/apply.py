"""Commands that start sessions, follow them and cancel them."""

import click

from runner.cli.options.command import command
from runner.cli.options.completion import apply_ids
from runner.cli.options.following import Following, following_options
from runner.cli.options.kinds import file_option, flag, number_option
from runner.cli.options.parameters import (
    EMULATOR_OPTION,
    EXCLUDE_OPTION,
    LABEL_OPTION,
    PROFILE_ARGUMENT,
    PRUNE_OPTION,
    WORLD_OPTION,
)
from runner.cli.options.shared import runs


@command(
    "runner apply smoke-prod",
    "runner apply 'smoke-*' -l team=web --yes",
    "runner apply smoke-prod --report junit=report.xml --artifacts artifacts",
    "runner apply smoke-prod --detach",
)
@PROFILE_ARGUMENT
@LABEL_OPTION
@EXCLUDE_OPTION
@flag("--changed", help="Leave out what is unchanged and passed last time.")
@flag("--failed", help="Only what did not pass last time.")
@flag("--failed-checks", help="Only the checks that did not pass at this commit.")
@PRUNE_OPTION
@flag("--keep-going", help="Apply the rest even if an instance is blocked.")
@file_option("--plan", "saved_plan", help="Apply a saved plan, and nothing else.")
@flag("-y", "--yes", help="Start without asking.")
@flag("-d", "--detach", help="Exit once all sessions have started.")
@flag("--new", help="Start new sessions even if those of an unfinished apply still run.")
@flag("--no-needs", help="Leave out what the selected instances need.")
@number_option(
    "--concurrency",
    range=click.IntRange(1, 1000),
    default=Following.concurrency,
    help="Run at most N sessions at once.",
)
@following_options
@EMULATOR_OPTION
@WORLD_OPTION
@runs("apply:apply")
def apply() -> None:
    """Start test sessions, follow them to the end, and report.

    PROFILE is a profile, an instance such as 'smoke[us-east-1]' or a wildcard. Without one, the
    whole file is applied. On a terminal, `apply` asks before it starts; elsewhere, it needs --yes
    unless each PROFILE is named in full.

    The exit code gates: 0 if everything passed, 1 if something failed.
    """


@command("runner wait", "runner wait --report junit=report.xml")
@click.argument("apply_id", required=False, metavar="[APPLY_ID]", shell_complete=apply_ids)
@following_options
@runs("wait:wait")
def wait() -> None:
    """Re-attach to detached or interrupted sessions, and finish as `apply` would.

    Without an APPLY_ID, it picks up every apply that left something running or undecided. If none
    did, it repeats the exit code of the newest apply.
    """


@command()
@PROFILE_ARGUMENT
@runs("wait:cancel")
def cancel() -> None:
    """Cancel the running sessions of PROFILE, or of your own last apply.

    The API can cancel only Playwright and agentic checks; other checks run to their end.
    """
