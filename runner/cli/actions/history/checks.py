"""``runner checks``."""

from runner.cli.options.common import Common
from runner.cli.services.composition import Composition
from runner.cli.services.past import past_applies
from runner.cli.services.state import moment
from runner.config.selection import selection
from runner.models.clock import SystemClock
from runner.reports.history import checks_json, checks_text
from runner.reports.history.check_stats import check_stats


def checks(
    common: Common,
    *,
    names: tuple[str, ...],
    labels: tuple[str, ...],
    flaky: bool,
    since: str,
    form: str,
) -> None:
    """Print how each check fared."""
    console, now = common.console, SystemClock().now()
    chosen = selection(names, labels)
    parts = Composition(common, at_rest=True)
    past = past_applies(parts, chosen, since=moment(since, "--since", now))
    stats = [each for each in check_stats(past) if each.flake_rate or not flaky]
    if form == "json":
        console.write(checks_json.render(stats))
    else:
        style = console.style_for(console.out)
        console.write(checks_text.render(stats, now, style, flaky=flaky))
