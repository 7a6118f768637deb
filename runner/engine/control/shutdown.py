"""Stop as signals ask: gently the first time, at once the second."""

import asyncio
from contextlib import suppress

from runner.models.clock import Clock, within

#: Signals closer together than this count as one: a terminal sends its Ctrl-C to everything in
#: the foreground, and what started the runner often passes its own on.
SAME_SECONDS = 0.1


class Stop:
    """Set by the signal handler, watched by the engine."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: float | None = None
        self.gently = asyncio.Event()  # start nothing more, cancel what runs, report
        self.at_once = asyncio.Event()  # leave now
        self.leave_running = asyncio.Event()  # cancel nothing: an answer to the first signal
        self.offer = 0.0  # seconds to wait for that answer; 0 if there is no keyboard

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
