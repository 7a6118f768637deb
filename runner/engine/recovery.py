"""Attempts that earlier applies left behind: settled, or caught up with, the same way."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from pydantic import ValidationError

from runner.engine.context import Context, Job
from runner.engine.journal import Journal
from runner.engine.outcomes import of_session, without_session
from runner.engine.trigger import Started, settle
from runner.engine.verdicts import is_over
from runner.errors import CannotRun
from runner.models.outcome import InstanceOutcome
from runner.models.record import Attempt, Phase, Record
from runner.models.response import Session
from runner.models.settings import Settings
from runner.models.verdict import Verdict

#: Seconds over which the looks for an old intent are spread, however old it is.
LEAST_SETTLE_SECONDS = 1.5


def job_of(attempt: Attempt, record: Record | None) -> Job:
    """The instance of an attempt, from the state alone.

    Its last apply is only known where the record is still its own: it keeps the checks of the
    one before, if there was one, until the attempt has an outcome.
    """
    is_own = record is not None and record.apply_id == attempt.apply_id and bool(record.checks)
    try:
        settings = Settings.model_validate(attempt.settings)
    except ValidationError:  # a later release wrote it; its gates are not known here
        settings = Settings()
    return Job(
        name=attempt.instance,
        profile=attempt.profile,
        settings=settings,
        run_location=attempt.lookup.run_location,
        before=record if is_own else None,
    )


async def settle_all(
    context: Context, journal: Journal, left: Sequence[Attempt], records: dict[str, Record]
) -> list[Started | InstanceOutcome]:
    """Find out of each intent whether it started a session; in the order of ``left``."""
    same = Counter(attempt.lookup.model_dump_json() for attempt in left)

    async def one(attempt: Attempt) -> Started | InstanceOutcome:
        job = job_of(attempt, records.get(attempt.instance))
        is_alone = same[attempt.lookup.model_dump_json()] == 1
        seconds = _still_to_settle(context, attempt)
        settled = await settle(context, journal, job, attempt, is_alone=is_alone, seconds=seconds)
        if settled is not None:
            return settled
        reason = "Its apply was cut off before its trigger reached Checkly."
        outcome = without_session(job, Verdict.NOT_STARTED, reason, hint="Apply it again.")
        await journal.finished(attempt, outcome)
        return outcome

    return await asyncio.gather(*map(one, left))


async def leave_nothing_behind(
    context: Context, journal: Journal, left: Sequence[Attempt], records: dict[str, Record]
) -> None:
    """Before new sessions start: settle the intents, and note what ended meanwhile.

    Raises:
        CannotRun: What became of an intent can't be found out, so nothing new may be sent.
    """
    intents = [attempt for attempt in left if attempt.phase is Phase.INTENT]
    for attempt, settled in zip(
        intents, await settle_all(context, journal, intents, records), strict=True
    ):
        text = f"The apply {attempt.apply_id} was cut off while it started {attempt.instance}"
        if isinstance(settled, Started):
            context.notice(f"{text}; its session {settled.session.link} was found.")
        elif settled.verdict is Verdict.UNKNOWN and settled.session_id is None:
            if not await _is_closed(context, attempt):
                raise CannotRun(f"{text}. {settled.reason}", hint=settled.hint)
            context.notice(f"{text}. {settled.reason}", is_warning=True)
    running = [attempt for attempt in left if attempt.phase is Phase.STARTED]
    await asyncio.gather(*(_catch_up(context, journal, each, records) for each in running))


async def _is_closed(context: Context, attempt: Attempt) -> bool:
    """Whether an attempt has its outcome, even if that is that nobody can tell."""
    now = await context.state.attempt(attempt.apply_id, attempt.instance)
    return now is not None and now.phase is Phase.FINISHED


async def _catch_up(
    context: Context, journal: Journal, attempt: Attempt, records: dict[str, Record]
) -> None:
    """Note the outcome of a session that nobody followed, if it has one by now."""
    assert attempt.session_id is not None  # noqa: S101 # it has started
    with suppress(CannotRun):
        session = await context.client.session(attempt.session_id)
        if is_over(session):
            job = job_of(attempt, records.get(attempt.instance))
            await journal.finished(attempt, of_session(context, job, attempt, session))


def started_of(attempt: Attempt) -> Started:
    """The session of an attempt as it was stored."""
    assert attempt.session_id is not None  # noqa: S101 # it has started
    session = Session(id=attempt.session_id, link=attempt.link or "", started_at=attempt.started_at)
    return Started(attempt, session)


def elapsed(context: Context, attempt: Attempt) -> float:
    """Seconds since the session of an attempt started.

    By the server's clock, but never more than by this machine's since the intent: a start that
    the server puts into the far past must not end a session at once.
    """
    now = context.clock.now()
    by_us = now - attempt.intent_at
    by_server = (context.client.server_now() or now) - (attempt.started_at or attempt.intent_at)
    return max(0.0, min(by_server, by_us).total_seconds())


def _still_to_settle(context: Context, attempt: Attempt) -> float:
    now = context.client.server_now() or context.clock.now()
    age = now - (attempt.window_from or attempt.intent_at)
    left = timedelta(seconds=context.options.settle_seconds) - age
    least = min(LEAST_SETTLE_SECONDS, context.options.settle_seconds)
    return min(max(left.total_seconds(), least), context.options.settle_seconds)
