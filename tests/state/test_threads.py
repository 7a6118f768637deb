import asyncio
import threading

import pytest

from runner.state.threads import Threads


def test_calls_that_come_together_share_a_thread() -> None:
    async def go() -> set[int]:
        threads = Threads(8, row=10)
        return set(await asyncio.gather(*[threads.call(threading.get_ident) for _ in range(10)]))

    (thread,) = asyncio.run(go())
    assert thread != threading.get_ident()


def test_calls_of_different_rows_do_not_wait_for_each_other() -> None:
    both = threading.Barrier(2)

    async def go() -> None:
        threads = Threads(2, row=1)
        await asyncio.gather(*[threads.call(lambda: both.wait(10)) for _ in range(2)])

    asyncio.run(go())


def test_an_error_is_told_to_who_made_the_call_and_to_nobody_else() -> None:
    def fail() -> None:
        raise KeyError("this one")

    async def go() -> None:
        threads = Threads(1, row=10)
        results = await asyncio.gather(
            threads.call(lambda: 1), threads.call(fail), threads.call(lambda: 3),
            return_exceptions=True,
        )  # fmt: skip
        assert (results[0], results[2]) == (1, 3)
        with pytest.raises(KeyError, match="this one"):
            await threads.call(fail)

    asyncio.run(go())


def test_a_call_that_is_cancelled_before_its_turn_is_not_made() -> None:
    began, going_on = threading.Event(), threading.Event()
    made: list[str] = []

    def wait() -> None:
        began.set()
        going_on.wait(10)
        made.append("first")

    async def go() -> None:
        threads = Threads(1, row=10)
        first = asyncio.create_task(threads.call(wait))
        second = asyncio.create_task(threads.call(lambda: made.append("second")))
        while not began.is_set():  # noqa: ASYNC110 # it is set in a thread
            await asyncio.sleep(0.001)
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        going_on.set()
        await first
        await threads.call(lambda: made.append("third"))

    asyncio.run(go())
    assert made == ["first", "third"]


def test_who_waits_no_more_does_not_hold_up_the_others_of_its_row() -> None:
    began, going_on = threading.Event(), threading.Event()

    def wait() -> None:
        began.set()
        going_on.wait(10)

    async def go() -> int:
        threads = Threads(1, row=10)
        first = asyncio.create_task(threads.call(wait))
        second = asyncio.create_task(threads.call(lambda: 2))
        while not began.is_set():  # noqa: ASYNC110 # it is set in a thread
            await asyncio.sleep(0.001)
        first.cancel()
        going_on.set()
        return await second

    assert asyncio.run(go()) == 2
