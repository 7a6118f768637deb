"""One table of locks: who may write, for how long, and who follows."""

import asyncio
import shutil
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from runner.errors import Locked, StateError
from runner.models.record import Initiator
from runner.state.locks import Locks
from runner.state.state import State
from tests.state.clocks import HandClock, settle, until
from tests.state.conftest import ALICE, OpenState, a_record, an_attempt, damage_table, leave


@pytest.fixture(params=["folder"])
def place(tmp_path: Path) -> str:
    """Among processes both are tried; what is shown here is how clocks are judged."""
    return f"file://{tmp_path}/state"


def lock(
    state: State,
    *names: str,
    wait: float = 0,
    apply_id: str = "a1",
    told: list[str] | None = None,
) -> Locks:
    waiting = (told if told is not None else []).append
    return state.lock(names or ["smoke"], ALICE, apply_id, timeout=wait, waiting=waiting)


def found(tmp_path: Path, pattern: str) -> list[Path]:
    return sorted(tmp_path.rglob(pattern))


def tables(tmp_path: Path) -> list[str]:
    return [path.stem for path in sorted(tmp_path.rglob("locks/*.json"))]


def break_locks(tmp_path: Path) -> None:
    """From here on nothing can be written to the folder of locks."""
    (folder,) = tmp_path.rglob("locks")
    shutil.rmtree(folder)
    folder.touch()


def test_a_lease_is_renewed_and_old_tables_are_tidied_away(
    open_: OpenState, tmp_path: Path
) -> None:
    async def go() -> None:
        clock = HandClock()
        async with lock(open_(clock=clock)) as locks:
            for _ in range(8):
                await clock.advance(25)
                assert not locks.lost
                assert locks.fence("smoke") == 1
            assert 1 <= len(tables(tmp_path)) <= 5
        assert len(tables(tmp_path)) <= 5

    asyncio.run(go())


def test_who_waits_takes_over_once_the_owner_was_silent_for_a_lease(open_: OpenState) -> None:
    async def go() -> None:
        frozen, clock = HandClock(), HandClock()
        told: list[str] = []
        async with lock(open_(clock=frozen)) as stalled:
            waiting = asyncio.create_task(
                lock(open_(clock=clock), wait=100, apply_id="a2", told=told).__aenter__()
            )
            assert await until(lambda: bool(told))
            await clock.advance(55)
            assert not waiting.done()
            (sentence,) = told
            assert sentence.startswith("smoke is locked by alice on ci-7 (process ")
            assert ", apply a1, " in sentence
            assert sentence.endswith(". Waiting for up to 100 s.")
            await clock.advance(10)
            locks = await waiting
            # The owner wakes up, and finds that it may not write any more.
            assert stalled.fence("smoke") == 1
            await frozen.advance(30)
            assert await until(lambda: stalled.lost == {"smoke"})
            with pytest.raises(StateError, match="The lock of smoke was lost: another apply took"):
                stalled.fence("smoke")
        assert locks.fence("smoke") == 2
        assert locks.inherited == {"a1": ["smoke"]}
        await locks.__aexit__(None, None, None)

    asyncio.run(go())


def test_an_owner_that_slept_over_its_lease_relies_on_it_no_more(open_: OpenState) -> None:
    async def go() -> None:
        clock = HandClock()
        async with lock(open_(clock=clock)) as locks:
            assert locks.fence("smoke", 44) == 1
            with pytest.raises(StateError, match="could not be renewed in time"):
                locks.fence("smoke", 46)
            clock.seconds += 46
            clock.jump(46)
            with pytest.raises(StateError, match="could not be renewed in time"):
                locks.fence("smoke")
            await clock.advance(6)  # it is awake again, nobody came, so it renews
            assert await until(lambda: not locks.lost)
            assert locks.fence("smoke") == 1

    asyncio.run(go())


def test_a_clock_that_jumps_ends_trust_in_the_lease_until_it_is_renewed(open_: OpenState) -> None:
    async def go() -> None:
        clock = HandClock()
        async with lock(open_(clock=clock)) as locks:
            clock.jump(3600)
            with pytest.raises(StateError, match="clock of this machine jumped"):
                locks.fence("smoke")
            await clock.advance(6)
            assert await until(lambda: not locks.lost)
            clock.jump(-3600)
            assert locks.fence("smoke") == 1

    asyncio.run(go())


