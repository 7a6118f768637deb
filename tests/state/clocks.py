"""Clocks that tests move."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from runner.models.clock import Clock


class HandClock(Clock):
    """Stands still until a test moves it; it starts at the time of the store."""

    def __init__(self) -> None:
        self.wall = datetime.now(UTC)
        self.seconds = 1000.0

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        end = self.seconds + seconds
        while True:
            await asyncio.sleep(0.001)
            if self.seconds >= end:
                return

    def jump(self, seconds: float) -> None:
        """The wall clock is set."""
        self.wall += timedelta(seconds=seconds)

    async def advance(self, seconds: float) -> None:
        """Time goes by; whoever wakes up gets the time to do its work."""
        for _ in range(10):
            self.seconds += seconds / 10
            self.wall += timedelta(seconds=seconds / 10)
            await settle()


async def settle() -> None:
    """Lets tasks and the threads of the store do what is due."""
    await until(lambda: False, seconds=0.05)


async def until(condition: Callable[[], bool], seconds: float = 20) -> bool:
    """Waits until something is so, and says whether it is."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:  # noqa: ASYNC110 # nothing tells of it
        await asyncio.sleep(0.005)
    return condition()
