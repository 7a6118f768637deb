"""Records, applies and what was left open, as another process finds them."""

import asyncio
from datetime import timedelta
from pathlib import Path
from random import Random
from time import process_time

import pytest

from runner.errors import Locked, StateError
from runner.models.apply_id import new_apply_id
from runner.models.record import CheckRecord, Phase, digest_of
from runner.models.verdict import Verdict
from tests.state.clocks import HandClock
from tests.state.conftest import (
    ALICE,
    NOON,
    OpenState,
    a_record,
    an_attempt,
    attempts_of,
    finish,
    leave,
    unfinished,
)


def test_a_record_is_found_whole_by_another_process(open_: OpenState) -> None:
    async def go() -> None:
        attempt = an_attempt(
            "smoke[us-east-1]",
            verdict=Verdict.FAILED,
            checks=[CheckRecord(name="Home", verdict=Verdict.FAILED)],
            by=ALICE,
            commit="abc",
        )
        await finish(open_(), attempt)
        for names in (None, ["smoke[us-east-1]", "new"]):
            (record,) = (await open_().records(names)).values()
            assert (record.instance, record.verdict) == ("smoke[us-east-1]", Verdict.FAILED)
            assert (record.request, record.checks) == (attempt.request, attempt.checks)
            assert (record.by, record.commit, record.apply_id) == (ALICE, "abc", "a1")
            assert record.digest == digest_of(attempt.request)

    asyncio.run(go())


def test_an_apply_is_read_only_where_the_request_differs(
    open_: OpenState, tmp_path: Path, place: str
) -> None:
    async def go() -> None:
        await finish(open_(), an_attempt("a"), an_attempt("b"))
        request = {"name": "a"}
        (record,) = (await open_().records(["a"], requests={"a": request})).values()
        assert (record.request, record.checks) == (request, [])
        (record,) = (await open_().records(["b"], requests={"b": {"name": "new"}})).values()
        assert record.request == {"name": "b"}
        (record,) = (await open_().records(["b"], requests={})).values()
        assert record.request == {}
        if not place.startswith("file"):
            return
        (document,) = sorted(tmp_path.rglob("applies/a1.json"))  # noqa: ASYNC240
        document.unlink()
        (record,) = (await open_().records(["a"], requests={"a": request})).values()
        assert record.request == request
        problems: list[StateError] = []
        (record,) = (await open_().records(["b"], problems=problems)).values()
        assert (record.apply_id, record.request) == ("a1", {})
        assert "The apply a1, which the record of b names, is gone." in problems[0].message

    asyncio.run(go())


def test_records_of_many_instances_take_time_in_proportion(open_: OpenState) -> None:
    def seconds(count: int) -> float:
        attempts = [an_attempt(f"p{number}", f"a{count}") for number in range(count)]
        began = process_time()
        asyncio.run(finish(open_(), *attempts))
        return process_time() - began

    seconds(100)
    assert seconds(4000) < 12 * max(seconds(1000), 0.2)


def test_reading_makes_no_folder(open_: OpenState, tmp_path: Path) -> None:
    async def read() -> None:
        state = open_(url=None)
        assert await state.records() == {}
        assert await state.records(["smoke"]) == {}
        assert await attempts_of(state, "a1") == []
        assert await unfinished(state) == []
        assert await state.running_applies() == {}
        assert await state.newest_apply() is None

    asyncio.run(read())
    assert list(tmp_path.iterdir()) == []


def test_records_go_by_the_order_of_locks_and_by_nothing_else(open_: OpenState) -> None:
    async def go() -> None:
        state = open_()
        assert await state.put_records([a_record(fence=5, apply_id="earlier")]) == []
        assert await state.put_records([a_record(fence=4, apply_id="later")]) == ["smoke"]
        assert (await state.records(brief=True))["smoke"].apply_id == "earlier"
        passed = a_record(fence=5, apply_id="earlier", verdict=Verdict.PASSED)
        assert await state.put_records([passed]) == []
        # Of one lock, what has ended is not undone by a late word of its start.
        assert await state.put_records([a_record(fence=5, apply_id="earlier")]) == ["smoke"]
        assert (await open_().records(brief=True))["smoke"].verdict is Verdict.PASSED
        assert await state.put_records([a_record(fence=6, apply_id="a")]) == []

    asyncio.run(go())


