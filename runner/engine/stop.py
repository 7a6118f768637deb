"""Being asked to stop: gently the first time, at once the second."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from runner.models.clock import Clock

T = TypeVar("T")

#: Signals closer together than this count as one: a terminal sends its Ctrl-C to everything in
#: the foreground, and what started the runner often passes its own on.
SAME_SECONDS = 0.1


class Stop:
    """Set by the signal handler, watched by the engine."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: float | None = None
        self.gently = asyncio.Event()
        """Start nothing more, cancel what runs, report."""
        self.at_once = asyncio.Event()
        """Leave now."""

    def signal(self) -> None:
        """Note that a signal came."""
        now = self._clock.monotonic()
        if self._last is not None and now - self._last < SAME_SECONDS:
            return
        self._last = now
        if self.gently.is_set():
            self.at_once.set()
        self.gently.set()


async def unless(event: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """The result of ``work``, or ``None`` if ``event`` is set before it is there.

    ``work`` is cancelled then; give only what may be cut off at any point.
    """
    if event.is_set():
        work.close()
        return None
    doing = asyncio.ensure_future(work)
    waiting = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait({doing, waiting}, return_when=asyncio.FIRST_COMPLETED)
        return doing.result() if doing.done() else None
    finally:
        for task in (doing, waiting):
            task.cancel()
        await asyncio.gather(doing, waiting, return_exceptions=True)


async def within(clock: Clock, seconds: float, work: Coroutine[Any, Any, T]) -> T | None:
    """The result of ``work``, or ``None`` if it takes longer than ``seconds`` of ``clock``."""
    over = asyncio.Event()

    async def end() -> None:
        await clock.sleep(max(0.0, seconds))
        over.set()

    timer = asyncio.ensure_future(end())
    try:
        return await unless(over, work)
    finally:
        timer.cancel()
        await asyncio.gather(timer, return_exceptions=True)
