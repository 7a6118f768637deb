"""Take part in the limit that the jobs of an account share."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from runner.checkly.limiter import Limiter
from runner.errors import StateError
from runner.models.clock import Clock
from runner.models.events import Emit, Notice
from runner.models.record import Initiator
from runner.state.limits import LOOK_SECONDS, AccountLimit
from runner.state.state import State

#: A job that sends fewer requests a minute takes no part.
FREE = 30
_LEAVE_SECONDS = 2.0


@asynccontextmanager
async def shared_limit(
    limiter: Limiter, state: State, owner: Initiator, clock: Clock, emit: Emit
) -> AsyncIterator[None]:
    """Keep ``limiter`` to its share of the account's limit, as soon as it sends more than a few."""
    part = state.account_limit(limiter, owner)
    limiter.share = min(FREE, limiter.requests_per_minute)
    with suppress(StateError):  # whatever needs the state will report it
        if not await part.has_room(limiter.share):
            limiter.share = 0
            text = "Other jobs are using the account's request limit: waiting for a share of it."
            emit(Notice(clock.now(), text))
    sharing = asyncio.create_task(_share(limiter, part, clock))
    try:
        yield
    finally:
        sharing.cancel()
        await asyncio.gather(sharing, return_exceptions=True)
        if part.has_joined:
            with suppress(StateError, TimeoutError):
                await asyncio.wait_for(part.leave(), _LEAVE_SECONDS)


async def _share(limiter: Limiter, part: AccountLimit, clock: Clock) -> None:
    await limiter.hungry.wait()
    while True:
        is_hungry = limiter.hungry.is_set()
        limiter.hungry.clear()
        with suppress(StateError):  # tried again at the next look
            await part.look(is_hungry=is_hungry)
        if not part.has_joined:  # without the store nothing is known of others
            limiter.share = limiter.requests_per_minute
        await clock.sleep(LOOK_SECONDS)