def test_the_last_checks_count_until_there_are_new_ones(open_: OpenState) -> None:
    async def go() -> None:
        checks = [CheckRecord(name="Home", verdict=Verdict.PASSED)]
        await finish(open_(), an_attempt(verdict=Verdict.PASSED, checks=checks))
        for apply_id in ("a2", "a3"):
            started = an_attempt(apply_id=apply_id, phase=Phase.STARTED, session_id="s")
            await leave(open_(), started)
            (record,) = (await open_().records()).values()
            assert (record.apply_id, record.verdict, record.checks) == (apply_id, None, checks)

    asyncio.run(go())


def test_what_a_crashed_apply_left_is_found_once_its_lease_is_over(open_: OpenState) -> None:
    async def go() -> None:
        crashed = open_(lease=2.0, clock=HandClock())  # nobody renews its lease
        locks = await crashed.lock(["a", "b"], ALICE, "a1", timeout=0).__aenter__()
        journal = await crashed.begin("a1", locks, {"a": "a", "b": "b"}, ALICE, NOON)
        started = an_attempt("a", phase=Phase.STARTED, session_id="s", fence=locks.fence("a"))
        putting = asyncio.create_task(journal.put(started, durable=True))
        await putting
        state = open_()
        assert await unfinished(state) == []
        assert 0 < (await state.running_applies())["a1"] <= 3
        # It runs, as far as anybody can tell, and so its record does.
        assert (await state.records())["a"].session_id == "s"
        assert [each.instance for each in await attempts_of(state, "a1")] == ["a"]
        await asyncio.sleep(3.2)
        assert await state.running_applies() == {}
        assert await state.unfinished_applies() == {"a1": ["a", "b"]}
        assert [each.instance for each in await unfinished(state)] == ["a"]
        never = (await attempts_of(state, "a1"))[1]
        assert (never.instance, never.verdict) == ("b", Verdict.NOT_STARTED)
        async with open_().lock(["a"], ALICE, "a2", timeout=0) as mine:
            assert mine.inherited == {"a1": ["a"]}

    asyncio.run(go())


def test_a_renamed_profile_keeps_its_records_and_its_history(open_: OpenState) -> None:
    moved = {"old": "new"}

    async def go() -> None:
        ids = [new_apply_id(NOON + timedelta(hours=n), Random(n)) for n in range(4)]
        await finish(open_(), an_attempt("old[a]", ids[0]), an_attempt("old[b]", ids[0]))
        running = an_attempt("old[b]", ids[1], phase=Phase.STARTED, session_id="s")
        await leave(open_(), running)
        for names in (None, ["new[a]", "new[b]"]):
            records = await open_(moved=moved).records(names)
            assert {name: each.apply_id for name, each in records.items()} == {
                "new[a]": ids[0],
                "new[b]": ids[1],
            }
            assert records["new[a]"].profile == "new"
            assert records["new[a]"].request == {"name": "old[a]"}
        past = [each async for each in open_(moved=moved).history()]
        assert {each.instance for apply in past for each in apply.attempts} == {"new[a]", "new[b]"}
        await finish(open_(moved=moved), an_attempt("new[a]", ids[2]))
        # From now on it stays so, even where the file does not say it any more.
        records = await open_().records(brief=True)
        assert records["new[a]"].apply_id == ids[2]
        assert records["new[b]"].apply_id == ids[1]
        assert "old[a]" not in records
        # Another profile takes the old name; the new one already has a record.
        await finish(open_(), an_attempt("old[a]", ids[3]))
        assert (await open_(moved=moved).records(brief=True))["new[a]"].apply_id == ids[2]
        newest = await open_().newest_apply()
        assert newest is not None
        assert newest.attempts[0].instance == "old[a]"

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


def test_the_newest_apply_is_told_with_its_exit_code(open_: OpenState) -> None:
    async def go() -> None:
        await finish(open_(), an_attempt(apply_id="a1"))
        await finish(open_(), an_attempt(apply_id="a2"))
        newest = await open_().newest_apply()
        assert newest is not None
        assert (newest.apply_id, newest.exit_code) == ("a2", 0)

    asyncio.run(go())
