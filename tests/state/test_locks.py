import asyncio
import json
import shutil
import threading
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from runner.errors import Locked, StateError
from runner.models.record import Initiator
from runner.state.locks import Locks
from runner.state.state import State
from tests.state.clocks import HandClock, InterruptedClock, settle, until
from tests.state.conftest import ALICE, OpenState, a_record
from tests.state.stub_s3 import StubS3

LEASE = 60.0


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


def links(tmp_path: Path) -> list[str]:
    return [path.stem for path in found(tmp_path, "locks/smoke/*.json")]


def break_lock(tmp_path: Path) -> None:
    """From here on nothing can be written to the lock's folder."""
    (folder,) = found(tmp_path, "locks/smoke")
    shutil.rmtree(folder)
    folder.touch()


def test_a_lease_is_renewed_and_old_links_are_deleted(open_: OpenState, tmp_path: Path) -> None:
    async def go() -> None:
        clock = HandClock()
        async with lock(open_(clock=clock)) as locks:
            for _ in range(4):
                await clock.advance(25)
                assert not locks.lost
            assert 4 <= locks.fence("smoke") <= 6
            assert await until(lambda: len(links(tmp_path)) == 1)
            last = locks.fence("smoke")
        assert links(tmp_path) == [f"{last + 1:010}"]

    asyncio.run(go())


def test_who_waits_takes_over_once_the_owner_was_silent_for_a_lease(open_: OpenState) -> None:
    async def go() -> None:
        frozen, clock = HandClock(), HandClock()
        told: list[str] = []
        async with lock(open_(clock=frozen)) as stalled:
            waiting = asyncio.create_task(
                lock(open_(clock=clock), wait=100, apply_id="a2", told=told).__aenter__()
            )
            await settle()
            assert await until(lambda: bool(told))
            await clock.advance(55)
            assert not waiting.done()
            (sentence,) = told
            assert sentence.startswith("smoke is locked by alice on ci-7 (process ")
            assert ", apply a1, " in sentence
            assert sentence.endswith(". Waiting for it, 100 s at most.")
            await clock.advance(10)
            locks = await waiting
            # The owner wakes up, and finds that it may not write any more.
            assert stalled.fence("smoke") == 1
            await frozen.advance(30)
            assert await until(lambda: stalled.lost == {"smoke"})
            with pytest.raises(StateError, match="The lock of smoke was lost: another apply took"):
                stalled.fence("smoke")
        assert locks.fence("smoke") == 2
        await locks.__aexit__(None, None, None)

    asyncio.run(go())


def test_an_owner_that_slept_over_its_lease_relies_on_it_no_more(open_: OpenState) -> None:
    async def go() -> None:
        clock = HandClock()
        async with lock(open_(clock=clock)) as locks:
            clock.seconds += 46
            clock.jump(46)
            with pytest.raises(StateError, match="could not be renewed in time"):
                locks.fence("smoke")
            await clock.advance(6)  # it is awake again, nobody came, so it renews
            assert await until(lambda: not locks.lost)
            assert locks.fence("smoke") == 2

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
            assert locks.fence("smoke") == 2
            clock.jump(-3600)
            assert locks.fence("smoke") == 2

    asyncio.run(go())


def test_a_machine_whose_clock_is_ahead_takes_no_lock_away(open_: OpenState) -> None:
    async def go() -> None:
        ahead = HandClock()
        ahead.jump(3600)
        async with lock(open_(clock=HandClock())) as locks:
            with pytest.raises(Locked):
                await lock(open_(clock=ahead)).__aenter__()
            assert locks.fence("smoke") == 1

    asyncio.run(go())


def test_an_abandoned_lock_is_taken_at_once_when_the_store_says_it_is_old(
    open_: OpenState, tmp_path: Path
) -> None:
    async def go() -> None:
        crashed = open_(clock=HandClock(), lease=0.1)
        await lock(crashed).__aenter__()
        await asyncio.sleep(1.3)
        async with lock(open_(), apply_id="a2") as locks:
            assert locks.fence("smoke") == 2
        assert found(tmp_path, "clock/*.json") == []

    asyncio.run(go())


