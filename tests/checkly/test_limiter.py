"""The limit, in any window, by a clock that only the test moves."""

import asyncio
import random
from collections import deque

import pytest

from runner.checkly.limiter import DEFAULT_REQUESTS_PER_MINUTE, Limiter, SendLog
from tests.engine.clocks import FakeClock


def simulate(limit: int, requests: int, pause: float, rng: random.Random) -> tuple[int, float]:
    """Send ``requests``, with pauses of up to ``pause`` seconds now and then.

    Returns:
        The most requests in any 60 seconds, and the longest wait of one.
    """
    log, now, most, longest = SendLog(limit), 0.0, 0, 0.0
    window: deque[float] = deque()
    for _ in range(requests):
        if pause and rng.random() < 0.01:
            now += rng.uniform(0, pause)
        at = log.earliest(now)
        longest, now = max(longest, at - now), at
        log.record(now)
        window.append(now)
        while window[0] <= now - 60:
            window.popleft()
        most = max(most, len(window))
    return most, longest


@pytest.mark.timeout(600)  # under a tracer each line takes its time
@pytest.mark.parametrize("pause", [0.0, 5.0, 200.0])
def test_a_million_requests_never_exceed_the_limit(pause: float) -> None:
    seed = random.randrange(10**6)
    most, longest = simulate(DEFAULT_REQUESTS_PER_MINUTE, 350_000, pause, random.Random(seed))
    assert most <= DEFAULT_REQUESTS_PER_MINUTE, f"seed {seed}"
    assert longest < 0.5, f"seed {seed}"


@pytest.mark.parametrize("limit", [1, 2, 10, 60, 1000, 6000])
def test_other_limits_hold_too(limit: int) -> None:
    most, _ = simulate(limit, 20_000, 10.0, random.Random(limit))
    assert most <= limit


def test_the_limit_is_used_when_there_is_work() -> None:
    log, now = SendLog(600), 0.0
    for _ in range(60_000):
        now = log.earliest(now)
        log.record(now)
    assert 60_000 / (now / 60 * 600) > 0.95


def test_the_start_may_be_a_burst_and_a_quiet_time_allows_another() -> None:
    log, now = SendLog(600), 0.0
    for start in (0.0, 1000.0):
        now, burst = start, 0
        while log.earliest(now) == now:
            log.record(now)
            burst += 1
        assert 350 < burst <= 600


def test_whoever_comes_first_is_served_first() -> None:
    clock = FakeClock()

    async def main() -> list[int]:
        limiter, served = Limiter(clock, 2), []

        async def one(number: int) -> None:
            await limiter.turn()
            served.append(number)

        await asyncio.gather(*(one(number) for number in range(20)))
        return served

    assert asyncio.run(main()) == list(range(20))


def test_a_hold_is_everybodys_and_slows_them_down_afterwards() -> None:
    clock = FakeClock()

    async def main() -> list[float]:
        limiter, times = Limiter(clock, 600), []
        await limiter.turn()
        limiter.hold(7.0)
        limiter.hold(3.0)
        for _ in range(3):
            await limiter.turn()
            times.append(clock.time - 1000.0)
        return times

    first, second, third = asyncio.run(main())
    assert first == pytest.approx(7.0)
    assert second - first == pytest.approx(third - second) == pytest.approx(60.5 / 600)


def test_only_a_part_that_is_used_up_is_too_small() -> None:
    """A server that asks for a pause makes nobody ask for more of the account's limit."""

    async def main() -> tuple[bool, bool]:
        limiter = Limiter(FakeClock(), 600)
        limiter.share = 30
        await limiter.turn()
        limiter.hold(5)
        await limiter.turn()
        held = limiter.hungry.is_set()
        for _ in range(30):
            await limiter.turn()
        return held, limiter.hungry.is_set()

    assert asyncio.run(main()) == (False, True)


def test_a_share_of_the_limit_counts_too_and_is_asked_to_grow() -> None:
    clock = FakeClock()

    async def main() -> list[float]:
        limiter, times = Limiter(clock, 600), []
        assert limiter.requests_per_minute == 600
        limiter.share = 2
        for number in range(5):
            await limiter.turn()
            times.append(clock.time - 1000.0)
            assert limiter.hungry.is_set() is (number >= 2)
        return times

    times = asyncio.run(main())
    assert times == pytest.approx([0.0, 0.0, 60.5, 60.5, 121.0])


@pytest.mark.parametrize(("before", "after"), [(0, None), (0, 2), (1, None), (1, 2)])
def test_a_share_that_grows_is_used_at_once(before: int, after: int | None) -> None:
    clock = FakeClock()
    limiter = Limiter(clock, 600)
    limiter.share = before

    async def sleep(seconds: float) -> None:
        clock.time += seconds
        limiter.share = before if clock.time < 1005.0 else after

    clock.sleep = sleep  # type: ignore[method-assign]

    async def main() -> None:
        for _ in range(before + 1):
            await limiter.turn()

    asyncio.run(main())
    assert clock.time - 1000.0 == pytest.approx(5.0, abs=0.2)


def test_without_a_share_one_sleep_is_enough() -> None:
    clock, slept = FakeClock(), []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock.time += seconds

    clock.sleep = sleep  # type: ignore[method-assign]

    async def main() -> None:
        limiter = Limiter(clock, 600)
        limiter.hold(7.0)
        await limiter.turn()

    asyncio.run(main())
    assert slept == [7.0]


def test_what_left_in_the_last_minute_is_counted() -> None:
    clock = FakeClock()

    async def main() -> list[int]:
        limiter, counts = Limiter(clock, 3), []
        for pause in (0.0, 30.0, 30.0, 30.5, 100.0):
            clock.time += pause
            counts.append(limiter.used())
            if len(counts) < 4:
                await limiter.turn()
        return counts

    assert asyncio.run(main()) == [0, 1, 2, 1, 0]
