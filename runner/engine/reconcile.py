"""Finding out whether a trigger whose answer was lost has started a session."""

from datetime import datetime, timedelta

from runner.engine.context import Context
from runner.engine.shutdown import unless
from runner.errors import Interrupted, StateError
from runner.models.record import Lookup
from runner.models.response import ListedSession

#: How much earlier than the server's own clock a session may say that it was made.
MARGIN = timedelta(seconds=2)
#: How far the clocks of the machines that apply may be apart.
SLACK = timedelta(hours=1)
#: The moments of the looks, as parts of the settling time.
LOOKS = (0.0, 0.07, 0.2, 0.5, 1.0)


async def search(
    context: Context, lookup: Lookup, window_from: datetime | None, seconds: float
) -> tuple[ListedSession, ...]:
    """Look for the session, several times over ``seconds``; the first look that finds ends it.

    Raises:
        CannotRun: The list can't be read, so nothing is known.
        Interrupted: A signal came before the settling time was over; one last look found nothing.
    """
    known = context.known | await _known_to_state(context, window_from)
    last = 0.0
    for moment in LOOKS:
        interrupted = False
        try:
            await unless(context.stop.gently, context.clock.sleep((moment - last) * seconds))
        except Interrupted:
            interrupted = True
        last = moment
        matches = await _look(context, lookup, window_from, known)
        if matches:
            return matches
        if interrupted:
            raise Interrupted("Interrupted while a session was being looked up.")
    return ()


async def _known_to_state(context: Context, window_from: datetime | None) -> set[str]:
    """The sessions that the state says belong to somebody, as far back as it matters."""
    since = None if window_from is None else window_from - SLACK
    problems: list[StateError] = []  # a document that can't be read knows no session
    past = context.state.history(since=since, problems=problems)
    attempts = [attempt async for each in past for attempt in each.attempts]
    return {attempt.session_id for attempt in attempts if attempt.session_id}


async def _look(
    context: Context, lookup: Lookup, window_from: datetime | None, known: set[str]
) -> tuple[ListedSession, ...]:
    """All sessions in the window that match exactly and belong to nobody."""
    since = {} if window_from is None else {"from": int((window_from - MARGIN).timestamp())}
    same = [
        entry
        async for page in context.client.sessions(**since)
        for entry in page
        if entry.id and entry.id not in known and _is_in(entry, window_from)
        if _matches(entry, lookup)
    ]
    if any(entry.region != lookup.run_location for entry in same):
        here = await _private_location(context, lookup.run_location)
        same = [e for e in same if lookup.run_location == e.region or e.private_location_id == here]
    return tuple({entry.id: entry for entry in same}.values())


def _is_in(entry: ListedSession, window_from: datetime | None) -> bool:
    made = entry.created_at or entry.started_at
    return made is None or window_from is None or made >= window_from - MARGIN


def _matches(entry: ListedSession, lookup: Lookup) -> bool:
    """Whether everything fits but for a private location, which is listed by its id."""
    return (
        entry.name == lookup.name
        and (entry.region == lookup.run_location or entry.private_location_id is not None)
        and (entry.environment or None) == lookup.environment
        and (entry.commit_id or None) == (lookup.commit_id or None)
        and (entry.branch_name or None) == (lookup.branch_name or None)
    )


async def _private_location(context: Context, slug: str) -> str:
    """The id of a private location; empty where the account has none of that name."""
    for location in await context.client.private_locations():
        if location.slug_name == slug:
            return location.id
    return ""