def test_locks_are_released_one_by_one(open_: OpenState) -> None:
    async def go() -> None:
        async with lock(open_(), "a", "b") as locks:
            await locks.release("a")
            async with lock(open_(), "a", apply_id="a2"):
                pass
            with pytest.raises(Locked):
                await lock(open_(), "b").__aenter__()
            with pytest.raises(KeyError):
                locks.fence("a")

    asyncio.run(go())


def test_who_finds_one_of_several_busy_leaves_the_others_free(open_: OpenState) -> None:
    async def go() -> None:
        async with lock(open_(), "b"):
            with pytest.raises(Locked, match="b is locked by alice"):
                await lock(open_(), "a", "b", "c").__aenter__()
            async with lock(open_(), "a", "c"):
                pass

    asyncio.run(go())


def test_an_owner_can_forge_nothing_in_the_message(open_: OpenState) -> None:
    async def go() -> None:
        evil = "x\n::error::y\x1b[2J"
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


def test_many_instances_are_locked_in_a_few_listings(open_: OpenState) -> None:
    async def go() -> None:
        names = [f"p{number}" for number in range(40)]
        for apply_id in ("a1", "a2"):
            async with lock(open_(), *names, apply_id=apply_id) as locks:
                assert {locks.fence(name) for name in names} == {1 if apply_id == "a1" else 3}
                with pytest.raises(Locked, match="p10 is locked"):
                    await lock(open_(), *names[10:]).__aenter__()

    asyncio.run(go())


def test_a_link_that_others_had_passed_by_counts_as_lost(open_: OpenState, tmp_path: Path) -> None:
    def others_come_and_go() -> None:
        (folder,) = found(tmp_path, "locks/smoke")
        (top,) = folder.iterdir()
        document = json.loads(top.read_text()) | {"nonce": "other", "released": False}
        (folder / "0000000007.json").write_text(json.dumps(document))
        top.unlink()

    async def go() -> None:
        async with lock(open_(), apply_id="a0"):
            pass
        stalled = open_(clock=InterruptedClock(others_come_and_go))
        with pytest.raises(Locked, match="smoke is locked by alice"):
            await lock(stalled).__aenter__()
        assert links(tmp_path) == ["0000000007"]

    asyncio.run(go())


def test_of_two_that_were_told_they_created_it_one_has_the_lock(
    open_: OpenState, stub: StubS3
) -> None:
    """Some stores look for an object and write it in two steps."""

    def another_was_as_fast(method: str, _path: str) -> None:
        for path, data in stub.objects.items() if method == "GET" else ():
            if "locks" in path:
                stub.objects[path] = data.replace(b'"nonce": "', b'"nonce": "other-')

    async def go() -> None:
        state = open_(url="s3://bucket")
        stub.answer = another_was_as_fast
        with pytest.raises(Locked, match="smoke is locked by alice"):
            await lock(state).__aenter__()

    asyncio.run(go())
    (path,) = (each for each in stub.objects if "locks" in each)
    assert path.endswith("0000000001.json")


def test_when_the_store_fails_the_lock_is_lost_in_time(open_: OpenState, tmp_path: Path) -> None:
    async def go() -> None:
        clock = HandClock()
        async with lock(open_(clock=clock), "other", "smoke") as locks:
            break_lock(tmp_path)
            await clock.advance(40)
            assert not locks.lost
            await clock.advance(10)
            assert await until(lambda: locks.lost == {"smoke"})
            assert locks.fence("other") > 1
            with pytest.raises(StateError, match="could not be renewed in time"):
                locks.fence("smoke")

    with pytest.raises(StateError, match="a file stands where a folder should be"):
        asyncio.run(go())


def test_a_failed_release_does_not_hide_what_went_wrong_before(
    open_: OpenState, tmp_path: Path
) -> None:
    async def go() -> None:
        async with lock(open_()):
            break_lock(tmp_path)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(go())


def test_fences_go_on_where_locks_were_deleted_but_records_stayed(
    open_: OpenState, tmp_path: Path
) -> None:
    async def go() -> None:
        await open_().put_record(a_record(fence=41))
        async with lock(open_()) as locks:
            assert locks.fence("smoke") == 42
        shutil.rmtree(found(tmp_path, "locks")[0])
        async with lock(open_()) as locks:
            assert locks.fence("smoke") == 42

    asyncio.run(go())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b'{"formatVersion": 1, "inst', "is cut off or damaged"),
        (b'{"formatVersion": 9}', "has format version 9"),
        (b'{"hello": 1}', "is not a state document"),
    ],
)
def test_a_broken_lock_is_named_and_left_alone(
    open_: OpenState, tmp_path: Path, content: bytes, message: str
) -> None:
    async def go() -> None:
        async with lock(open_()):
            pass
        (path,) = found(tmp_path, "locks/smoke/*.json")
        path.write_bytes(content)
        with pytest.raises(StateError, match=message) as caught:
            await lock(open_()).__aenter__()
        assert str(path) in caught.value.message
        assert path.read_bytes() == content

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


