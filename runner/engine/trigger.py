"""Start one session: store the intent, send the trigger, settle a lost answer."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from functools import partial

from runner.checkly.api_errors import NO_MATCHING_CHECKS
from runner.checkly.exchange import Flight
from runner.checkly.retry import surely_not_accepted
from runner.engine.control.shutdown import ended
from runner.engine.lookup.lookup_groups import LookupGroups, Turn
from runner.engine.lookup.reconcile import Found, search
from runner.engine.run import Run
from runner.errors import ApiError, CannotRun, Interrupted, RunnerError, StateError
from runner.listing import counted
from runner.models.response import ListedSession, Session
from runner.models.verdict import Verdict

#: How often a trigger is sent at most, while no session of it is found.
SENDS = 3
#: So many of the sessions that could be the one are shown with their links.
_MAX_LINKS = 5
#: An intent that is older when its trigger leaves is stored again: what is looked for after a
#: crash depends on when it may have left.
_FRESH = timedelta(seconds=2)
SETTLE_HINT = "`runner wait` looks again, and so does the next apply of it."


async def start(run: Run, groups: LookupGroups) -> None:
    """Start a session; afterwards ``run`` has either a session or an outcome."""
    group = groups.of(run.attempt.lookup)
    for number in range(SENDS):
        async with group.turn() as turn:
            if run.context.stop.gently.is_set():
                await _interrupted(run)
                return
            try:
                await run.intend()
            except StateError as error:
                run.outcome = run.not_started(error)
                return
            trouble = await _send_and_settle(run, turn)
            if trouble is None:
                return
            if number == SENDS - 1:
                reason = (
                    f"The trigger was sent {SENDS} times and no matching session was found."
                    f" Last: {trouble.message}"
                )
                await run.close(Verdict.NOT_STARTED, reason, hint=trouble.hint)


async def _send_and_settle(run: Run, turn: Turn) -> CannotRun | None:
    """Send the trigger once; the error is what lost its answer, if it surely started nothing."""
    try:
        session = await _send(run)
    except Interrupted:
        await _interrupted(run)
    except StateError as error:  # the lock was lost before it was sent
        run.outcome = run.not_started(error)
    except CannotRun as error:
        if not surely_not_accepted(error):
            text = f"{error.message} Looking up whether it started a session."
            run.context.notice(text, run.name, is_warning=True)
            settled = await settle(run, is_alone=await turn.lost())
            return None if settled else error
        await _refused(run, error)
    else:
        await run.begin(session)
    return None


async def settle(run: Run, *, is_alone: bool, seconds: float | None = None) -> bool:
    """Find out what came of a trigger whose answer was lost.

    Args:
        run: The instance, whose attempt is an intent so far.
        is_alone: Whether a session that is found can only be its own.
        seconds: The settling time.

    Returns:
        ``False`` when it surely started nothing; otherwise ``run`` has a session or an outcome.
    """
    context = run.context
    seconds = context.options.settle_seconds if seconds is None else seconds
    try:
        found = await search(context, run.attempt, seconds, is_alone=is_alone)
    except Interrupted:
        reason = "Interrupted before it was known whether its trigger started a session."
        run.outcome = run.without_session(Verdict.UNKNOWN, reason, hint=SETTLE_HINT)
    except CannotRun as error:
        reason = f"Whether its trigger started a session can't be found out: {error.message}"
        run.outcome = run.without_session(Verdict.UNKNOWN, reason, hint=SETTLE_HINT)
    else:
        if found.own:
            await run.begin(await _seen(run, found.own), adopted=True)
        elif found.all:
            await _ambiguous(run, found)
        return bool(found.all)
    return True


async def _ambiguous(run: Run, found: Found) -> None:
    fitting = found.sure or found.unsure
    sessions = [await _seen(run, entry) for entry in fitting[:_MAX_LINKS]]
    shown = ", ".join(session.link or session.id for session in sessions)
    if not found.sure:
        what = f"{counted(len(fitting), 'session')} of another time could be it"
    elif len(fitting) > 1:
        what = f"{len(fitting)} sessions could be it"
    else:
        what = "a session that could be it could be that of another start as well"
    await run.close(
        Verdict.UNKNOWN,
        f"The answer to its trigger was lost, and {what}: {shown}.",
        hint="Look at them, then apply again. `$<run.id>` in the name makes such lookups exact.",
    )


async def _before_send(run: Run) -> None:
    """Store the intent again where its trigger was held up, and make sure of the lock.

    Raises:
        StateError: It can't be stored, or the lock was lost; so nothing may be sent.
    """
    if run.context.clock.now() - run.attempt.intent_at > _FRESH:
        await run.intend()
    locks = run.journal.locks
    locks.fence(run.name, locks.sure_seconds)


async def _send(run: Run) -> Session:
    """Send the trigger; a signal cuts it off only while it surely is not with the server.

    Raises:
        Interrupted: It was cut off.
    """
    assert run.request is not None  # noqa: S101 # it is to be started
    context, flight = (
        run.context,
        Flight(
            answer_seconds=run.journal.locks.sure_seconds, before_send=partial(_before_send, run)
        ),
    )
    sending = asyncio.ensure_future(context.client.trigger(run.request, flight))
    stopping = asyncio.ensure_future(context.stop.gently.wait())
    try:
        await asyncio.wait({sending, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not sending.done():
            flight.is_last = True
            if not flight.in_the_air:
                sending.cancel()
        session = await sending
    except asyncio.CancelledError:
        if context.stop.gently.is_set() and not context.stop.at_once.is_set():
            raise Interrupted("Interrupted before it was started.") from None
        raise
    else:
        context.learnt.start(session, context.clock.now())
        return session
    finally:
        stopping.cancel()
        await ended(sending)


async def _seen(run: Run, entry: ListedSession) -> Session:
    """A session of the list with its link, or as much as the list says of it."""
    with suppress(CannotRun):
        session = await run.context.client.session(entry.id)
        if session.id == entry.id:
            return session
    return Session(id=entry.id, name=entry.name, started_at=entry.started_at)


async def _refused(run: Run, error: RunnerError) -> None:
    """The server said no, or was never reached."""
    if not (isinstance(error, ApiError) and error.error_code == NO_MATCHING_CHECKS):
        await run.finish(run.not_started(error))
    elif run.matching:
        reason = f"{error.message} But {counted(run.matching, 'check')} of the account match it."
        await run.close(Verdict.NOT_STARTED, reason, hint="Plan again, then apply.")
    else:
        hint = "Check its tags and ids; deactivated checks need allowDeactivated."
        reason = f"No checks match its target: {error.message}"
        await run.close(Verdict.NO_MATCH, reason, hint=hint)


async def _interrupted(run: Run) -> None:
    await run.close(Verdict.NOT_STARTED, "Interrupted before it was started.")
