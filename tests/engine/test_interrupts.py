"""Signals: the first is gentle, the second leaves at once, and the state says what is left."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from runner.checkly.exchange import ClientOptions
from runner.engine.control.shutdown import SAME_SECONDS, Stop
from runner.errors import Interrupted
from runner.models.events import (
    ApplyInterrupted,
    ApplyStarted,
    Event,
    InstanceFinished,
    Notice,
    RequestMade,
    SessionCancelling,
    SessionStarted,
)
from runner.models.outcome import ApplyOutcome
from runner.models.record import Phase
from runner.models.verdict import Verdict
from tests.engine.bench import Bench, a_check, a_world, only, planned
from tests.engine.clocks import FakeClock
from tests.engine.conftest import MakeBench


def signal_on(bench: Bench, kind: type, *, times: int = 1) -> None:
    """Send signals to the apply right after its first event of ``kind``."""
    left = [times]

    def watch(event: Event) -> None:
        if isinstance(event, kind) and left[0]:
            stop = bench.stop
            assert stop is not None
            while left[0]:
                left[0] -= 1
                stop.signal()
                stop._last = None  # the signals are far apart

    bench.watch = watch


def test_signals_close_together_count_as_one() -> None:
    clock = FakeClock()
    stop = Stop(clock)
    stop.signal()
    clock.time += SAME_SECONDS / 2
    stop.signal()
    assert (stop.gently.is_set(), stop.at_once.is_set()) == (True, False)
    clock.time += SAME_SECONDS
    stop.signal()
    assert stop.at_once.is_set()


def test_the_first_signal_cancels_what_runs_and_starts_nothing_more(
    make_bench: MakeBench,
) -> None:
    bench = make_bench(a_world(a_check("home", type="PLAYWRIGHT", duration=60.0)))
    signal_on(bench, SessionStarted)
    outcome = bench.apply(planned("a"), planned("b"), planned("c", needs=["a"]), concurrency=1)
    verdicts = [each.verdict for each in outcome.instances]
    assert verdicts == [Verdict.CANCELLED, Verdict.NOT_STARTED, Verdict.NOT_STARTED]
    assert (outcome.exit_code, outcome.interrupted) == (130, True)
    assert len(bench.session_ids) == 1
    attempts = bench.attempts(outcome.apply_id)
    assert [attempt.verdict for attempt in attempts] == verdicts
    assert {attempt.phase for attempt in attempts} == {Phase.FINISHED}


def test_what_can_not_be_cancelled_is_left_for_wait(make_bench: MakeBench) -> None:
    bench = make_bench(a_world(a_check("home", type="API", duration=3.0)))
    signal_on(bench, SessionStarted)
    outcome = bench.apply(planned(), grace_seconds=0.3)
    assert (only(outcome).verdict, outcome.exit_code) == (Verdict.RUNNING, 130)
    (attempt,) = bench.attempts(outcome.apply_id)
    assert attempt.phase is Phase.STARTED
    bench.watch = None
    waited = bench.wait()
    assert waited is not None
    assert (only(waited).verdict, waited.exit_code) == (Verdict.PASSED, 0)


def test_the_second_signal_leaves_at_once(make_bench: MakeBench) -> None:
    bench = make_bench(a_world(a_check("home", type="API", duration=60.0)))
    signal_on(bench, SessionCancelling)  # the second one, as the first was already handled
    gentle = bench.watch

    def watch(event: Event) -> None:
        assert bench.stop is not None
        if isinstance(event, SessionStarted):
            bench.stop.signal()
            bench.stop._last = None
        if gentle is not None:
            gentle(event)

    bench.watch = watch
    outcome = bench.apply(planned(), grace_seconds=60.0)
    assert (only(outcome).verdict, outcome.exit_code) == (Verdict.RUNNING, 130)
    (attempt,) = bench.unfinished()
    assert attempt.phase is Phase.STARTED
    took = (outcome.stopped_at - outcome.started_at).total_seconds()
    assert took < 20


@pytest.mark.parametrize("fault", ["hang:on=trigger", "hang:on=trigger,work=after"])
def test_a_signal_while_the_trigger_is_in_the_air_waits_for_what_came_of_it(
    make_bench: MakeBench, fault: str
) -> None:
    bench = make_bench()
    bench.emulator.add_fault(fault)
    outcome = interrupted_after(bench, 0.5)
    after = "work=after" in fault
    assert len(bench.session_ids) == int(after)
    assert outcome.exit_code == 130
    (attempt,) = bench.attempts(outcome.apply_id)
    if after:
        assert attempt.session_id == bench.session_ids[0]
    else:
        assert (only(outcome).verdict, attempt.phase) == (Verdict.UNKNOWN, Phase.INTENT)
        bench.emulator.clear_faults()
        waited = bench.wait()
        assert waited is not None
        assert only(waited).verdict is Verdict.NOT_STARTED


def test_a_signal_while_the_trigger_waits_for_its_turn_sends_nothing(
    make_bench: MakeBench,
) -> None:
    bench = make_bench()
    bench.emulator.add_fault("429:on=trigger,retry-after=2")
    outcome = interrupted_after(bench, 0.7)
    assert (only(outcome).verdict, outcome.exit_code) == (Verdict.NOT_STARTED, 130)
    assert bench.emulator.counts["trigger"] == 1
    assert bench.session_ids == []


def test_a_signal_before_anything_was_sent_is_an_error(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.emulator.add_fault("hang:on=account")
    with pytest.raises(Interrupted):
        interrupted_after(bench, 0.3)
    assert bench.unfinished() == []


def interrupted_after(bench: Bench, seconds: float, **options: Any) -> ApplyOutcome:
    async def main() -> ApplyOutcome:
        asyncio.get_running_loop().call_later(seconds, signal_now(bench))
        return await bench.applying(planned(), **options)

    return asyncio.run(main())


def test_a_signal_does_not_wait_for_the_reasons_of_a_failure(make_bench: MakeBench) -> None:
    bench = make_bench(a_world(a_check("home", "failed")))
    bench.emulator.add_fault("hang:on=result")
    bench.client_options = ClientOptions(answer_seconds=30.0)
    began = time.monotonic()
    outcome = interrupted_after(bench, 2.0)
    assert time.monotonic() - began < 8
    assert (only(outcome).verdict, outcome.exit_code) == (Verdict.FAILED, 130)


def signal_now(bench: Bench) -> Callable[[], None]:
    def now() -> None:
        assert bench.stop is not None
        bench.stop.signal()

    return now


def test_requests_are_told_as_events(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.apply(planned())
    made = [event for event in bench.events if isinstance(event, RequestMade)]
    assert [(each.method, each.status) for each in made][:2] == [("GET", 200), ("POST", 201)]
    assert bench.emulator.api_key not in repr(bench.events)


def test_a_session_whose_end_nobody_answers_for_is_unknown_at_its_time(
    make_bench: MakeBench,
) -> None:
    bench = make_bench(a_world(a_check("home", duration=60.0)))
    bench.emulator.add_fault("hang:on=completion")
    bench.emulator.add_fault("hang:on=get")
    outcome = bench.apply(planned(timeout_seconds=0.5), grace_seconds=0.5)
    assert (only(outcome).verdict, outcome.exit_code) == (Verdict.UNKNOWN, 3)
    assert [attempt.phase for attempt in bench.unfinished()] == [Phase.STARTED]


def test_a_cancellation_that_is_not_answered_does_not_hold_up_the_end(
    make_bench: MakeBench,
) -> None:
    bench = make_bench(a_world(a_check("home", type="API", duration=60.0)))
    bench.emulator.add_fault("hang:on=cancel")
    outcome = bench.apply(planned(timeout_seconds=0.5), grace_seconds=0.3)
    assert (only(outcome).verdict, outcome.exit_code) == (Verdict.TIMED_OUT, 4)
    assert "still running: the request to cancel it was not answered." in (
        only(outcome).reason or ""
    )


def test_what_an_interrupted_wait_reports_early_has_what_ended_before(
    make_bench: MakeBench,
) -> None:
    bench = make_bench(a_world(a_check("home"), a_check("slow", type="API", duration=5.0)))
    signal_on(bench, InstanceFinished)
    both = planned("quick", tags=["home"]), planned("late", tags=["slow"])
    bench.apply(*both, grace_seconds=0.2)
    signal_on(bench, ApplyStarted)
    bench.wait(grace_seconds=0.2)
    early = [event.outcome for event in bench.events if isinstance(event, ApplyInterrupted)][-1]
    assert [each.verdict for each in early.instances] == [Verdict.RUNNING, Verdict.PASSED]


def test_what_happens_is_said_and_reported_before_the_grace(make_bench: MakeBench) -> None:
    bench = make_bench(a_world(a_check("home", type="API", duration=3.0)))
    signal_on(bench, SessionStarted)
    bench.apply(planned(), planned("later", needs=["smoke"]), grace_seconds=0.5)
    kinds = [type(event) for event in bench.events]
    (early,) = [event.outcome for event in bench.events if isinstance(event, ApplyInterrupted)]
    assert kinds.index(ApplyInterrupted) < kinds.index(InstanceFinished)
    assert [each.verdict for each in early.instances] == [Verdict.RUNNING, Verdict.NOT_STARTED]
    assert (early.exit_code, early.interrupted) == (130, True)
    (said,) = [e.text for e in bench.events if isinstance(e, Notice) and "Interrupted" in e.text]
    assert said == (
        "Interrupted: cancelling 1 session, then following for up to 0.5 s."
        " Press Ctrl-C again to exit at once."
    )


def test_the_first_signal_may_be_answered_by_leaving_the_sessions_running(
    make_bench: MakeBench,
) -> None:
    bench = make_bench(a_world(a_check("home", type="PLAYWRIGHT", duration=1.0)))

    def watch(event: Event) -> None:
        stop = bench.stop
        assert stop is not None
        if isinstance(event, SessionStarted):
            stop.offer = 5.0
            stop.signal()
        elif isinstance(event, ApplyInterrupted):
            stop.leave_running.set()

    bench.watch = watch
    outcome = bench.apply(planned())
    assert (only(outcome).verdict, outcome.exit_code) == (Verdict.RUNNING, 130)
    assert only(outcome).reason == "Left running."
    assert "cancel" not in bench.emulator.counts
    assert any("Press d within 5 s" in e.text for e in bench.events if isinstance(e, Notice))


def test_wait_says_again_that_an_apply_was_interrupted(make_bench: MakeBench) -> None:
    bench = make_bench(a_world(a_check("home")))
    signal_on(bench, SessionStarted)
    outcome = bench.apply(planned())
    assert only(outcome).verdict is Verdict.PASSED
    bench.watch = lambda _: None
    again = bench.wait()
    assert (again.apply_id, again.exit_code) == (outcome.apply_id, 130)
    assert again.interrupted


def test_a_signal_while_a_trigger_is_in_the_air_is_answered_at_once(make_bench: MakeBench) -> None:
    bench = make_bench(a_world(a_check("home")))
    bench.emulator.add_fault("latency:on=trigger,seconds=0.5")

    def watch(event: Event) -> None:
        if isinstance(event, ApplyStarted):
            stop = bench.stop
            assert stop is not None
            asyncio.get_running_loop().call_later(0.2, stop.signal)

    bench.watch = watch
    bench.apply(planned(), planned("b"), concurrency=1)
    said = [e.text for e in bench.events if isinstance(e, Notice)]
    assert said == [
        "Interrupted: no more sessions are started. Press Ctrl-C again to exit at once."
    ]
