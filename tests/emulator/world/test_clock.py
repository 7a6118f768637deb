"""The emulator's time: faster, still, moved, and jumping."""

from __future__ import annotations

import asyncio
import time

from runner.emulator.world.clock import Clock


class Ticks:
    """A real clock that stands where it is put."""

    now = 50.0

    def __call__(self) -> float:
        return self.now


def test_time_runs_as_fast_as_asked() -> None:
    ticks = Ticks()
    clock = Clock(scale=60, monotonic=ticks, start=1000)
    ticks.now += 2

    assert clock.now() == 1120


def test_time_that_stands_still_is_moved() -> None:
    clock = Clock(scale=0, start=1000)
    clock.advance(5)

    assert clock.now() == 1005


def test_moving_time_wakes_sleepers() -> None:
    async def main() -> float:
        clock = Clock(scale=0, start=0)
        sleeper = asyncio.create_task(clock.sleep(10))
        for _ in range(4):
            await asyncio.sleep(0.01)
            clock.advance(2.5)
        await asyncio.wait_for(sleeper, 5)
        return clock.now()

    assert asyncio.run(main()) == 10


def test_jumping_takes_one_sleeper_after_the_other() -> None:
    async def main() -> list[tuple[str, int]]:
        clock = Clock(jump=True, start=0)
        order: list[tuple[str, int]] = []

        async def sleeper(name: str, seconds: float) -> None:
            await clock.sleep(seconds)
            order.append((name, int(clock.now())))

        await asyncio.gather(sleeper("b", 2000), sleeper("a", 1000), sleeper("c", 86_400 * 5))
        return order

    begin = time.monotonic()
    assert asyncio.run(main()) == [("a", 1000), ("b", 2000), ("c", 432_000)]
    assert time.monotonic() - begin < 5


def test_activity_holds_a_jump_back() -> None:
    async def main() -> float:
        clock = Clock(jump=True, quiet=0.5, start=0)
        sleeper = asyncio.create_task(clock.sleep(1000))
        for _ in range(8):
            await asyncio.sleep(0.1)
            clock.touch()
        early = clock.now()
        await sleeper
        return early

    assert asyncio.run(main()) < 900


def test_a_jump_finds_nobody_left_to_wake() -> None:
    async def main() -> float:
        # Quiet for so long that a busy machine can't make it jump before the sleeper has left.
        clock = Clock(jump=True, quiet=1.0, start=0)
        sleeper = asyncio.create_task(clock.sleep(1000))
        await asyncio.sleep(0)
        sleeper.cancel()
        await asyncio.gather(sleeper, return_exceptions=True)
        await asyncio.sleep(1.2)
        return clock.now()

    assert asyncio.run(main()) < 900
