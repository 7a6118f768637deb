"""``runner history``."""

from itertools import chain, islice
from typing import TYPE_CHECKING

import click

from runner.cli.console import Console
from runner.cli.options.common import common_options, current
from runner.cli.options.selection import LABEL_OPTION, PROFILE_ARGUMENT
from runner.cli.services.aio import run_async
from runner.cli.services.past import UNSHOWN, is_of, past_applies
from runner.cli.services.state import (
    EMULATED_OPTION,
    FORMAT_OPTION,
    hint_at_emulator,
    moment,
    state_of,
    unknown_anywhere,
)

if TYPE_CHECKING:
    from runner.cli.services.configuration import Reading
    from runner.config.selection import Selection
    from runner.errors import UsageError
    from runner.models.record import Attempt
    from runner.state.state import State

#: ``runner.models.verdict.Verdict``, whose import costs more than this list.
VERDICTS = (
    "unknown",
    "not started",
    "timed out",
    "failed",
    "no match",
    "degraded",
    "flaky",
    "passed",
    "cancelled",
    "skipped",
    "running",
)


@click.command()
@PROFILE_ARGUMENT
@LABEL_OPTION
@click.option(
    "--verdict",
    "verdicts",
    multiple=True,
    type=click.Choice(VERDICTS),
    metavar="VERDICT",
    help=f"Only such attempts: {', '.join(VERDICTS)}.",
)
@click.option("--since", metavar="WHEN", help="Only from then on: 7d, 12h or 2026-08-01.")
@click.option("--until", metavar="WHEN", help="Only before then.")
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(min=1),
    default=20,
    metavar="N",
    show_default=True,
    help="The most applies to show.",
)
@FORMAT_OPTION
@EMULATED_OPTION
@common_options
def command(
    names: tuple[str, ...],
    labels: tuple[str, ...],
    verdicts: tuple[str, ...],
    since: str | None,
    until: str | None,
    limit: int,
    form: str,
    emulated: bool,
) -> int:
    """List past applies, newest first, with their pass rate and durations."""
    from runner.config.selection import selection  # noqa: PLC0415 # everything heavy
    from runner.models.clock import SystemClock  # noqa: PLC0415
    from runner.reports.history import history_json, history_text  # noqa: PLC0415
    from runner.reports.history.trend import verdict_of  # noqa: PLC0415

    console, now = Console.of_process(), SystemClock().now()
    first = moment(since, "--since", now) if since else None
    last = moment(until, "--until", now) if until else None
    chosen = selection(names, labels)
    reading, state, _ = state_of(current(), console, emulated=emulated)
    unknown = _unknown(chosen, reading, state)

    def wanted(attempt: "Attempt") -> bool:
        for part in [part for part in unknown if is_of(part, attempt)]:
            del unknown[part]
        return (
            is_of(chosen, attempt)
            and (not verdicts or verdict_of(attempt) in verdicts)
            and (first is None or attempt.intent_at >= first)
            and (last is None or attempt.intent_at < last)
        )

    past = past_applies(
        state,
        console,
        chosen,
        since=None if unknown else first,
        is_enough=lambda number: number >= limit and not unknown,
        wanted=wanted,
        without={*UNSHOWN, "checks"},
    )
    if unknown:  # nothing is shown before it is sure that all of it was applied once
        newest = [each for number, each in enumerate(past) if number < limit]
        for error in unknown.values():
            raise error
        past = iter(newest)
    shown = list(islice(past, 1))
    found, style = chain(shown, past), console.style_for(console.out)
    texts = history_json.render(found) if form == "json" else history_text.render(found, style)
    for text in texts:
        console.write(text)
    if not shown:
        hint_at_emulator(current(), console, reading, state, emulated=emulated)
    return 0


def _unknown(
    chosen: "Selection", reading: "Reading", state: "State"
) -> "dict[Selection, UsageError]":
    """The parts of a selection that neither the file nor a record knows, with their errors."""
    if not chosen.names and not chosen.labels:
        return {}
    unknown: dict[Selection, UsageError] = {}
    reading.configuration.compile(chosen, with_needs=False, unknown=unknown)
    records = run_async(state.records(brief=True, problems=[])) if unknown else {}
    return {
        part: unknown_anywhere(error, part.names[0], records) if part.names else error
        for part, error in unknown.items()
        if not part.names
        or not any(part.has_instance(each.profile, name) for name, each in records.items())
    }