@pytest.mark.parametrize("skew", [-3600, 3600])
def test_no_clock_of_a_machine_takes_a_lock_away_or_keeps_a_dead_one(
    open_: OpenState, skew: float
) -> None:
    async def go() -> None:
        clock = HandClock()
        clock.jump(skew)
        async with lock(open_(clock=HandClock())) as locks:
            with pytest.raises(Locked):
                await lock(open_(clock=clock)).__aenter__()
            assert locks.fence("smoke") == 1
        skewed = HandClock()
        skewed.jump(skew)
        await lock(open_(clock=skewed, lease=0.1)).__aenter__()
        await asyncio.sleep(1.3)
        clock.jump(-2 * skew)
        async with lock(open_(clock=clock), apply_id="a2") as locks:
            assert locks.fence("smoke") == 4

    asyncio.run(go())


def test_the_time_of_the_store_leaves_nothing_behind(open_: OpenState, tmp_path: Path) -> None:
    async def go() -> None:
        async with lock(open_()):
            with pytest.raises(Locked):
                await lock(open_()).__aenter__()
        assert found(tmp_path, "clock*") == []

    asyncio.run(go())


def test_who_finds_one_of_several_busy_takes_none(open_: OpenState) -> None:
    async def go() -> None:
        async with lock(open_(), "b"):
            with pytest.raises(Locked, match="b is locked by alice"):
                await lock(open_(), "a", "b", "c").__aenter__()
            async with lock(open_(), "a", "c"):
                pass

    asyncio.run(go())


def test_only_ones_own_locks_have_a_fence(open_: OpenState) -> None:
    async def go() -> None:
        locks = lock(open_(), "a")
        with pytest.raises(KeyError):
            locks.fence("a")
        async with locks:
            with pytest.raises(KeyError):
                locks.fence("b")

    asyncio.run(go())


def test_an_owner_can_forge_nothing_in_the_message(open_: OpenState) -> None:
    async def go() -> None:
        evil = "x\n::error::y\x1b[2J\ud83d"
        owner = Initiator(user=evil, host=evil, ci_url=evil)
        async with open_().lock(["smoke"], owner, evil, timeout=0):
            with pytest.raises(Locked) as caught:
                await lock(open_()).__aenter__()
        assert caught.value.message.isprintable()
        assert "::error" not in caught.value.message

    asyncio.run(go())


def test_locks_that_overlap_never_deadlock(open_: OpenState) -> None:
    names = [["a", "b", "c"], ["c", "a"], ["b", "c"], ["c", "b", "a"]] * 2
    held: set[str] = set()

    async def apply(number: int) -> None:
        async with lock(open_(), *names[number], wait=60, apply_id=str(number)):
            assert held.isdisjoint(names[number])
            held.update(names[number])
            await asyncio.sleep(0.01)
            held.difference_update(names[number])

    async def go() -> None:
        await asyncio.gather(*map(apply, range(len(names))))

    asyncio.run(go())


def test_when_the_store_fails_the_lock_is_lost_in_time(open_: OpenState, tmp_path: Path) -> None:
    async def go() -> None:
        clock = HandClock()
        async with lock(open_(clock=clock)) as locks:
            break_locks(tmp_path)
            await clock.advance(40)
            assert not locks.lost
            await clock.advance(10)
            assert await until(lambda: locks.lost == {"smoke"})
            with pytest.raises(StateError, match="could not be renewed in time"):
                locks.fence("smoke")

    with pytest.raises(StateError, match="there is a file where a folder should be"):
        asyncio.run(go())


def test_a_failed_release_does_not_hide_what_went_wrong_before(
    open_: OpenState, tmp_path: Path
) -> None:
    async def go() -> None:
        async with lock(open_()):
            break_locks(tmp_path)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(go())


def test_fences_go_on_where_locks_were_deleted_but_records_stayed(
    open_: OpenState, tmp_path: Path
) -> None:
    async def go() -> None:
        await open_().put_records([a_record(fence=41)])
        for _ in range(2):
            async with lock(open_()) as locks:
                assert locks.fence("smoke") == 42
            shutil.rmtree(found(tmp_path, "locks")[0])

    asyncio.run(go())


