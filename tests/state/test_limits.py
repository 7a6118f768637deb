"""The limit of an account, shared by its jobs."""

import asyncio
import random
from itertools import count

import pytest

from runner.checkly.limiter import WINDOW_SECONDS, Limiter
from runner.engine.control.sharing import FREE, shared_limit
from runner.models.events import Event, Notice
from runner.models.record import Initiator
from runner.state.limits import fair
from runner.state.project import Project
from runner.state.state import State
from tests.state.simulation import Disk, Process, SimulatedStore, simulate

LIMIT = 600


@pytest.mark.parametrize(
    ("wants", "shares"),
    [
        ({}, {}),
        ({"a": 600}, {"a": 600}),
        ({"a": 600, "b": 600}, {"a": 300, "b": 300}),
        ({"a": 600, "b": 60}, {"a": 540, "b": 60}),
        ({"a": 600, "b": 60, "c": 600, "d": 120}, {"a": 210, "b": 60, "c": 210, "d": 120}),
    ],
)
def test_nobody_gets_more_than_wanted_and_the_others_share_the_rest(
    wants: dict[str, int], shares: dict[str, int]
) -> None:
    assert fair(LIMIT, wants) == shares


class Jobs:
    """Jobs that send as much as they may, each from a machine with a clock of its own."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.disk = Disk()
        self.sent: list[tuple[float, int]] = []
        self.events: list[Event] = []
        self.tokens = count()

    async def job(self, number: int, start: float, requests: int, *, dies: bool = False) -> None:
        await asyncio.sleep(start)
        process = Process(self.rng, skew=self.rng.choice((-3600, 0, 3600)))
        state = State(
            SimulatedStore(self.disk, process),
            host="api",
            account="acc",
            project=Project(f"p{number}"),
            scope="default",
            clock=process,
            lease=60,
            token=lambda: f"t{next(self.tokens)}",
        )
        limiter = Limiter(process, LIMIT)
        async with shared_limit(limiter, state, Initiator(pid=number), process, self.events.append):
            for _ in range(requests):
                await limiter.turn()
                self.sent.append((asyncio.get_running_loop().time(), number))
                await asyncio.sleep(0.02)
            if dies:
                process.is_dead = True
                await process.awake()

    def most_in_a_minute(self) -> int:
        times = sorted(time for time, _ in self.sent)
        return max(sum(start <= time < start + 60 for time in times) for start in times[::10])

    def of(self, number: int, start: float, end: float) -> int:
        return sum(one == number and start <= time < end for time, one in self.sent)


@pytest.mark.parametrize("seed", range(3))
def test_four_at_once_stay_under_the_limit_together_and_use_it(seed: int) -> None:
    jobs = Jobs(seed)

    async def main() -> None:
        await asyncio.gather(*(jobs.job(number, number * 3.0, 500) for number in range(4)))

    simulate(main())
    assert jobs.most_in_a_minute() <= LIMIT
    end = max(time for time, _ in jobs.sent)
    assert 2000 / (end / 60) > 0.75 * LIMIT


def test_one_that_comes_later_gets_its_part_and_leaves_it_to_the_first() -> None:
    jobs = Jobs(1)

    async def main() -> None:
        await asyncio.gather(jobs.job(1, 0, 4500), jobs.job(2, 100, 200))

    simulate(main())
    assert jobs.most_in_a_minute() <= LIMIT
    assert jobs.of(2, 100, 230) == 200
    assert jobs.of(1, 320, 380) > 0.9 * LIMIT


def test_the_part_of_one_that_died_comes_back() -> None:
    jobs = Jobs(2)

    async def main() -> None:
        dying = asyncio.create_task(jobs.job(1, 0, 400, dies=True))
        await jobs.job(2, 30, 3000)
        dying.cancel()

    simulate(main())
    assert jobs.most_in_a_minute() <= LIMIT
    assert jobs.of(2, 250, 310) > 0.9 * LIMIT
    (told,) = jobs.events
    assert isinstance(told, Notice)
    assert "Other jobs are using the account's request limit" in told.text


def test_one_that_sends_little_takes_no_part() -> None:
    jobs = Jobs(3)

    async def main() -> None:
        await jobs.job(1, 0, FREE)

    simulate(main())
    assert jobs.disk.objects == {}
    assert jobs.sent[-1][0] < WINDOW_SECONDS
