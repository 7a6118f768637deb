"""Stop as signals ask: gently the first time, at once the second."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from runner.errors import Interrupted
from runner.models.clock import Clock

T = TypeVar("T")

#: Signals closer together than this count as one: a terminal sends its Ctrl-C to everything in
#: the foreground, and what started the runner often passes its own on.
SAME_SECONDS = 0.1


class Stop:
    """Set by the signal handler, watched by the engine.

    Attributes:
        gently: Start nothing more, cancel what runs, report.
        at_once: Leave now.
        leave_running: Do not cancel what runs: the user's answer to the first signal.
        offer: Seconds to wait for that answer; 0 where there is no keyboard.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: float | None = None
        self.gently = asyncio.Event()
        self.at_once = asyncio.Event()
        self.leave_running = asyncio.Event()
        self.offer = 0.0

    def signal(self) -> None:
        """Note a signal."""
        now = self._clock.monotonic()
        if self._last is not None and now - self._last < SAME_SECONDS:
            return
        self._last = now
        if self.gently.is_set():
            self.at_once.set()
        self.gently.set()

    async def may_cancel(self) -> bool:
        """Return whether to cancel sessions, once there was time to say no."""
        with suppress(TimeoutError):
            await within(self._clock, self.offer, self.leave_running.wait())
        return not self.leave_running.is_set()


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
