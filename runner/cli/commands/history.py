"""Commands that look at what was applied."""

import click

from runner.cli.options.command import Group, command
from runner.cli.options.kinds import flag, folder_option, number_option
from runner.cli.options.parameters import (
    FORMAT_OPTION,
    LABEL_OPTION,
    PROFILE_ARGUMENT,
    SINCE_OPTION,
    runs_on_state,
)
from runner.cli.options.shared import shared_options
from runner.models.verdict import Verdict

VERDICTS = [verdict.value for verdict in Verdict]


@command()
@PROFILE_ARGUMENT
@LABEL_OPTION
@FORMAT_OPTION
@runs_on_state("history.status:status")
def status() -> None:
    """Show the last verdict of each instance, and whether its request has changed since."""


@command("runner history smoke-prod --since 7d", "runner history --verdict failed --verdict flaky")
@PROFILE_ARGUMENT
@LABEL_OPTION
@click.option(
    "--verdict",
    "verdicts",
    multiple=True,
    type=click.Choice(VERDICTS),
    metavar="VERDICT",
    help=f"Only attempts with this verdict (repeatable): {', '.join(VERDICTS)}.",
)
@click.option("--since", metavar="WHEN", help="Only applies since then: 7d, 12h or 2026-08-01.")
@click.option("--until", metavar="WHEN", help="Only applies before then.")
@number_option(
    "-n", "--limit", range=click.IntRange(min=1), default=20, help="Show at most N applies."
)
@FORMAT_OPTION
@runs_on_state("history.history:history")
def history() -> None:
    """List past applies, newest first, with their pass rate and durations."""


@command()
@PROFILE_ARGUMENT
@LABEL_OPTION
@flag("--flaky", help="Only checks that were flaky.")
@SINCE_OPTION
@FORMAT_OPTION
@runs_on_state("history.checks:checks")
def checks() -> None:
    """Show the pass rate, flake rate and durations of each check, from history."""


@click.group(cls=Group)
@shared_options
def quarantine() -> None:
    """Manage checks whose failures do not count for a while."""


@quarantine.command()
@SINCE_OPTION
@runs_on_state("history.checks:suggest")
def suggest() -> None:
    """Print the YAML that quarantines flaky checks."""


@command()
@PROFILE_ARGUMENT
@LABEL_OPTION
@folder_option("--out", "folder", default="checkly-dashboard", help="Where to write index.html.")
@flag("--runs", help="Also write a page for each apply.")
@SINCE_OPTION
@number_option(
    "-n",
    "--limit",
    range=click.IntRange(min=1, max=1000),
    default=200,
    help="Show at most N applies.",
)
@runs_on_state("history.dashboard:dashboard")
def dashboard() -> None:
    """Write the history as one HTML page, for CI to publish."""
