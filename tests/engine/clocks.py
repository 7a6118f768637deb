"""A clock that goes only where a test moves it."""

import asyncio
from datetime import UTC, datetime, timedelta

from runner.models.clock import Clock

START = datetime(2026, 8, 1, 12, tzinfo=UTC)


class FakeClock(Clock):
    """Time as a number: ``sleep`` moves it forward at once."""

    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> datetime:
        return START + timedelta(seconds=self.time - 1000.0)

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += max(0.0, seconds)
        await asyncio.sleep(0)
