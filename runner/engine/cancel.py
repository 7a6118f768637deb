"""Cancel the running sessions of an apply."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from runner.engine.control.context import Context
from runner.errors import CannotRun
from runner.models.events import SessionCancelling
from runner.models.record import Record


@dataclass(frozen=True, slots=True)
class Cancellation:
    """The result of cancelling one session: accepted unless there is an ``error``."""

    instance: str
    session_id: str
    link: str | None
    error: CannotRun | None = None


async def cancel(
    wanted: Callable[[Record], bool] | None, *, context: Context
) -> list[Cancellation]:
    """Cancel sessions that have not ended as far as the state knows; it writes nothing.

    ``wanted`` tells whose sessions are meant; without it, those of the owner's last apply.
    """
    records = (await context.state.records(brief=True)).values()
    own = (record.apply_id for record in records if record.by.user == context.owner.user)
    last = max(own, default="")

    def is_wanted(record: Record) -> bool:
        return wanted(record) if wanted else record.apply_id == last

    async def one(record: Record) -> Cancellation:
        session_id, error = record.session_id or "", None
        context.report(SessionCancelling, record.instance, "request")
        try:
            await context.client.cancel(session_id)
        except CannotRun as refusal:
            error = refusal
        return Cancellation(record.instance, session_id, record.link, error)

    open_ = (each for each in records if each.verdict is None and each.session_id)
    return await asyncio.gather(*map(one, filter(is_wanted, open_)))
