"""One suite for every kind of store, with real requests: S3, Google and Azure."""

import asyncio

import pytest

from runner.errors import Locked, StateError
from runner.models.verdict import Verdict
from tests.state.clocks import HandClock
from tests.state.conftest import ALICE, OpenState, an_attempt, finish, leave, unfinished
from tests.state.test_maintenance import IDS


@pytest.fixture(params=["s3", "gs", "az"])
def place(request: pytest.FixtureRequest) -> str:
    """The address of an empty state in a bucket of each kind."""
    found: str = request.getfixturevalue(f"{request.param}_place")
    return found


def test_an_apply_its_record_and_its_history(open_: OpenState) -> None:
    async def go() -> None:
        await finish(open_(), an_attempt("a[b/c]", verdict=Verdict.FAILED), an_attempt("b"))
        records = await open_().records()
        assert {name: record.verdict for name, record in records.items()} == {
            "a[b/c]": Verdict.FAILED,
            "b": None,
        }
        assert records["b"].request == {"name": "b"}
        assert [past.apply_id async for past in open_().history()] == ["a1"]

    asyncio.run(go())


def test_of_several_that_want_a_lock_each_gets_it_in_turn(open_: OpenState) -> None:
    held: list[int] = []

    async def apply(number: int) -> int:
        state = open_()
        async with state.lock(["smoke"], ALICE, f"a{number}", timeout=60) as locks:
            held.append(number)
            assert held == [number]
            await asyncio.sleep(0.02)
            held.remove(number)
            return locks.fence("smoke")

    async def go() -> None:
        fences = await asyncio.gather(*map(apply, range(6)))
        assert len(set(fences)) == 6

    asyncio.run(go())


def test_a_dead_lock_is_taken_over_at_once_by_the_clock_of_the_store(open_: OpenState) -> None:
    async def go() -> None:
        dead = open_(lease=0.1, clock=HandClock())  # nobody renews its lease
        await dead.lock(["smoke"], ALICE, "a1", timeout=0).__aenter__()
        with pytest.raises(Locked):
            await open_().lock(["smoke"], ALICE, "a2", timeout=0).__aenter__()
        await asyncio.sleep(2.2)
        async with open_().lock(["smoke"], ALICE, "a2", timeout=0) as locks:
            assert locks.inherited == {"a1": ["smoke"]}

    asyncio.run(go())


def test_what_was_left_open_is_found(open_: OpenState) -> None:
    async def go() -> None:
        await leave(open_(), an_attempt("smoke"))
        assert [each.instance for each in await unfinished(open_())] == ["smoke"]

    asyncio.run(go())


def test_old_applies_are_folded_and_deleted(open_: OpenState) -> None:
    async def go() -> None:
        for apply_id in IDS[:3]:
            await finish(open_(), an_attempt(apply_id=apply_id))
        assert await open_().fold(keep=1) == 2
        assert [past.apply_id async for past in open_().history()] == IDS[2::-1]
        await (await open_().applies()).drop(IDS[:2])
        assert [past.apply_id async for past in open_().history()] == [IDS[2]]

    asyncio.run(go())


def test_old_numbers_are_tidied_away(open_: OpenState) -> None:
    async def go() -> None:
        state = open_()
        for number in range(5):
            async with state.lock(["smoke"], ALICE, f"a{number}", timeout=0):
                pass
        folder = await state.folder("locks")
        assert len(await state.store.entries(folder)) <= 5

    asyncio.run(go())


def test_a_bucket_that_is_not_there(open_: OpenState, place: str) -> None:
    other = f"{place.partition('://')[0]}://there-is-no-such-bucket/x"
    with pytest.raises(StateError, match="the bucket does not exist"):
        asyncio.run(open_(url=other).records())
