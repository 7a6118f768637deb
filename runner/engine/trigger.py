"""Starting one session: the intent is stored, the trigger sent, and a lost answer settled."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from runner.checkly.api_errors import NO_MATCHING_CHECKS
from runner.checkly.client import Flight
from runner.checkly.retry import surely_not_accepted
from runner.engine.context import Context, Job
from runner.engine.journal import Journal, Order, lookup_of
from runner.engine.lookup_groups import Turn, TwinsByLookup
from runner.engine.outcomes import not_started, without_session
from runner.engine.reconcile import search
from runner.engine.shutdown import ended
from runner.errors import ApiError, CannotRun, Interrupted, RunnerError, StateError
from runner.models.events import SessionStarted
from runner.models.outcome import InstanceOutcome
from runner.models.record import Attempt
from runner.models.request import TriggerTestSessionRequest
from runner.models.response import ListedSession, Session
from runner.models.verdict import Verdict

#: How often a trigger is sent whose session is looked for in vain each time.
SENDS = 3
#: So many of the sessions that could be the one are shown with their links.
_MAX_LINKS = 5
SETTLE_HINT = "`runner wait` looks again, and so does the next apply of it."


@dataclass(frozen=True, slots=True)
class Started:
    """A session that runs, or has run."""

    attempt: Attempt
    session: Session


async def start(
    context: Context, journal: Journal, twins: TwinsByLookup, order: Order
) -> Started | InstanceOutcome:
    """Start a session, or say why there is none."""
    job = order.job
    group = twins.of(lookup_of(order.request))
    attempt: Attempt | None = None
    # The window stays that of the first trigger: should its session appear late, beside the
    # second one's, both are seen.
    window_from = context.client.server_now()
    for _ in range(SENDS):
        async with group.turn() as turn:
            if context.stop.gently.is_set():
                return await _interrupted(journal, job, attempt)
            try:
                attempt = await journal.intend(order, window_from)
            except StateError as error:
                return not_started(job, error)
            result = await _send_and_settle(context, journal, order, attempt, turn)
            if result is not None:
                return result
    reason = f"{SENDS} times no answer came to its trigger, and no session was found each time."
    hint = "Look at Checkly's status page, then apply again."
    return await _closed(
        journal, attempt, without_session(job, Verdict.NOT_STARTED, reason, hint=hint)
    )


async def _send_and_settle(
    context: Context, journal: Journal, order: Order, attempt: Attempt, turn: Turn
) -> Started | InstanceOutcome | None:
    """Send the trigger once; ``None`` when it may be sent again."""
    job = order.job
    try:
        session = await _send(context, order.request)
    except Interrupted:
        return await _interrupted(journal, job, attempt)
    except CannotRun as error:
        if surely_not_accepted(error):
            return await _refused(journal, job, attempt, error)
        text = f"{error.message} Whether it started a session is being looked up."
        context.notice(text, job.name, is_warning=True)
        is_alone = await turn.lost()
        return await settle(context, journal, job, attempt, is_alone=is_alone)
    return await begin(context, journal, job, attempt, session)


async def settle(
    context: Context,
    journal: Journal,
    job: Job,
    attempt: Attempt,
    *,
    is_alone: bool,
    seconds: float | None = None,
) -> Started | InstanceOutcome | None:
    """What came of a trigger whose answer was lost; ``None`` when it surely started nothing.

    Args:
        context: The outside world.
        journal: Where it is noted.
        job: The instance.
        attempt: The attempt, an intent so far.
        is_alone: Whether a session that is found can only be its own.
        seconds: The settling time.
    """
    seconds = context.options.settle_seconds if seconds is None else seconds
    try:
        found = await search(context, attempt.lookup, attempt.window_from, seconds)
    except Interrupted:
        reason = "Interrupted before it was known whether its trigger started a session."
        return without_session(job, Verdict.UNKNOWN, reason, hint=SETTLE_HINT)
    except CannotRun as error:
        reason = f"Whether its trigger started a session can't be found out: {error.message}"
        return without_session(job, Verdict.UNKNOWN, reason, hint=SETTLE_HINT)
    if not found:
        return None
    if len(found) == 1 and is_alone:
        return await begin(
            context, journal, job, attempt, await _seen(context, found[0]), adopted=True
        )
    sessions = [await _seen(context, entry) for entry in found[:_MAX_LINKS]]
    shown = ", ".join(session.link or session.id for session in sessions)
    reason = f"The answer to its trigger was lost, and {len(found)} sessions could be it: {shown}."
    hint = "Look at them, then apply again. `$<run.id>` in the name makes such lookups exact."
    return await _closed(journal, attempt, without_session(job, Verdict.UNKNOWN, reason, hint=hint))


async def begin(
    context: Context,
    journal: Journal,
    job: Job,
    attempt: Attempt,
    session: Session,
    *,
    adopted: bool = False,
) -> Started:
    """Note that a session exists."""
    context.known.add(session.id)
    attempt = await journal.started(attempt, session, job.before)
    now = context.clock.now()
    context.emit(SessionStarted(now, job.name, session.id, session.link, adopted))
    return Started(attempt, session)


async def _send(context: Context, request: TriggerTestSessionRequest) -> Session:
    """Send the trigger; a signal cuts it off only while it surely is not with the server.

    Raises:
        Interrupted: It was cut off.
    """
    flight = Flight()
    sending = asyncio.ensure_future(context.client.trigger(request, flight))
    stopping = asyncio.ensure_future(context.stop.gently.wait())
    try:
        await asyncio.wait({sending, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not sending.done():
            flight.is_last = True
            if not flight.in_the_air:
                sending.cancel()
        return await sending
    except asyncio.CancelledError:
        if context.stop.gently.is_set() and not context.stop.at_once.is_set():
            raise Interrupted("Interrupted before it was started.") from None
        raise
    finally:
        stopping.cancel()
        await ended(sending)


async def _seen(context: Context, entry: ListedSession) -> Session:
    """A session of the list with its link, or as much as the list says of it."""
    with suppress(CannotRun):
        session = await context.client.session(entry.id)
        if session.id == entry.id:
            return session
    return Session(id=entry.id, name=entry.name, started_at=entry.started_at)


async def _refused(
    journal: Journal, job: Job, attempt: Attempt, error: RunnerError
) -> InstanceOutcome:
    """The outcome where the server said no, or was never reached."""
    matched_nothing = isinstance(error, ApiError) and (
        error.status == 404 or error.error_code == NO_MATCHING_CHECKS
    )
    if not matched_nothing:
        return await _closed(journal, attempt, not_started(job, error))
    reason = "No checks match its target."
    hint = "Check its tags and ids; deactivated checks need allowDeactivated."
    return await _closed(
        journal, attempt, without_session(job, Verdict.NO_MATCH, reason, hint=hint)
    )


async def _interrupted(journal: Journal, job: Job, attempt: Attempt | None) -> InstanceOutcome:
    reason = "Interrupted before it was started."
    return await _closed(journal, attempt, without_session(job, Verdict.NOT_STARTED, reason))


async def _closed(
    journal: Journal, attempt: Attempt | None, outcome: InstanceOutcome
) -> InstanceOutcome:
    """Note the outcome of an instance without a session."""
    if attempt is not None:
        await journal.finished(attempt, outcome)
    return outcome
