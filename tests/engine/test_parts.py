"""The engine's small parts: ids, exit codes, order, twins, waiting."""

import asyncio
import gc
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.engine.lookup.lookup_groups import LookupGroup
from runner.engine.needs import by_member, gates
from runner.engine.run import Run
from runner.engine.summary import code_of, worst
from runner.errors import Interrupted, UsageError
from runner.models.apply_id import new_apply_id
from runner.models.clock import unless, within
from runner.models.contract.settings import Settings
from runner.models.outcome import InstanceOutcome
from runner.models.record import Attempt, Lookup, Phase
from runner.models.verdict import Verdict
from tests.engine.clocks import FakeClock

START = datetime(2026, 8, 1, 12, tzinfo=UTC)
MOMENTS = st.datetimes(
    min_value=datetime(1970, 1, 1), max_value=datetime(9000, 1, 1), timezones=st.just(UTC)
)


@given(MOMENTS, MOMENTS)
def test_ids_sort_by_time(one: datetime, other: datetime) -> None:
    rng = random.Random(1)
    first, second = new_apply_id(one, rng), new_apply_id(other, rng)
    assert len(first) == 26
    if other - one >= timedelta(milliseconds=1):
        assert first < second


@pytest.mark.parametrize(
    ("verdict", "counts", "code"),
    [
        (Verdict.PASSED, True, 0),
        (Verdict.FLAKY, True, 0),
        (Verdict.DEGRADED, True, 0),
        (Verdict.RUNNING, True, 0),
        (Verdict.FAILED, True, 1),
        (Verdict.FAILED, False, 0),
        (Verdict.CANCELLED, True, 1),
        (Verdict.NO_MATCH, True, 1),
        (Verdict.NO_MATCH, False, 0),
        (Verdict.SKIPPED, True, 1),
        (Verdict.TIMED_OUT, True, 4),
        (Verdict.TIMED_OUT, False, 0),
        (Verdict.UNKNOWN, True, 3),
        (Verdict.NOT_STARTED, True, 3),
    ],
)
def test_the_code_of_one_instance(verdict: Verdict, counts: bool, code: int) -> None:
    assert code_of(InstanceOutcome("a", "a", verdict, counts=counts)) == code


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        ([], 0),
        ([0, 1], 1),
        ([1, 4], 4),
        ([1, 4, 3], 3),
        ([1, 70, 3], 70),
        ([130, 70, 3, 4, 1, 0], 130),
    ],
)
def test_the_worst_of_several_codes(codes: list[int], code: int) -> None:
    assert worst(codes) == code


def run(name: str, *needs: str, quorum: int | None = None) -> Run:
    """A run of which only its place in the order matters."""
    attempt = Attempt(
        apply_id="1",
        instance=name,
        profile=name.partition("[")[0],
        phase=Phase.INTENT,
        request={},
        lookup=Lookup(name=name, run_location="x"),
        intent_at=START,
    )
    nothing: Any = None
    return Run(nothing, attempt, Settings(needs=list(needs), quorum=quorum))


def test_a_need_names_a_profile_or_an_instance_and_one_that_is_left_out_is_met() -> None:
    runs = [run("a[1]"), run("a[2]"), run("b", "a"), run("c", "a[2]", "elsewhere"), run("d", "a")]
    waiting = gates(runs)
    assert [gate.instances for gate in waiting["b"]] == [("a[1]", "a[2]")]
    assert [gate.instances for gate in waiting["c"]] == [("a[2]",)]
    assert waiting["b"][0] is waiting["d"][0]
    assert len(by_member(waiting)["a[2]"]) == 2


@pytest.mark.parametrize(
    "runs",
    [
        [run("a", "a")],
        [run("a", "b"), run("b", "c"), run("c", "a")],
        [run("x", "a"), run("a[1]", "b"), run("a[2]"), run("b", "a[1]")],
    ],
)
def test_circles_are_refused(runs: list[Run]) -> None:
    with pytest.raises(UsageError, match=" → "):
        gates(runs)


def test_a_diamond_is_no_circle() -> None:
    waiting = gates([run("a"), run("b", "a"), run("c", "a"), run("d", "b", "c")])
    assert [gate.name for gate in waiting["d"]] == ["b", "c"]


def test_a_long_chain_and_a_wide_fan_are_ordered_in_no_time() -> None:
    chain = [run("0"), *(run(str(n), str(n - 1)) for n in range(1, 3000))]
    fan = [run(f"many[{n}]") for n in range(1000)] + [run(f"w{n}", "many") for n in range(500)]
    assert len(gates(chain)) == 3000
    assert len(gates(fan)) == 1500


def test_a_gate_shuts_as_soon_as_its_quorum_can_not_be_reached() -> None:
    (gate,) = gates([run("a[1]", quorum=2), run("a[2]", quorum=2), run("b", "a")])["b"]
    gate.note(InstanceOutcome("a[1]", "a", Verdict.FAILED))
    assert (gate.decided.is_set(), gate.is_met) == (True, False)


def test_work_is_cut_off_by_time_or_by_an_event() -> None:
    async def main() -> None:
        clock, event = FakeClock(), asyncio.Event()
        assert await within(clock, 5, done()) == "done"
        with pytest.raises(TimeoutError):
            await within(clock, 5, asyncio.sleep(60))
        with pytest.raises(TimeoutError):
            await within(clock, 0, done())
        assert await unless(event, done()) == "done"
        event.set()
        with pytest.raises(Interrupted):
            await unless(event, done())

    async def done() -> str:
        return "done"

    asyncio.run(main())


def test_an_error_of_the_work_comes_through() -> None:
    async def fails() -> None:
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        asyncio.run(unless(asyncio.Event(), fails()))


def test_twins_in_the_air_are_waited_for_and_hold_back_the_next() -> None:
    events: list[str] = []

    async def lost(group: LookupGroup) -> None:
        async with group.turn() as lose:
            events.append("lost")
            is_alone = await lose()
            events.append(f"searching, alone: {is_alone}")
            await asyncio.sleep(0.01)
            events.append("found")

    async def quick(group: LookupGroup, name: str) -> None:
        async with group.turn():
            events.append(f"{name} leaves")
            await asyncio.sleep(0.01)
            events.append(f"{name} is back")

    async def main() -> None:
        group = LookupGroup()
        await asyncio.gather(quick(group, "a"), lost(group), later(group))

    async def later(group: LookupGroup) -> None:
        await asyncio.sleep(0.005)
        await quick(group, "b")

    asyncio.run(main())
    assert events == [
        "a leaves",
        "lost",
        "a is back",
        "searching, alone: True",
        "found",
        "b leaves",
        "b is back",
    ]


def test_two_twins_lost_at_once_can_not_be_told_apart() -> None:
    async def lost(group: LookupGroup) -> bool:
        async with group.turn() as lose:
            await asyncio.sleep(0.01)
            return await lose()

    async def main() -> list[bool]:
        group = LookupGroup()
        return list(await asyncio.gather(lost(group), lost(group)))

    assert asyncio.run(main()) == [False, False]


def test_who_is_cancelled_just_as_the_work_fails_leaves_nothing_for_asyncio_to_print() -> None:
    said: list[dict[str, Any]] = []

    async def go() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: said.append(context))
        begin = asyncio.Event()

        async def work() -> None:
            await begin.wait()
            raise ValueError("a message that nobody masked")

        waiting = asyncio.ensure_future(unless(asyncio.Event(), work()))
        for _ in range(3):
            await asyncio.sleep(0)
        begin.set()
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        gc.collect()

    asyncio.run(go())
    assert said == []
