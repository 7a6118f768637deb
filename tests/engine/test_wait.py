"""`wait` gates as the apply would have: nothing that is open, lost or not started goes green."""

import asyncio
import random
import time
from typing import Any

import pytest

from runner.engine.journal import Journal
from runner.engine.run import Run
from runner.errors import Locked, StateError
from runner.models.apply_id import new_apply_id
from runner.models.events import ApplyFinished, Notice
from runner.models.verdict import Verdict
from runner.state.locks import Locks
from tests.engine.bench import ME, Bench, a_check, a_world, only, planned
from tests.engine.conftest import MakeBench


def die(bench: Bench, *names: str, started: int = 0, apply_id: str = "00DEAD") -> None:
    """Leave what an apply leaves that is killed once some of its sessions have started."""

    async def main() -> None:
        async with bench.client() as client:
            context = bench.context(client, {})
            locks = context.state.lock(names, context.owner, apply_id, timeout=0)
            await locks.__aenter__()
            journal = Journal(context, locks)
            await journal.begin(dict.fromkeys(names, "smoke"), bench.clock.now())
            for name in names[:started]:
                run = Run.of_planned(journal, planned(name))
                assert run.request is not None
                await run.intend()
                await run.begin(await client.trigger(run.request))
            await journal.flush()
            assert locks._keeper is not None
            locks._keeper.cancel()

    asyncio.run(main())


def notices(bench: Bench) -> str:
    return " ".join(event.text for event in bench.events if isinstance(event, Notice))


def test_a_state_that_knows_no_apply_is_an_error(make_bench: MakeBench) -> None:
    with pytest.raises(StateError, match="has no apply") as raised:
        make_bench().wait()
    assert raised.value.exit_code == 3


@pytest.mark.parametrize(("ends", "code"), [("passed", 0), ("failed", 1)])
def test_with_nothing_open_the_newest_verdict_is_repeated(
    make_bench: MakeBench, ends: str, code: int
) -> None:
    bench = make_bench(a_world(a_check("home", ends)))
    bench.apply(planned("older", tags=["nothing"]))
    outcome = bench.apply(planned())
    for _ in range(2):
        again = bench.wait()
        assert (again.apply_id, again.exit_code) == (outcome.apply_id, code)
        assert only(again).verdict is only(outcome).verdict
        assert only(again).session_id == only(outcome).session_id
    assert f"The newest apply, {outcome.apply_id}, ended as follows." in notices(bench)
    assert [e.outcome for e in bench.events if isinstance(e, ApplyFinished)][-1] == again


@pytest.mark.parametrize(
    ("applied_in", "waited_in", "is_warned"),
    [
        (None, None, False),
        ("https://ci/1", "https://ci/1", False),
        ("https://ci/1", "https://ci/2", True),
        (None, "https://ci/2", True),
        ("https://ci/1", None, False),
    ],
)
def test_the_apply_of_another_ci_run_is_not_passed_off_as_this_ones(
    make_bench: MakeBench, applied_in: str | None, waited_in: str | None, is_warned: bool
) -> None:
    bench = make_bench()
    bench.owner = ME.model_copy(update={"ci_url": applied_in})
    bench.apply(planned())
    bench.owner = ME.model_copy(update={"ci_url": waited_in})
    assert bench.wait().exit_code == 0
    assert ("This CI run has applied nothing here." in notices(bench)) is is_warned


def test_a_dead_owners_lease_is_waited_for(make_bench: MakeBench) -> None:
    bench = make_bench(a_world(a_check("home", "failed")))
    bench.lease = 2.0
    die(bench, "smoke", started=1)
    began = time.monotonic()
    waited = bench.wait()
    assert (only(waited).verdict, waited.exit_code) == (Verdict.FAILED, 1)
    assert time.monotonic() - began > 1.0
    assert "its lock has not expired yet: waiting" in notices(bench)


def test_a_wait_after_the_time_of_a_session_still_tells_why_it_failed(
    make_bench: MakeBench,
) -> None:
    bench = make_bench(a_world(a_check("home", "failed")))
    applied = bench.apply(planned(timeout_seconds=0.5), detach=True)
    time.sleep(1.0)
    (check,) = only(bench.wait(applied.apply_id)).checks
    assert "got 500" in (check.error or "")


def test_an_owner_that_lives_is_not_waited_for_for_ever(make_bench: MakeBench) -> None:
    bench = make_bench(a_world(a_check("home", duration=30.0)))
    bench.lease = 1.0

    async def both() -> None:
        applying = asyncio.ensure_future(bench.applying(planned()))
        await asyncio.sleep(1.0)
        with pytest.raises(Locked, match="is still running"):
            await bench.waiting()
        applying.cancel()
        await asyncio.gather(applying, return_exceptions=True)

    asyncio.run(both())


@pytest.mark.parametrize("by_id", [True, False])
def test_what_was_never_started_is_not_started(make_bench: MakeBench, by_id: bool) -> None:
    bench = make_bench()
    bench.lease = 1.0
    names = [f"smoke[{number}]" for number in range(6)]
    die(bench, *names, started=2)
    waited = bench.wait("00DEAD" if by_id else None)
    verdicts = [each.verdict for each in waited.instances]
    assert verdicts == [Verdict.PASSED] * 2 + [Verdict.NOT_STARTED] * 4
    assert waited.exit_code == 3
    assert bench.wait().exit_code == 3


def test_an_apply_that_died_before_its_first_start_is_not_green(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.lease = 1.0
    bench.apply(planned("before"))
    dead = new_apply_id(bench.clock.now(), random.Random())
    die(bench, "smoke", apply_id=dead)
    for named in (dead, None, None):  # a job that is run again is no greener
        waited = bench.wait(named)
        assert (waited.apply_id, waited.exit_code) == (dead, 3)
        assert only(waited).verdict is Verdict.NOT_STARTED


def test_a_trigger_gets_no_more_time_than_its_lock_is_sure_of(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make_bench()
    bench.lease = 3.0
    bench.emulator.add_fault("latency:on=trigger,seconds=30,times=1")
    sound, asked = Locks.fence, []

    def fence(self: Locks, instance: str, seconds: float = 0.0) -> Any:
        asked.append(seconds)
        return sound(self, instance, seconds)

    monkeypatch.setattr(Locks, "fence", fence)
    began = time.monotonic()
    bench.apply(planned())
    assert time.monotonic() - began < 20
    assert max(asked) == pytest.approx(1.0)
