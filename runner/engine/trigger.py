"""Start one session: store the intent, send the trigger, settle a lost answer."""

from contextlib import suppress
from datetime import timedelta
from typing import Final

from runner.checkly.api_errors import NO_MATCHING_CHECKS
from runner.checkly.exchange import Flight
from runner.checkly.retry import definitely_not_accepted
from runner.engine.lookup.lookup_groups import LookupGroup, Lost
from runner.engine.lookup.reconcile import Found, search
from runner.engine.run import NOT_STARTED, Run
from runner.errors import ApiError, CannotRun, Interrupted, StateError
from runner.listing import counted, first_of
from runner.models.response import ListedSession, Session
from runner.models.verdict import Verdict

#: How often a trigger is sent at most, while no session of it is found.
SENDS: Final = 3
#: Of the sessions that could be the one, so many are shown with their links.
_MAX_LINKS: Final = 5
#: An intent that is older when its trigger leaves is stored again: where to look after a crash
#: depends on when it may have left.
_FRESH: Final = timedelta(seconds=2)
_SETTLE_HINT: Final = "`runner wait` looks again, and so does its next apply."


async def start(run: Run, group: LookupGroup) -> None:
    """Start a session; afterwards ``run`` has either a session or an outcome."""
    for number in range(1, SENDS + 1):
        async with group.turn() as lost:
            trouble = await _send_and_settle(run, lost)
            if trouble is None:
                return
            if number == SENDS:
                reason = (
                    f"The trigger was sent {SENDS} times and no matching session was found."
                    f" Last: {trouble.message}"
                )
                await run.close(Verdict.NOT_STARTED, reason, hint=trouble.hint)


async def _send_and_settle(run: Run, lost: Lost) -> CannotRun | None:
    """Send the trigger once; return what lost its answer, if it definitely started nothing."""
    if run.context.stop.gently.is_set():
        await run.close(Verdict.NOT_STARTED, NOT_STARTED)
        return None
    try:
        await run.intend()
        session = await _send(run)
    except Interrupted:
        await run.close(Verdict.NOT_STARTED, NOT_STARTED)
    except StateError as error:  # nothing was sent
        run.outcome = run.not_started(error)
    except CannotRun as error:
        if not definitely_not_accepted(error):
            text = f"{error.message} Looking up whether it started a session."
            run.context.notice(text, run.name, is_warning=True)
            return None if await settle(run, is_alone=await lost()) else error
        await _refused(run, error)
    else:
        await run.begin(session)
    return None


async def settle(run: Run, *, is_alone: bool, seconds: float | None = None) -> bool:
    """Find out the result of a trigger whose answer was lost.

    ``is_alone`` tells whether a session that is found can only be its own.

    Returns:
        ``False`` when it definitely started nothing; otherwise ``run`` has a session or an outcome.
    """
    try:
        found = await search(run.context, run.attempt, seconds, is_alone=is_alone)
    except Interrupted:
        reason = "Interrupted before it was known whether its trigger started a session."
        run.outcome = run.outcome_as(Verdict.UNKNOWN, reason, hint=_SETTLE_HINT)
    except CannotRun as error:
        reason = f"It is unknown whether its trigger started a session: {error.message}"
        run.outcome = run.outcome_as(Verdict.UNKNOWN, reason, hint=_SETTLE_HINT)
    else:
        if found.own:
            await run.begin(await _seen(run, found.own), adopted=True)
        elif found.all:
            await _ambiguous(run, found)
        return bool(found.all)
    return True


async def _ambiguous(run: Run, found: Found) -> None:
    sessions = [await _seen(run, entry) for entry in found.all[:_MAX_LINKS]]
    links = [session.link or session.id for session in sessions]
    shown = first_of(links + [entry.id for entry in found.all[_MAX_LINKS:]], _MAX_LINKS)
    if not found.sure:
        what = f"{counted(len(found.all), 'session')} of another time could be it"
    elif len(found.all) > 1:
        what = f"{len(found.all)} sessions could be it"
    else:
        what = "a session that could be it may belong to another start"
    await run.close(
        Verdict.UNKNOWN,
        f"The answer to its trigger was lost, and {what}: {shown}.",
        hint="Check them, then apply again. `$<run.id>` in the name makes such lookups exact.",
    )


async def _send(run: Run) -> Session:
    """Send the trigger; a signal cuts it off only while it is definitely not with the server.

    Raises:
        Interrupted: It was cut off.
        StateError: The intent can't be stored, or the lock was lost; nothing was sent.
    """
    assert run.request is not None  # noqa: S101 # it is to be started
    context, locks = run.context, run.journal.locks

    async def before_send() -> None:
        if context.clock.now() - run.attempt.intent_at > _FRESH:
            await run.intend()
        locks.fence(run.name, locks.sure_seconds)

    flight = Flight(locks.sure_seconds, before_send, context.stop.gently)
    session = await context.client.trigger(run.request, flight)
    context.observed.start(session, context.clock.now())
    return session


async def _seen(run: Run, entry: ListedSession) -> Session:
    """Return a session of the list with its link, or as much as the list says of it."""
    with suppress(CannotRun):
        session = await run.context.client.session(entry.id)
        if session.id == entry.id:
            return session
    return Session(id=entry.id, name=entry.name, started_at=entry.started_at)


async def _refused(run: Run, error: CannotRun) -> None:
    """Finish it: the server said no, or was never reached."""
    if not (isinstance(error, ApiError) and error.error_code == NO_MATCHING_CHECKS):
        await run.finish(run.not_started(error))
    elif run.matching:
        reason = f"{error.message} But {counted(run.matching, 'check')} of the account match it."
        await run.close(Verdict.NOT_STARTED, reason, hint="Plan again, then apply.")
    else:
        hint = "Check its tags and ids; deactivated checks need allowDeactivated."
        reason = f"No checks match its target: {error.message}"
        await run.close(Verdict.NO_MATCH, reason, hint=hint)
