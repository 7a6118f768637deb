"""``runner checks``."""

import click

from runner.cli.console import Console
from runner.cli.options.common import common_options, current
from runner.cli.options.selection import LABEL_OPTION, PROFILE_ARGUMENT
from runner.cli.services.past import SINCE_OPTION, past_applies
from runner.cli.services.state import EMULATED_OPTION, FORMAT_OPTION, moment, state_of


@click.command()
@PROFILE_ARGUMENT
@LABEL_OPTION
@click.option("--flaky", is_flag=True, help="Only checks that were flaky.")
@SINCE_OPTION
@FORMAT_OPTION
@EMULATED_OPTION
@common_options
def command(
    names: tuple[str, ...],
    labels: tuple[str, ...],
    flaky: bool,
    since: str,
    form: str,
    emulated: bool,
) -> int:
    """Show how each check fares: pass rate, flake rate and durations, from history."""
    from runner.config.selection import selection  # noqa: PLC0415 # everything heavy
    from runner.models.clock import SystemClock  # noqa: PLC0415
    from runner.reports.history import checks_json, checks_text  # noqa: PLC0415
    from runner.reports.history.check_stats import check_stats  # noqa: PLC0415

    console, now = Console.of_process(), SystemClock().now()
    chosen = selection(names, labels)
    _, state, _ = state_of(current(), console, emulated=emulated)
    past = past_applies(state, console, chosen, since=moment(since, "--since", now))
    stats = [each for each in check_stats(past) if each.flake_rate or not flaky]
    text = (
        checks_json.render(stats)
        if form == "json"
        else checks_text.render(stats, now, console.style_for(console.out), flaky=flaky)
    )
    console.write(text.rstrip("\n"))
    return 0