MANY = [f"instance-{number}" for number in range(40)]


@pytest.mark.parametrize("times", [1, 2])
def test_interrupting_who_takes_many_leaves_none_of_them_held(
    open_: OpenState, stub: StubS3, times: int
) -> None:
    reached, going_on = threading.Event(), threading.Event()

    def slow(method: str, path: str) -> None:
        if method == "PUT" and "/locks/instance-13/" in path:
            reached.set()
            going_on.wait(10)

    stub.answer = slow

    async def go() -> None:
        taking = asyncio.create_task(lock(open_(url="s3://bucket"), *MANY).__aenter__())
        assert await until(reached.is_set)
        for _ in range(times):
            taking.cancel()
            await asyncio.sleep(0.05)
        going_on.set()
        with pytest.raises(asyncio.CancelledError):
            await taking
        # The one that was being written is the last.
        assert not any("/locks/instance-14/" in path for _, path in stub.requests)
        async with lock(open_(url="s3://bucket"), *MANY):
            pass

    asyncio.run(go())


def test_when_one_of_many_can_not_be_taken_the_others_are_left_free(
    open_: OpenState, stub: StubS3
) -> None:
    def refuses(method: str, path: str) -> tuple[int, str] | None:
        refused = method == "PUT" and "/locks/instance-3/" in path
        return (403, "AccessDenied") if refused else None

    async def go() -> None:
        stub.answer = refuses
        with pytest.raises(StateError, match="access is denied"):
            await lock(open_(url="s3://bucket"), *MANY).__aenter__()
        stub.answer = lambda _method, _path: None
        async with lock(open_(url="s3://bucket"), *MANY):
            pass

    asyncio.run(go())


def test_who_is_overtaken_between_looking_and_taking_is_told_by_whom(
    open_: OpenState, stub: StubS3
) -> None:
    theirs: dict[str, bytes] = {}

    def another_comes(method: str, path: str) -> None:
        if method == "PUT" and "/locks/a/" in path:
            stub.objects |= theirs

    async def go() -> None:
        async with lock(open_(url="s3://bucket"), "b"):
            theirs.update({path: data for path, data in stub.objects.items() if "/locks/" in path})
        for path in [path for path in stub.objects if "/locks/" in path]:
            del stub.objects[path]
        stub.answer = another_comes
        with pytest.raises(Locked, match="b is locked by alice"):
            await lock(open_(url="s3://bucket"), "a", "b", "c").__aenter__()
        stub.answer = lambda _method, _path: None
        async with lock(open_(url="s3://bucket"), "a", "c"):
            pass

    asyncio.run(go())


def test_a_link_whose_answer_was_lost_is_known_as_ones_own(open_: OpenState, stub: StubS3) -> None:
    def lose_one(method: str, path: str) -> None:
        if method == "PUT" and "/locks/b/" in path and not lost:
            lost.append(path)
            stub.loses_answers = 1

    lost: list[str] = []

    async def go() -> None:
        stub.answer = lose_one
        async with lock(open_(url="s3://bucket"), "a", "b", "c") as locks:
            assert (locks.fence("a"), locks.fence("b"), locks.fence("c")) == (1, 1, 1)
        assert lost

    asyncio.run(go())


def test_a_lock_is_renewed_while_others_are_still_taken(open_: OpenState, stub: StubS3) -> None:
    renewed = threading.Event()

    def slow(method: str, path: str) -> None:
        if method == "PUT" and "/locks/a/0000000002" in path:
            renewed.set()
        if method == "PUT" and "/locks/b/" in path:
            renewed.wait(10)

    stub.answer = slow

    async def go() -> None:
        async with lock(open_(url="s3://bucket", lease=1.0), "a", "b") as locks:
            assert renewed.is_set()
            assert not locks.lost

    asyncio.run(go())
