"""Time as an argument: what reads a clock or waits is handed one, which can cut work off."""

import asyncio
import time
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any, TypeVar

from runner.errors import Interrupted

T = TypeVar("T")


class Clock:
    """The machine's own clock; tests move others."""

    def now(self) -> datetime:
        """The wall clock, aware and in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait for ``seconds`` of ``monotonic``."""
        await asyncio.sleep(seconds)


async def unless(event: asyncio.Event, work: Coroutine[Any, Any, T]) -> T:
    """Return the result of ``work``, unless ``event`` is set first.

    Raises:
        Interrupted: It was cut off.
    """
    return await _first(work, event.wait(), Interrupted("Interrupted."), is_over=event.is_set())


async def within(clock: Clock, seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """Return the result of ``work``, unless ``seconds`` of ``clock`` are over first.

    Raises:
        TimeoutError: It was cut off.
    """
    return await _first(work, clock.sleep(seconds), TimeoutError(), is_over=seconds <= 0)


async def _first(
    work: Coroutine[Any, Any, T], end: Coroutine[Any, Any, Any], late: Exception, *, is_over: bool
) -> T:
    if is_over:
        work.close()
        end.close()
        raise late
    doing, ending = asyncio.ensure_future(work), asyncio.ensure_future(end)
    try:
        await asyncio.wait({doing, ending}, return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            return doing.result()
        raise late
    finally:
        ending.cancel()
        await ended(doing)


async def ended(task: asyncio.Future[Any]) -> None:
    """Cancel a task that is not done, and wait for it; its result was used, or is late."""
    if not task.done():
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    elif not task.cancelled():
        task.exception()  # asyncio prints what is never looked at
