"""Find out whether a trigger whose answer was lost has started a session."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from runner.engine.control.context import Context
from runner.errors import CannotRun, Interrupted, StateError
from runner.models.clock import unless
from runner.models.record import Attempt, Lookup, Phase
from runner.models.response import ListedSession
from runner.models.verdict import Verdict

#: How much earlier than the sessions' clock says a session may begin and still be the one.
MARGIN: Final = timedelta(seconds=2)
#: How long after its trigger left a session may begin.
ACCEPTED_WITHIN: Final = timedelta(seconds=90)
#: How far the clocks of server, sessions and machines may differ before a session that fits
#: proves nothing.
DOUBT: Final = timedelta(minutes=10)
#: How far the clocks of the machines that apply may differ.
SLACK: Final = timedelta(hours=1)
#: A server's ``Date`` and this machine's clock that differ by more are both not trusted.
APART: Final = timedelta(seconds=60)
#: The moments of the looks, as parts of the settling time.
LOOKS: Final = (0.0, 0.07, 0.2, 0.5, 1.0)
#: Replaces what could not be read of a text, such as half of a character.
REPLACEMENT: Final = "\ufffd"
#: The lengths of text that the list can be searched for (contract: ``textSearch``).
_SEARCH: Final = range(3, 201)


@dataclass(frozen=True, slots=True)
class Found:
    """The sessions that fit an attempt."""

    sure: tuple[ListedSession, ...] = ()  # whose time fits as well
    unsure: tuple[ListedSession, ...] = ()  # of another time, maybe: neither adopted nor proof
    has_look_alike: bool = False  # whether a similar attempt may own one of them
    is_whole: bool = True  # whether every session could be read, so that none was missed

    @property
    def own(self) -> ListedSession | None:
        """The session that can only be the attempt's."""
        return self.sure[0] if len(self.sure) == 1 and not self.has_look_alike else None

    @property
    def all(self) -> tuple[ListedSession, ...]:
        """Every session that fits."""
        return self.sure + self.unsure


def window_from(context: Context) -> datetime:
    """Return the earliest time of a trigger's session if it is sent now, by the sessions' clock."""
    now = context.clock.now()
    if context.observed.offset is not None:
        return now + context.observed.offset
    server = context.client.server_now() or now
    return server if abs(server - now) <= APART else max(server, now)


def doubt_from(context: Context) -> datetime:
    """Return the earliest time that the session of a trigger sent now may bear by any clock."""
    now = context.clock.now()
    return min(now, context.client.server_now() or now, window_from(context)) - DOUBT


async def search(
    context: Context, attempt: Attempt, seconds: float | None = None, *, is_alone: bool
) -> Found:
    """Look for the session of an attempt, several times over ``seconds`` (the settling time).

    The first look that finds its own ends it. Where others fit as well, its own may be listed
    late, and the owners of the others may show meanwhile. ``is_alone`` tells whether a session
    that is found can only be its own.

    Raises:
        CannotRun: The list can't be read, or nothing fits in what can be read of it.
        Interrupted: A signal came early, and one last look found nothing.
    """
    seconds = context.options.settle_seconds if seconds is None else seconds
    last, interrupted = 0.0, False
    for moment in LOOKS:
        try:
            await unless(context.stop.gently, context.clock.sleep((moment - last) * seconds))
        except Interrupted:
            interrupted = True
        last = moment
        found = await _look(context, attempt, is_alone=is_alone)
        if found.own or (interrupted and found.all):
            break
        if interrupted:
            raise Interrupted("Interrupted while a session was being looked up.")
    if not found.all and not found.is_whole:
        raise CannotRun(
            "The list has entries that can't be read, and one of them may be this session."
        )
    return found


async def _look(context: Context, attempt: Attempt, *, is_alone: bool) -> Found:
    lookup = attempt.lookup
    sessions, is_whole = await _fitting(context, attempt)
    if not sessions:
        return Found(is_whole=is_whole)
    others = await _others(context, attempt)
    known = context.observed.sessions | {other.session_id for other in others}
    sessions = [session for session in sessions if session.id not in known]
    sure = tuple(session for session in sessions if _is_in_time(session, attempt))
    has_look_alike = any(_may_own(other, sure) for other in others if other.lookup == lookup)
    unsure = tuple(each for each in sessions if each not in sure)
    return Found(sure, unsure, has_look_alike or not is_alone, is_whole)


