"""An event loop whose time jumps from timer to timer: no test waits."""

import asyncio
import selectors
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from runner.models.clock import Clock

START = datetime(2026, 8, 1, 12, tzinfo=UTC)


class _Selector(selectors.DefaultSelector):
    loop: "VirtualLoop"

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        self.loop.now += timeout
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """The loop; ``now`` is its time in seconds."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.now

    def run_in_executor(  # type: ignore[override] # as much of it as is used
        self, _executor: object, function: Callable[[], Any]
    ) -> asyncio.Future[Any]:
        """Call ``function`` here and now, so that what comes first is no matter of chance."""
        future = self.create_future()
        try:
            future.set_result(function())
        except Exception as error:  # noqa: BLE001 # whoever awaits it gets it
            future.set_exception(error)
        return future


class VirtualClock(Clock):
    """The time of the loop that runs."""

    def now(self) -> datetime:
        return START + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
