"""Cancel the sessions that still run of an apply."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from runner.engine.control.context import Context
from runner.errors import CannotRun
from runner.models.events import SessionCancelling
from runner.models.record import Initiator, Record


@dataclass(frozen=True, slots=True)
class Cancellation:
    """The result of cancelling one session: accepted where there is no ``error``."""

    instance: str
    session_id: str
    link: str | None
    error: CannotRun | None = None


async def cancel(
    wanted: Callable[[Record], bool] | None, *, context: Context
) -> list[Cancellation]:
    """Cancel sessions that have not ended as far as the state knows; it writes nothing.

    The API accepts a cancellation for any session, and acts on Playwright and agentic checks.

    Args:
        wanted: Says which records' sessions are meant; ``None`` means those of the owner's own
            last apply.
        context: The outside world.

    Raises:
        StateError: The state can't be read.
    """
    records = await context.state.records()
    if wanted is None:
        wanted = _of_last_apply(list(records.values()), context.owner)
    open_ = [r for r in records.values() if r.verdict is None and r.session_id and wanted(r)]

    async def one(record: Record) -> Cancellation:
        session_id = record.session_id or ""
        now = context.clock.now()
        context.emit(SessionCancelling(now, record.instance, "request"))
        try:
            await context.client.cancel(session_id)
        except CannotRun as error:
            return Cancellation(record.instance, session_id, record.link, error)
        return Cancellation(record.instance, session_id, record.link)

    return await asyncio.gather(*map(one, open_))


def _of_last_apply(records: list[Record], owner: Initiator) -> Callable[[Record], bool]:
    own = [record.apply_id for record in records if record.by.user == owner.user]
    last = max(own, default="")
    return lambda record: record.apply_id == last
