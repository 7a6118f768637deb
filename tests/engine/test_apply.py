"""Applying, from the plan to the exit code, against an emulator over a real socket."""

from runner.models.events import ApplyFinished, ApplyStarted, InstanceFinished, SessionStarted
from runner.models.record import Phase
from runner.models.verdict import Verdict
from tests.engine.bench import a_check, a_world, only, planned
from tests.engine.conftest import MakeBench


def test_a_passing_profile_is_started_followed_judged_and_recorded(make_bench: MakeBench) -> None:
    bench = make_bench()
    outcome = bench.apply(planned())
    instance = only(outcome)
    assert (instance.verdict, outcome.exit_code) == (Verdict.PASSED, 0)
    assert [check.name for check in instance.checks] == ["home", "login"]
    assert bench.session_ids == [instance.session_id]
    record = bench.records()["smoke"]
    assert (record.verdict, record.session_id) == (Verdict.PASSED, instance.session_id)
    (attempt,) = bench.attempts(outcome.apply_id)
    assert (attempt.phase, attempt.verdict) == (Phase.FINISHED, Verdict.PASSED)
    kinds = [type(event) for event in bench.events]
    order = [ApplyStarted, SessionStarted, InstanceFinished, ApplyFinished]
    assert [kind for kind in kinds if kind in order] == order


def test_a_failing_check_fails_the_apply(make_bench: MakeBench) -> None:
    bench = make_bench(a_world(a_check("home"), a_check("login", "failed")))
    outcome = bench.apply(planned())
    assert (only(outcome).verdict, outcome.exit_code) == (Verdict.FAILED, 1)
