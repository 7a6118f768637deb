"""The emulator's time: real, faster, standing still, or jumping to what is waited for next."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Clock:
    """Tells the emulator's time and lets requests wait for it.

    Args:
        scale: Seconds of the emulator's time in one real second; 0 stops time.
        jump: Whether time jumps to the next awaited moment when every client is waiting.
        quiet: Real seconds in which nothing may happen before time jumps; enough for a client to
            send its next request.
        monotonic: The real time that passes, in seconds.
        start: The emulator's first moment, as Unix time; now, when left out.
    """

    def __init__(
        self,
        *,
        scale: float = 1.0,
        jump: bool = False,
        quiet: float = 0.005,
        monotonic: Callable[[], float] = time.monotonic,
        start: float | None = None,
    ) -> None:
        self._scale = scale
        self._jump = jump
        self._quiet = quiet
        self._monotonic = monotonic
        self._start = time.time() if start is None else start
        self._origin = monotonic()
        self._offset = 0.0
        self._waiters: dict[asyncio.Future[None], float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def now(self) -> float:
        """Return the emulator's time as Unix time in seconds."""
        return self._start + (self._monotonic() - self._origin) * self._scale + self._offset

    def advance(self, seconds: float) -> None:
        """Move time forward at once and wake all who wait (from the server's own thread)."""
        self._offset += seconds
        self.wake()

    def wake(self) -> None:
        """Let everyone who waits look again, because something changed."""
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    def touch(self) -> None:
        """Note that something happens, so that time does not jump just now."""
        if self._jump and self._waiters:
            self._schedule_jump()

    async def sleep_until(self, moment: float) -> None:
        """Wait until `moment` (Unix time), or until something changed; look again afterwards."""
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        self._waiters[waiter] = moment
        delay = (moment - self.now()) / self._scale if self._scale > 0 else None
        if delay is not None and delay > 86_400:
            delay = None
        if self._jump:
            self._schedule_jump()
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(waiter, delay)
        finally:
            del self._waiters[waiter]

    async def sleep(self, seconds: float) -> None:
        """Wait for a span of the emulator's time, in seconds."""
        end = self.now() + seconds
        while self.now() < end:
            await self.sleep_until(end)

    def _schedule_jump(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(self._quiet, self._jump_ahead)

    def _jump_ahead(self) -> None:
        self._timer = None
        if not self._waiters:
            return
        missing = min(self._waiters.values()) - self.now()
        if missing > 0:
            self._offset += missing
        self.wake()
