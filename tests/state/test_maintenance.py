"""Looking after the state: prune, compact, rename, forget, claim, unlock."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from runner.errors import Locked, StateError, UsageError
from runner.models.apply_id import new_apply_id
from runner.models.record import Phase
from runner.models.verdict import Verdict
from runner.state.lock_table import Holder
from runner.state.maintenance import forget, prune, rename, unlock
from runner.state.state import State
from runner.state.store.object_store import Entry
from tests.state.clocks import until
from tests.state.conftest import (
    ALICE,
    NOON,
    OpenState,
    an_attempt,
    attempts_of,
    finish,
    leave,
    unfinished,
)

IDS = [new_apply_id(NOON + timedelta(days=20 * number), Random(number)) for number in range(6)]


async def ids(state: State) -> list[str]:
    return [each.apply_id async for each in state.history()]


async def holders_of(state: State) -> dict[str, Holder]:
    return (await state.lock_table.read()).holders


async def fill(state: State, *instances: str) -> None:
    for number, apply_id in enumerate(IDS):
        when = NOON + timedelta(days=20 * number)
        names = instances or ("smoke",)
        await finish(state, *(an_attempt(name, apply_id, intent_at=when) for name in names))


def test_history_is_newest_first_and_prune_keeps_the_newest(open_: OpenState) -> None:
    async def go() -> None:
        await fill(open_())
        state = open_()
        assert await ids(state) == IDS[::-1]
        pruned = await prune(state, [], keep=2)
        assert (pruned.applies, pruned.kept, pruned.needed) == (4, 2, 0)
        assert await ids(state) == [IDS[5], IDS[4]]
        assert list(await state.records()) == ["smoke"]
        # What a record names is kept.
        pruned = await prune(state, [], keep=0)
        assert (pruned.applies, pruned.kept, pruned.needed) == (1, 1, 1)

    asyncio.run(go())


def test_prune_by_age(open_: OpenState) -> None:
    async def go() -> None:
        await fill(open_())
        state = open_()
        age = state.clock.now() - NOON - timedelta(days=50)
        assert (await prune(state, [], keep=5, older_than=age)).applies == 1
        assert (await prune(state, [], older_than=age)).applies == 2
        assert await ids(state) == IDS[:2:-1]

    asyncio.run(go())


def test_prune_leaves_what_is_open_or_runs(open_: OpenState) -> None:
    async def go() -> None:
        await leave(open_(), an_attempt("a", IDS[0], phase=Phase.STARTED))
        running = open_()
        async with running.lock(["b"], ALICE, IDS[1], timeout=0) as locks:
            journal = await running.begin(IDS[1], locks, {"b": "b"}, ALICE, NOON)
            await journal.put(an_attempt("b", IDS[1]), durable=True)
            pruned = await prune(open_(), [], keep=0)
        assert (pruned.applies, pruned.kept, pruned.needed) == (0, 2, 2)

    asyncio.run(go())


def test_folded_applies_are_found_as_before_and_can_be_pruned(open_: OpenState) -> None:
    async def go() -> None:
        await fill(open_())
        before = [each async for each in open_().history()]
        assert await open_().fold(keep=1) == 5
        state = open_()
        history = await state.applies()
        assert (await history.loose()).keys() == {IDS[5]}
        assert [each async for each in state.history()] == before
        since = [past.apply_id async for past in state.history(since=before[2].started_at)]
        assert since == IDS[:2:-1]
        (record,) = (await state.records()).values()
        assert record.request == {"name": "smoke"}
        assert (await attempts_of(state, IDS[0]))[0].instance == "smoke"
        assert await state.fold(keep=0) == 1
        assert list(await history.months()) == sorted(
            {f"{past.started_at:%Y-%m}" for past in before}
        )
        (record,) = (await open_().records()).values()
        assert record.request == {"name": "smoke"}
        assert (await prune(open_(), [], keep=2)).applies == 4
        assert await ids(open_()) == [IDS[5], IDS[4]]

    asyncio.run(go())


def test_an_apply_whose_owner_died_before_its_records_is_not_folded(open_: OpenState) -> None:
    ended = {"phase": Phase.FINISHED, "verdict": Verdict.FAILED, "stopped_at": NOON}

    async def go() -> None:
        state = open_()
        async with state.lock(["smoke"], ALICE, IDS[0], timeout=0) as locks:
            journal = await state.begin(IDS[0], locks, {"smoke": "smoke"}, ALICE, NOON)
            fence, attempt = locks.fence("smoke"), an_attempt(apply_id=IDS[0], session_id="s")
            attempt = attempt.model_copy(update={**ended, "fence": fence})
            await journal.put(attempt, durable=True)
            await journal.end(1)
            locks.note(IDS[0], "smoke", is_open=True)
        assert await open_().fold(keep=0) == 0
        (record,) = (await open_().records()).values()
        assert record.verdict is Verdict.FAILED
        async with open_().lock(["smoke"], ALICE, IDS[1], timeout=0) as locks:
            other = await open_().take_over(IDS[0], locks, ["smoke"])
            await other.end()
            assert await open_().keep(locks, [other]) == []
        assert await open_().fold(keep=0) == 1
        (record,) = (await open_().records()).values()
        assert record.verdict is Verdict.FAILED

    asyncio.run(go())


@pytest.mark.parametrize("seen", ["applies", "history"])
def test_applies_that_are_folded_while_they_are_read_are_not_missed(
    open_: OpenState, seen: str
) -> None:
    async def go() -> None:
        await fill(open_())
        reader = open_()
        list_ = reader.store.entries

        async def slow(prefix: str) -> list[Entry]:
            found = await list_(prefix)
            if prefix.endswith(f"/{seen}"):
                await open_().fold(keep=0)
            return found

        reader.store.entries = slow  # type: ignore[method-assign]
        assert [past.apply_id async for past in reader.history()] == IDS[::-1]

    asyncio.run(go())


@pytest.mark.parametrize("are_more_folded", [False, True])
def test_applies_whose_month_is_pruned_while_they_are_read_are_not_missed(
    open_: OpenState, are_more_folded: bool
) -> None:
    async def go() -> None:
        *same, late = [new_apply_id(NOON + timedelta(hours=n), Random(n)) for n in range(5)]
        for apply_id in same:
            await finish(open_(), an_attempt(apply_id=apply_id))
        await open_().fold(keep=0)
        reader, left = open_(), [3]
        list_ = reader.store.entries

        async def slow(prefix: str) -> list[Entry]:
            found = await list_(prefix)
            if prefix.endswith("/history") and left:
                await prune(open_(), [], keep=left.pop(0))
                if are_more_folded:  # into the same month
                    await finish(open_(), an_attempt(apply_id=late))
                    await open_().fold(keep=0)
            return found

        reader.store.entries = slow  # type: ignore[method-assign]
        assert [each for each in await ids(reader) if each != late] == same[:0:-1]
        left.append(3 if are_more_folded else 2)
        assert len(await attempts_of(reader, same[3])) == 1
        assert left == []

    asyncio.run(go())


def test_what_a_killed_owner_left_of_a_journal_goes_when_its_apply_is_folded(
    open_: OpenState,
) -> None:
    async def keep(paths: Iterable[str]) -> None:
        pass

    async def go() -> None:
        state = open_()
        async with state.lock(["smoke"], ALICE, IDS[0], timeout=0) as locks:
            journal = await state.begin(IDS[0], locks, {"smoke": "smoke"}, ALICE, NOON)
            await journal.put(an_attempt(apply_id=IDS[0]), durable=True)
            update: dict[str, Any] = {
                "phase": Phase.FINISHED,
                "verdict": Verdict.PASSED,
                "stopped_at": NOON,
            }
            await journal.put(an_attempt(apply_id=IDS[0], **update), durable=False)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(state.store, "tidy", keep)
                await journal.end(0)
            await state.keep(locks, [journal])
        assert await open_().fold(keep=0) == 1
        assert await (await open_().applies()).loose() == {}
        assert [each.verdict for each in await attempts_of(open_(), IDS[0])] == [Verdict.PASSED]

    asyncio.run(go())


def test_an_apply_that_ends_while_others_are_pruned_stays(open_: OpenState) -> None:
    async def go() -> None:
        state, pruner = open_(), open_()
        list_, ending = pruner.store.entries, list[bool]()

        async with state.lock(["smoke"], ALICE, IDS[0], timeout=0) as locks:
            journal = await state.begin(IDS[0], locks, {"smoke": "smoke"}, ALICE, NOON)
            await journal.put(an_attempt(apply_id=IDS[0], fence=1), durable=True)

            async def slow(prefix: str) -> list[Entry]:
                found = await list_(prefix)
                if prefix.endswith("/records") and not ending:
                    ending.append(True)
                    update: dict[str, Any] = {
                        "phase": Phase.FINISHED,
                        "session_id": "s",
                        "stopped_at": NOON,
                    }
                    attempt = an_attempt(apply_id=IDS[0], fence=1, **update)
                    await journal.put(attempt, durable=False)
                    await journal.end(0)
                    await state.keep(locks, [journal])
                    await locks.__aexit__(None, None, None)
                return found

            pruner.store.entries = slow  # type: ignore[method-assign]
            assert (await prune(pruner, [], keep=0)).applies == 0
        assert ending
        assert await ids(open_()) == [IDS[0]]

    asyncio.run(go())


def test_an_apply_that_begins_while_history_is_read_is_not_told_as_ended(
    open_: OpenState,
) -> None:
    async def go() -> None:
        state, reader = open_(), open_()
        list_ = reader.store.entries
        async with state.lock(["other"], ALICE, IDS[1], timeout=0):
            pass  # so that there is a project
        locks = state.lock(["smoke"], ALICE, IDS[0], timeout=0)

        async def slow(prefix: str) -> list[Entry]:
            if prefix.endswith("/applies"):
                await locks.__aenter__()
                planned = {"smoke": "smoke", "later": "later"}
                journal = await state.begin(IDS[0], locks, planned, ALICE, NOON)
                await journal.put(an_attempt(apply_id=IDS[0]), durable=True)
            return await list_(prefix)

        reader.store.entries = slow  # type: ignore[method-assign]
        (past,) = [each async for each in reader.history()]
        await locks.__aexit__(None, None, None)
        assert [each.instance for each in past.attempts] == ["smoke"]

    asyncio.run(go())


def test_applies_of_a_month_that_are_folded_later_stand_beside_the_first(
    open_: OpenState,
) -> None:
    async def go() -> None:
        same = [new_apply_id(NOON + timedelta(hours=n), Random(n)) for n in range(3)]
        for apply_id in same:
            await finish(open_(), an_attempt(apply_id=apply_id))
            await open_().fold(keep=0)
        months = await (await open_().applies()).months()
        assert len(months["2026-08"]) == 3
        assert await ids(open_()) == same[::-1]
        await prune(open_(), [], keep=1)
        assert await ids(open_()) == same[:1:-1]

    asyncio.run(go())


def test_many_applies_are_folded_without_being_asked(
    open_: OpenState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runner.state.state.FOLD_ABOVE", 4)
    monkeypatch.setattr("runner.state.state.FOLD_DOWN_TO", 2)

    async def go() -> None:
        await fill(open_())
        await open_().fold_if_many()
        assert len(await (await open_().applies()).loose()) == 2
        await open_().fold_if_many()
        assert await ids(open_()) == IDS[::-1]

    asyncio.run(go())


def test_forget_deletes_records_but_not_under_an_apply(open_: OpenState) -> None:
    async def go() -> None:
        await finish(open_(), an_attempt(apply_id=IDS[0]))
        async with open_().lock(["smoke"], ALICE, IDS[1], timeout=0):
            with pytest.raises(Locked):
                await forget(open_(), ["smoke"], owner=ALICE)
        await forget(open_(), ["smoke"], owner=ALICE)
        assert await open_().records() == {}
        assert await ids(open_()) == [IDS[0]]
        await finish(open_(), an_attempt(apply_id=IDS[2]))

    asyncio.run(go())


def test_a_renamed_instance_keeps_its_record_and_its_history(open_: OpenState) -> None:
    async def go() -> None:
        await finish(open_(), an_attempt("old[x]", IDS[0], commit="abc"))
        await rename(open_(), {"old[x]": "new[x]"}, owner=ALICE, before=IDS[1])
        (record,) = (await open_().records()).values()
        assert (record.instance, record.request) == ("new[x]", {"name": "old[x]"})
        # Another one takes the old name later.
        await finish(open_(), an_attempt("old[x]", IDS[2], intent_at=NOON + timedelta(days=40)))
        past = [each async for each in open_().history()]
        assert [each.attempts[0].instance for each in past] == ["old[x]", "new[x]"]
        assert past[1].attempts[0].profile == "new"
        with pytest.raises(UsageError, match="already has a record"):
            await rename(open_(), {"old[x]": "new[x]"}, owner=ALICE, before=IDS[3])
        await rename(open_(), {"new[x]": "newer"}, owner=ALICE, before=IDS[3])
        assert (await open_().records())["newer"].request == {"name": "old[x]"}
        assert {each.attempts[0].instance async for each in open_().history()} == {
            "old[x]",
            "newer",
        }

    asyncio.run(go())


def test_what_still_runs_can_be_renamed(open_: OpenState) -> None:
    async def go() -> None:
        started = an_attempt("old", IDS[0], phase=Phase.STARTED, session_id="s", verdict=None)
        await leave(open_(), started)
        await rename(open_(), {"old": "new"}, owner=ALICE, before=IDS[1])
        for names in (None, ["new"]):
            (record,) = (await open_().records(names)).values()
            assert (record.instance, record.session_id) == ("new", "s")
        state = open_()
        async with state.lock(["old"], ALICE, IDS[2], timeout=0) as locks:
            journal = await state.take_over(IDS[0], locks, ["old"])
            update = {"phase": Phase.FINISHED, "verdict": Verdict.PASSED, "stopped_at": NOON}
            await journal.put(started.model_copy(update=update), durable=False)
            await journal.end(0)
            assert await state.keep(locks, [journal]) == []
        (record,) = (await open_().records()).values()
        assert (record.instance, record.verdict) == ("new", Verdict.PASSED)
        assert record.request == {"name": "old"}

    asyncio.run(go())


def test_unlock_ends_the_lock_of_another_who_learns_of_it(open_: OpenState) -> None:
    async def go() -> None:
        owner = open_(lease=1.2)
        async with owner.lock(["a", "b"], ALICE, IDS[0], timeout=0) as locks:
            journal = await owner.begin(IDS[0], locks, {"a": "a", "b": "b"}, ALICE, NOON)
            await journal.put(an_attempt("a", IDS[0], phase=Phase.STARTED), durable=True)
            holders = await holders_of(open_())
            assert await unlock(open_(), holders, ["a", "nobody"]) == ["a"]
            (holder,) = (await holders_of(open_())).values()
            assert (holder.by, holder.instances) == (ALICE, ["b"])
            async with open_().lock(["a"], ALICE, IDS[1], timeout=0) as taken:
                assert taken.inherited == {IDS[0]: ["a"]}
                assert await unlock(open_(), holders, ["a"]) == []
            assert await until(lambda: locks.lost >= {"a"})
            with pytest.raises(StateError, match="The lock of a was lost"):
                locks.fence("a")
        (left,) = await unfinished(open_())
        assert left.instance == "a"

    asyncio.run(go())


def test_unlock_of_all_that_an_apply_holds_leaves_no_holder(open_: OpenState) -> None:
    async def go() -> None:
        locks = open_().lock(["a"], ALICE, IDS[0], timeout=0)
        await locks.__aenter__()
        assert await unlock(open_(), await holders_of(open_()), ["a"]) == ["a"]
        assert await holders_of(open_()) == {}
        assert await open_().unfinished_applies() == {IDS[0]: ["a"]}
        await locks.__aexit__(None, None, None)

    asyncio.run(go())