async def _fitting(context: Context, attempt: Attempt) -> tuple[list[ListedSession], bool]:
    """Return the sessions that fit in everything but time and owner, and if all could be read."""
    lookup, since = attempt.lookup, _doubt_from(attempt)
    filters: dict[str, int | str] = {}
    if attempt.apply_id in lookup.name:  # unique, so that no session of any time is another's
        since = None
        if len(attempt.apply_id) in _SEARCH:
            filters = {"textSearch": attempt.apply_id}
    elif since is not None:
        filters = {"from": int(since.timestamp())}
    same, is_whole = [], True
    async for page in context.client.sessions(**filters):
        found = [(e, _is_alike(e, lookup)) for e in page if e and not _is_before(e, since)]
        same += [entry for entry, is_alike in found if is_alike]
        is_whole &= None not in page and all(is_alike is not None for _, is_alike in found)
    if any(entry.region != lookup.run_location for entry in same):
        places = await context.client.private_locations()
        here = {place.id for place in places if place and place.slug_name == lookup.run_location}
        is_whole = is_whole and bool(here or None not in places)
        same = [e for e in same if lookup.run_location == e.region or e.private_location_id in here]
    return list({entry.id: entry for entry in same}.values()), is_whole


async def _others(context: Context, attempt: Attempt) -> list[Attempt]:
    """Return what the state knows of other attempts, as far back as it matters."""
    since = _doubt_from(attempt)
    problems: list[StateError] = []  # a document that can't be read knows no session
    past = context.state.history(since=since and since - SLACK, problems=problems)
    found = [other async for each in past for other in each.attempts]
    own = attempt.apply_id, attempt.instance
    return [other for other in found if (other.apply_id, other.instance) != own]


def _doubt_from(attempt: Attempt) -> datetime | None:
    if attempt.doubt_from is not None:
        return attempt.doubt_from
    return None if attempt.window_from is None else attempt.window_from - DOUBT


def _made_at(entry: ListedSession) -> datetime | None:
    return entry.created_at or entry.started_at


def _is_before(entry: ListedSession, since: datetime | None) -> bool:
    made = _made_at(entry)
    return made is not None and since is not None and made < since


def _is_in_time(entry: ListedSession, attempt: Attempt) -> bool:
    """Return whether a session was made while the trigger of ``attempt`` may have been sent."""
    made, first, last = _made_at(entry), attempt.window_from, attempt.window_to
    if made is None or first is None:
        return False
    return first - MARGIN <= made <= (last or made) + ACCEPTED_WITHIN


def _may_own(other: Attempt, sessions: Iterable[ListedSession]) -> bool:
    """Return whether one of ``sessions`` may belong to another attempt that knows none."""
    is_unknown = other.verdict is Verdict.UNKNOWN and other.session_id is None
    return other.phase is Phase.INTENT or (
        is_unknown and any(_is_in_time(session, other) for session in sessions)
    )


def _is_alike(entry: ListedSession, lookup: Lookup) -> bool | None:
    """Return whether all but time and owner fits; ``None`` if that can't be told.

    The server may have damaged a text, or not say where it runs. A private location is listed by
    its id, and is compared later.
    """
    texts = (
        (entry.name or "", lookup.name),
        (entry.environment or "", lookup.environment or ""),
        (entry.branch_name or "", lookup.branch_name or ""),
    )
    is_placed = bool(entry.region or entry.private_location_id)
    may_be = (
        (entry.region == lookup.run_location or bool(entry.private_location_id) or not is_placed)
        and (entry.commit_id or None) == (lookup.commit_id or None)
        and all(_fits(listed, sent) for listed, sent in texts)
    )
    is_damaged = not is_placed or any(listed != sent for listed, sent in texts)
    return None if may_be and is_damaged else may_be


def _fits(listed: str, sent: str) -> bool:
    """Return whether a text is the one that was sent, up to where the server damaged it."""
    kept, damage, _ = listed.partition(REPLACEMENT)
    return listed == sent or bool(damage and sent.startswith(kept))
