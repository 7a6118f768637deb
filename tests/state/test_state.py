import asyncio
from pathlib import Path

import pytest

from runner.errors import Locked, StateError
from runner.models.record import Phase
from tests.state.clocks import HandClock
from tests.state.conftest import ALICE, OpenState, a_record, an_attempt


def test_a_record_is_found_by_another_process(open_: OpenState) -> None:
    record = a_record("smoke[us-east-1]", fence=3)
    asyncio.run(open_().put_record(record))
    assert asyncio.run(open_().records()) == {"smoke[us-east-1]": record}
    assert asyncio.run(open_().records(["smoke[us-east-1]", "new"])) == {"smoke[us-east-1]": record}


def test_reading_makes_no_folder(open_: OpenState, tmp_path: Path) -> None:
    async def read() -> None:
        state = open_(url=None)
        assert await state.records() == {}
        assert await state.records(["smoke"]) == {}
        assert await state.attempts("a1") == []
        assert await state.unfinished() == []

    asyncio.run(read())
    assert list(tmp_path.iterdir()) == []


def test_a_lower_fence_never_overwrites_a_higher(open_: OpenState) -> None:
    asyncio.run(open_().put_record(a_record(fence=5, apply_id="later")))
    with pytest.raises(StateError, match="later apply"):
        asyncio.run(open_().put_record(a_record(fence=4)))
    assert asyncio.run(open_().records())["smoke"].apply_id == "later"


def test_under_one_lock_a_record_is_written_as_often_as_needed(open_: OpenState) -> None:
    for apply_id in ("one", "two"):
        asyncio.run(open_().put_record(a_record(fence=5, apply_id=apply_id)))
    assert asyncio.run(open_().records())["smoke"].apply_id == "two"


def test_an_attempt_is_stored_where_its_record_may_not_be(open_: OpenState) -> None:
    async def go() -> None:
        state = open_()
        await state.put_record(a_record(fence=5, apply_id="later"))
        attempt = an_attempt(phase=Phase.FINISHED)
        with pytest.raises(StateError, match="written by a later apply"):
            await state.put_attempt(attempt, a_record(fence=4))
        assert await open_().attempt("a1", "smoke") == attempt
        assert (await open_().records())["smoke"].apply_id == "later"

    asyncio.run(go())


def test_what_a_crashed_apply_left_is_found_once_its_lease_is_over(open_: OpenState) -> None:
    async def go() -> None:
        crashed = open_(lease=4.0, clock=HandClock())  # nobody renews its lease
        await crashed.lock(["a"], ALICE, "a1", timeout=0).__aenter__()
        await crashed.put_attempt(an_attempt("a"))
        assert await open_(clock=HandClock()).unfinished() == []
        later = HandClock()
        later.jump(10)
        (left,) = await open_(clock=later).unfinished()
        assert (left.apply_id, left.instance) == ("a1", "a")
        # Its own attempts are not what an apply is looking for.
        await asyncio.sleep(5.2)
        state = open_()
        async with state.lock(["a"], ALICE, "a2", timeout=10) as locks:
            await state.put_attempt(an_attempt("a", "a2"))
            assert [each.apply_id for each in await state.unfinished(locks)] == ["a1"]
        assert [each.apply_id for each in await open_().unfinished()] == ["a1", "a2"]

    asyncio.run(go())


def test_a_busy_lock_says_who_and_since_when(open_: OpenState) -> None:
    async def both() -> None:
        async with open_().lock(["smoke"], ALICE, "a1", timeout=0):
            with pytest.raises(Locked) as caught:
                async with open_().lock(["smoke"], ALICE, "a2", timeout=0):
                    pytest.fail("both had it")
            for part in ("alice", "ci-7", "42", "https://ci.example.com/runs/9", "since", "a1"):
                assert part in caught.value.message
        async with open_().lock(["smoke"], ALICE, "a3", timeout=0) as locks:
            assert locks.fence("smoke") == 3
            assert not locks.lost

    asyncio.run(both())


def test_a_waiting_apply_follows(open_: OpenState) -> None:
    order: list[str] = []

    async def apply(name: str, seconds: float) -> None:
        async with open_().lock(["b", "a"], ALICE, name, timeout=20):
            order.append(name)
            await asyncio.sleep(seconds)
            order.append(name)

    async def both() -> None:
        await asyncio.gather(*(apply(name, 0.1) for name in ("x", "y", "z")))

    asyncio.run(both())
    assert order[0] == order[1]
    assert order[2] == order[3]
    assert order[4] == order[5]


def test_what_an_apply_left_unfinished_is_found(open_: OpenState) -> None:
    async def leave() -> None:
        state = open_()
        async with state.lock(["a", "b", "c"], ALICE, "a1", timeout=0):
            await state.put_attempt(an_attempt("a", phase=Phase.STARTED, session_id="s"))
            await state.put_attempt(an_attempt("b"))
            await state.put_attempt(an_attempt("b", phase=Phase.FINISHED))
        assert [each.instance for each in await open_().unfinished()] == ["a"]

        state = open_()
        async with state.lock(["a", "b"], ALICE, "a2", timeout=0) as locks:
            (left,) = await state.unfinished(locks)
            assert (left.apply_id, left.instance) == ("a1", "a")
            await state.put_attempt(left.model_copy(update={"phase": Phase.FINISHED}))
        assert await open_().unfinished() == []

    asyncio.run(leave())
