"""``runner history``."""

from itertools import chain, islice

from runner.cli.options.common import Common
from runner.cli.services.composition import Composition
from runner.cli.services.past import UNSHOWN, past_applies
from runner.cli.services.state import hint_at_emulator, moment
from runner.models.clock import Clock
from runner.models.record import Attempt
from runner.reports.history import json_, text
from runner.reports.history.trend import verdict_of


def history(
    common: Common,
    *,
    verdicts: tuple[str, ...],
    since: str | None,
    until: str | None,
    limit: int,
    form: str,
) -> None:
    """Print past applies, newest first."""
    console, now = common.console, Clock().now()
    first = moment(since, "--since", now) if since else None
    last = moment(until, "--until", now) if until else None
    parts = Composition(common, at_rest=True)

    def wanted(attempt: Attempt) -> bool:
        return (not verdicts or verdict_of(attempt) in verdicts) and (
            last is None or attempt.intent_at < last
        )

    past = past_applies(
        parts,
        common.selection,
        since=first,
        limit=limit,
        wanted=wanted,
        without={*UNSHOWN, "checks"},
    )
    shown = list(islice(past, 1))
    found, style = chain(shown, past), console.style_for(console.out)
    for part in [json_.history(found)] if form == "json" else text.history(found, style):
        console.write(part)
    if not shown:
        hint_at_emulator(parts)