def test_two_who_are_first_never_both_hold_a_lock(
    open_: OpenState, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sees that there is no table yet; before it goes on, the other writes its records."""

    async def go() -> None:
        late, quick = open_(), open_()
        ask = late.highest_fence

        async with AsyncExitStack() as stack:

            async def slow() -> int:
                locks = await stack.enter_async_context(lock(quick))
                record = a_record("smoke", fence=locks.fence("smoke"))
                await quick.put_records([record])
                return await ask()

            monkeypatch.setattr(late, "highest_fence", slow)
            with pytest.raises(Locked):
                await stack.enter_async_context(lock(late, apply_id="a2"))

    asyncio.run(go())


def test_interrupting_who_waits_frees_what_it_took(open_: OpenState) -> None:
    async def go() -> None:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(lock(open_(), "b"))
            waiting = asyncio.create_task(lock(open_(), "a", "b", wait=60).__aenter__())
            await asyncio.sleep(0.3)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            await stack.enter_async_context(lock(open_(), "a"))

    asyncio.run(go())


@pytest.mark.parametrize("moment", range(1, 6))
def test_interrupting_who_takes_locks_leaves_none_of_them_held(
    open_: OpenState, moment: int
) -> None:
    async def go() -> None:
        state = open_()
        async with lock(state):
            pass
        requests = 0
        send = state.store._send

        async def counted(*arguments: object, **options: object) -> object:
            nonlocal requests
            requests += 1
            if requests == moment:
                taking.cancel()
            return await send(*arguments, **options)  # type: ignore[arg-type]

        state.store._send = counted  # type: ignore[method-assign,assignment]
        taking = asyncio.create_task(lock(state).__aenter__())
        await asyncio.wait({taking})
        if not taking.cancelled():
            await taking.result().__aexit__(None, None, None)
        async with lock(open_()):
            pass

    asyncio.run(go())


def test_who_slept_after_taking_a_lock_and_was_taken_over_does_not_begin_again(
    open_: OpenState,
) -> None:
    """Its apply was closed by whoever took over: what it did now would be lost."""

    async def go() -> None:
        clock = HandClock()
        state = open_(lease=1, clock=clock)
        async with lock(state):
            pass
        create = state.store.create

        async def slow(path: str, data: bytes) -> bool:
            state.store.create = create  # type: ignore[method-assign]
            done = await create(path, data)
            await asyncio.sleep(2.1)
            async with lock(open_(lease=1), apply_id="a2") as other:
                assert other.inherited == {"a1": ["smoke"]}
                other.note("a1", "smoke", is_open=False)
            await clock.advance(5)
            return done

        state.store.create = slow  # type: ignore[method-assign]
        with pytest.raises(StateError, match="a1 was taken over by another process"):
            await lock(state).__aenter__()

    asyncio.run(go())


# ---------------------------------------------------------------- a table that can't be read


def test_a_newer_table_is_refused_and_stays(open_: OpenState, tmp_path: Path) -> None:
    async def go() -> None:
        async with lock(open_()):
            pass
        top = found(tmp_path, "locks/*.json")[-1]
        top.write_text('{"formatVersion": 9}')
        with pytest.raises(StateError, match="has format version 9") as caught:
            await lock(open_()).__aenter__()
        assert str(top) in caught.value.message
        assert top.read_text() == '{"formatVersion": 9}'

    asyncio.run(go())


def test_a_damaged_table_is_named_and_replaced_once_every_lease_is_over(
    open_: OpenState, tmp_path: Path
) -> None:
    async def go() -> None:
        await leave(open_(), an_attempt("other", "a0"))
        top = damage_table(tmp_path, "locks")
        before = top.read_bytes()
        with pytest.raises(StateError, match="is cut off or damaged") as caught:
            await lock(open_()).__aenter__()
        assert str(top) in caught.value.message
        assert "`runner state unlock`" in str(caught.value.hint)
        await asyncio.sleep(1.3)
        state = open_(lease=0.1)
        async with lock(state, "smoke", "other") as locks:
            assert locks.fence("smoke") == int(top.stem) + 2
            assert locks.inherited == {"a0": ["other"]}  # found by its journal
        (kept,) = found(tmp_path, "locks/damaged-*")
        assert kept.read_bytes() == before

    asyncio.run(go())


def test_an_age_in_the_future_is_watched(open_: OpenState) -> None:
    """The clock of the store was set back."""

    async def go() -> None:
        state = open_(lease=60, clock=HandClock())
        await lock(state).__aenter__()
        watch, clock = open_(clock=HandClock()).watch, HandClock()
        watch.clock = clock
        (holder,) = state.lock_table._last.holders.values()  # type: ignore[union-attr]
        later = holder.model_copy(update={"seen": state.clock.now() + timedelta(days=1)})
        assert 60 <= (await watch.left({"key": later}))["key"] <= 61
        clock.seconds += 61
        assert await watch.dead({"key": later})
        await settle()

    asyncio.run(go())
