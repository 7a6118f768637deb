import asyncio
import threading
from functools import partial

import pytest

from runner.state.thread_pool import Threads


def test_of_many_calls_several_share_a_thread() -> None:
    seen: list[int] = []

    async def go() -> None:
        threads = Threads(2, row=25)
        await asyncio.gather(
            *[threads.call(lambda: seen.append(threading.get_ident())) for _ in range(40)]
        )

    asyncio.run(go())
    assert threading.get_ident() not in seen
    assert len(set(seen)) <= 2


def test_few_calls_use_as_many_threads_as_there_are() -> None:
    """A slow folder would keep the second waiting for the first."""
    all_of_them = threading.Barrier(4)

    async def go() -> None:
        threads = Threads(4, row=25)
        await asyncio.gather(*[threads.call(lambda: all_of_them.wait(10)) for _ in range(4)])

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


def test_what_no_coroutine_may_raise_keeps_nobody_waiting() -> None:
    async def go() -> None:
        threads = Threads(1, row=10)
        ends = await asyncio.gather(
            threads.call(partial(next, iter(()))), threads.call(lambda: 2), return_exceptions=True
        )
        assert isinstance(ends[0], RuntimeError)
        assert ends[1] == 2

    asyncio.run(go())


def test_a_machine_that_gives_no_more_threads_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    async def go() -> None:
        threads = Threads(1, row=10)
        monkeypatch.setattr(threading.Thread, "start", start)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            await threads.call(lambda: 1)

    asyncio.run(go())


def test_a_loop_that_ended_in_between_holds_up_no_later_one() -> None:
    threads = Threads(1, row=10)
    loop = asyncio.new_event_loop()
    left = loop.create_task(threads.call(lambda: 1))
    loop.run_until_complete(asyncio.sleep(0))
    left.cancel()
    loop.close()
    assert asyncio.run(threads.call(lambda: 2)) == 2
