"""``runner history``."""

from itertools import chain, islice

from runner.cli.options.common import Common
from runner.cli.services.aio import run_async
from runner.cli.services.composition import Composition
from runner.cli.services.past import UNSHOWN, is_of, past_applies
from runner.cli.services.state import hint_at_emulator, moment, unknown_parts
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
    chosen = common.selection
    parts = Composition(common, at_rest=True)
    is_narrowed = bool(chosen.names or chosen.labels)
    unknown = run_async(unknown_parts(chosen, parts, [])) if is_narrowed else {}

    def wanted(attempt: Attempt) -> bool:
        for part in [part for part in unknown if is_of(part, attempt)]:
            del unknown[part]
        return (
            is_of(chosen, attempt)
            and (not verdicts or verdict_of(attempt) in verdicts)
            and (first is None or attempt.intent_at >= first)
            and (last is None or attempt.intent_at < last)
        )

    past = past_applies(
        parts,
        chosen,
        since=None if unknown else first,
        is_enough=lambda number: number >= limit and not unknown,
        wanted=wanted,
        without={*UNSHOWN, "checks"},
    )
    if unknown:  # show nothing until each name has turned up
        newest = [each for number, each in enumerate(past) if number < limit]
        for error in unknown.values():
            raise error
        past = iter(newest)
    shown = list(islice(past, 1))
    found, style = chain(shown, past), console.style_for(console.out)
    for part in [json_.history(found)] if form == "json" else text.history(found, style):
        console.write(part)
    if not shown:
        hint_at_emulator(parts)
