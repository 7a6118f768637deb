"""``runner history``."""

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import click

from runner.cli.console import Console
from runner.cli.options.common import common_options, current
from runner.cli.options.selection import LABEL_OPTION, PROFILE_ARGUMENT
from runner.cli.services.aio import run_async
from runner.cli.services.past import is_of
from runner.cli.services.state import (
    EMULATED_OPTION,
    FORMAT_OPTION,
    hint_at_emulator,
    moment,
    state_of,
    unknown_anywhere,
    warn,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.cli.services.configuration import Reading
    from runner.config.selection import Selection
    from runner.errors import StateError, UsageError
    from runner.models.history import PastApply
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

    console, now = Console.of_process(), SystemClock().now()
    first = moment(since, "--since", now) if since else None
    last = moment(until, "--until", now) if until else None
    chosen = selection(names, labels)
    wanted = _filter(chosen, verdicts, first, last)
    reading, state, _ = state_of(current(), console, emulated=emulated)
    problems: list[StateError] = []
    found = run_async(_read(state, wanted, first, limit, problems))
    warn(problems, console)
    is_filtered = bool(labels or verdicts or first or last or len(found) == limit)
    run_async(_refuse_unknown(chosen, found, reading, state, is_whole=not is_filtered))
    text = (
        history_json.render(found)
        if form == "json"
        else history_text.render(found, console.style_for(console.out))
    )
    console.write(text.rstrip("\n"))
    if not found:
        hint_at_emulator(current(), console, reading, state, emulated=emulated)
    return 0


async def _read(
    state: "State",
    wanted: "Callable[[Attempt], bool]",
    since: datetime | None,
    limit: int,
    problems: "list[StateError]",
) -> "list[PastApply]":
    found = []
    async for past in state.history(wanted=wanted, since=since, problems=problems):
        found.append(past)
        if len(found) == limit:
            break
    return found


async def _refuse_unknown(
    chosen: "Selection",
    found: "list[PastApply]",
    reading: "Reading",
    state: "State",
    *,
    is_whole: bool,
) -> None:
    """Refuse what matches nothing, neither in the file nor in all that was ever applied.

    Args:
        chosen: What was asked for.
        found: What was found of it.
        reading: The file.
        state: The state.
        is_whole: Whether ``found`` is all there is, so that no other look is needed.

    Raises:
        UsageError: A name or the labels do.
    """
    from runner.config.selection import Selection  # noqa: PLC0415

    parts = [Selection((name,)) for name in chosen.names]
    parts += [Selection((), chosen.labels)] if chosen.labels else []
    attempts = [attempt for past in found for attempt in past.attempts]
    if all(any(is_of(part, attempt) for attempt in attempts) for part in parts):
        return
    unknown: dict[Selection, UsageError] = {}
    reading.configuration.compile(chosen, with_needs=False, unknown=unknown)
    for part, error in unknown.items():
        past = state.history(wanted=partial(is_of, part), problems=[])
        is_known = any(is_of(part, attempt) for attempt in attempts)
        if not is_known and (is_whole or await anext(past, None) is None):
            records = await state.records(brief=True, problems=[])
            raise unknown_anywhere(error, part.names[0], records) if part.names else error


def _filter(
    chosen: "Selection",
    verdicts: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
) -> "Callable[[Attempt], bool]":
    """A filter for the attempts that are wanted; their profiles may have left the file."""
    from runner.reports.history.trend import verdict_of  # noqa: PLC0415

    def wanted(attempt: "Attempt") -> bool:
        return (
            is_of(chosen, attempt)
            and (not verdicts or verdict_of(attempt) in verdicts)
            and (since is None or attempt.intent_at >= since)
            and (until is None or attempt.intent_at < until)
        )

    return wanted
