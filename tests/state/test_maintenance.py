import asyncio
from datetime import timedelta

import pytest

from runner.errors import Locked, StateError, UsageError
from runner.models.clock import SystemClock
from runner.models.history import PastApply
from runner.models.record import Phase
from runner.state.maintenance import export, forget, held, import_, prune, unlock
from runner.state.state import State
from tests.state.clocks import until
from tests.state.conftest import ALICE, OpenState, a_record, an_attempt

IDS = [f"01K{number:023}" for number in range(6)]


class Later(SystemClock):
    """A clock that is ahead by two days."""

    def now(self):  # type: ignore[no-untyped-def] # as its base
        return super().now() + timedelta(days=2)


async def finish(state: State, apply_id: str, instance: str = "smoke") -> None:
    async with state.lock([instance], ALICE, apply_id, timeout=0) as locks:
        attempt = an_attempt(instance, apply_id, phase=Phase.FINISHED)
        await state.put_attempt(attempt)
        record = a_record(instance, apply_id=apply_id, fence=locks.fence(instance))
        await state.put_record(record)


async def past(state: State) -> list[PastApply]:
    return [each async for each in state.history()]


async def ids(state: State) -> list[str]:
    return [each.apply_id for each in await past(state)]


def test_history_is_newest_first_and_prune_keeps_the_newest(open_: OpenState) -> None:
    async def go() -> None:
        for apply_id in IDS:
            await finish(open_(), apply_id)
        state = open_()
        assert await ids(state) == IDS[::-1]
        pruned = await prune(state, keep=2)
        assert (pruned.applies, pruned.documents, pruned.kept) == (4, 4, 2)
        assert await ids(state) == [IDS[5], IDS[4]]
        assert list(await state.records()) == ["smoke"]

    asyncio.run(go())


def test_prune_by_age_goes_by_when_an_apply_was_last_written(open_: OpenState) -> None:
    async def go() -> None:
        await finish(open_(), IDS[0])
        assert (await prune(open_(), older_than=timedelta(days=1))).applies == 0
        later = open_(clock=Later())
        assert (await prune(later, keep=1, older_than=timedelta(days=1))).applies == 0
        assert (await prune(later, older_than=timedelta(days=1))).applies == 1
        assert await ids(later) == []

    asyncio.run(go())


def test_prune_leaves_what_is_unfinished_or_runs(open_: OpenState) -> None:
    async def go() -> None:
        state = open_()
        async with state.lock(["a"], ALICE, IDS[0], timeout=0):
            await state.put_attempt(an_attempt("a", IDS[0], phase=Phase.STARTED))
        running = open_()
        async with running.lock(["b"], ALICE, IDS[1], timeout=0):
            await running.put_attempt(an_attempt("b", IDS[1]))
            pruned = await prune(open_(), keep=0)
        assert (pruned.applies, pruned.kept, pruned.unfinished) == (0, 2, 2)

    asyncio.run(go())


def test_an_export_can_be_imported_elsewhere(open_: OpenState) -> None:
    async def go() -> None:
        await finish(open_(), IDS[0])
        await finish(open_(), IDS[1], "other[a/b]")
        state = open_()
        async with state.lock(["left"], ALICE, IDS[2], timeout=0):
            await state.put_attempt(an_attempt("left", IDS[2], phase=Phase.STARTED))
        problems: list[StateError] = []
        lines = [line async for line in export(open_(), problems)]
        assert problems == []

        there = open_(scope="elsewhere")
        assert await past(there) == []
        done = await import_(there, lines, source="x", owner=ALICE)
        assert (done.records, done.attempts, done.left) == (2, 3, 0)
        fresh = open_(scope="elsewhere")
        assert await past(fresh) == await past(open_())
        assert [each.instance for each in await fresh.unfinished()] == ["left"]
        assert set(await fresh.records()) == {"smoke", "other[a/b]"}
        # And it can be written to from there on.
        await finish(fresh, IDS[3])

        again = await import_(open_(scope="elsewhere"), lines, source="x", owner=ALICE)
        assert (again.records, again.attempts, again.left) == (0, 0, 5)
        assert (await fresh.records())["smoke"].apply_id == IDS[3]

    asyncio.run(go())


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "is empty"),
        (["{"], "f:1 is cut off"),
        (['{"a": 1}'], "f:1 is not a state document"),
        (['{"formatVersion": 2}'], "format version 2"),
        (["HEADER", '{"record": {"formatVersion": 1}}'], "f:2 is not a state document"),
        (["HEADER", '{"rec'], "f:2 is cut off"),
    ],
)
def test_a_file_that_is_no_export_is_refused_whole(
    open_: OpenState, lines: list[str], message: str
) -> None:
    async def go() -> None:
        header = await anext(export(open_(), []))
        given = [header if line == "HEADER" else line for line in lines]
        with pytest.raises(UsageError, match=message):
            await import_(open_(), given, source="f", owner=ALICE)
        assert await open_().records() == {}

    asyncio.run(go())


def test_forget_deletes_records_but_not_under_an_apply(open_: OpenState) -> None:
    async def go() -> None:
        await finish(open_(), IDS[0])
        async with open_().lock(["smoke"], ALICE, IDS[1], timeout=0):
            with pytest.raises(Locked):
                await forget(open_(), ["smoke"], owner=ALICE)
        await forget(open_(), ["smoke"], owner=ALICE)
        assert await open_().records() == {}
        assert await ids(open_()) == [IDS[0]]
        await finish(open_(), IDS[2])

    asyncio.run(go())


def test_unlock_ends_the_lock_of_another_who_learns_of_it(open_: OpenState) -> None:
    async def go() -> None:
        owner = open_(lease=1.2)
        async with owner.lock(["a", "b"], ALICE, IDS[0], timeout=0) as locks:
            await owner.put_attempt(an_attempt("a", IDS[0], phase=Phase.STARTED))
            links = await held(open_(), ["a"])
            assert links["a"].document.by == ALICE
            while await unlock(open_(), links):  # the owner has just renewed it
                links = await held(open_(), ["a"])
            assert list(await held(open_())) == ["b"]
            async with open_().lock(["a"], ALICE, IDS[1], timeout=0):
                assert await unlock(open_(), links) == ["a"]
            assert await unlock(open_(), links) == ["a"]
            assert await until(lambda: locks.lost >= {"a"})
            with pytest.raises(StateError, match="The lock of a was lost"):
                locks.fence("a")
        (left,) = await open_().unfinished()
        assert left.instance == "a"

    asyncio.run(go())
