"""Cancelling the sessions that still run of an apply."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from runner.checkly.client import Checkly
from runner.errors import CannotRun
from runner.models.clock import Clock
from runner.models.events import Emit, SessionCancelling
from runner.models.record import Initiator, Record
from runner.state.state import State


@dataclass(frozen=True, slots=True)
class Cancellation:
    """What came of cancelling one session: accepted where there is no ``error``."""

    instance: str
    session_id: str
    link: str | None
    error: CannotRun | None = None


async def cancel(
    wanted: Callable[[Record], bool] | None,
    *,
    client: Checkly,
    state: State,
    clock: Clock,
    emit: Emit,
    owner: Initiator,
) -> list[Cancellation]:
    """Cancel sessions that have not ended as far as the state knows; it writes nothing.

    The API accepts a cancellation for any session but acts on its Playwright runs only.

    Args:
        wanted: Says which records' sessions are meant; ``None`` means those of the owner's own
            last apply.
        client: The API.
        state: Where the sessions are.
        clock: Tells the time.
        emit: Is told of each cancellation.
        owner: Who cancels.

    Raises:
        StateError: The state can't be read.
    """
    records = await state.records()
    if wanted is None:
        wanted = _of_last_apply(list(records.values()), owner)
    open_ = [r for r in records.values() if r.verdict is None and r.session_id and wanted(r)]

    async def one(record: Record) -> Cancellation:
        session_id = record.session_id or ""
        emit(SessionCancelling(clock.now(), record.instance, "request"))
        try:
            await client.cancel(session_id)
        except CannotRun as error:
            return Cancellation(record.instance, session_id, record.link, error)
        return Cancellation(record.instance, session_id, record.link)

    return await asyncio.gather(*map(one, open_))


def _of_last_apply(records: list[Record], owner: Initiator) -> Callable[[Record], bool]:
    own = [record.apply_id for record in records if record.by.user == owner.user]
    last = max(own, default="")
    return lambda record: record.apply_id == last
