"""Cancel the running sessions of an apply."""

import asyncio
from collections.abc import Callable

from runner.engine.control.context import Context
from runner.errors import CannotRun
from runner.models.events import SessionCancelling
from runner.models.record import Record


async def cancel(
    wanted: Callable[[Record], bool] | None, *, context: Context
) -> list[tuple[Record, CannotRun | None]]:
    """Cancel sessions that have not ended as far as the state knows; it writes nothing.

    ``wanted`` tells whose sessions are meant; without it, those of the owner's last apply.

    Returns:
        Each record whose session was meant, with the error if the API did not accept it.
    """
    records = (await context.state.records(brief=True)).values()
    own = (record.apply_id for record in records if record.by.user == context.owner.user)
    last = max(own, default="")

    def is_wanted(record: Record) -> bool:
        return wanted(record) if wanted else record.apply_id == last

    async def one(record: Record) -> tuple[Record, CannotRun | None]:
        context.report(SessionCancelling, record.instance, "request")
        try:
            await context.client.cancel(record.session_id or "")
        except CannotRun as error:
            return record, error
        return record, None

    open_ = (each for each in records if each.verdict is None and each.session_id)
    return await asyncio.gather(*map(one, filter(is_wanted, open_)))
