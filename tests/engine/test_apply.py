"""Applying, from the plan to the exit code, against an emulator over a real socket."""

import asyncio
import random
import time
from collections.abc import Mapping
from typing import Any

import pytest

from runner.checkly.account import Credentials
from runner.checkly.client import Checkly
from runner.checkly.exchange import ClientOptions, Shared
from runner.engine.apply import apply
from runner.errors import Locked, StalePlan, UsageError
from runner.models.apply_id import new_apply_id
from runner.models.contract.settings import ExpectChecks
from runner.models.events import (
    ApplyFinished,
    ApplyStarted,
    InstanceFinished,
    Notice,
    SessionStarted,
)
from runner.models.outcome import ApplyOutcome, Change
from runner.models.plan import Action, Plan
from runner.models.record import Phase, Record
from runner.models.verdict import Verdict
from runner.plan.filters import failed_checks_only
from tests.engine.bench import ME, a_check, a_world, only, planned
from tests.engine.clocks import START, FakeClock
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


def test_an_apply_is_admitted_once_its_locks_are_held_and_before_anything_is_sent(
    make_bench: MakeBench,
) -> None:
    bench = make_bench()
    bench.apply(planned())
    told = []

    async def refuse(records: Mapping[str, Record]) -> None:
        told.append({name: record.verdict for name, record in records.items()})
        with pytest.raises(Locked):
            await bench.applying(planned())
        raise StalePlan("It is too old.")

    async def main() -> None:
        async with bench.client() as client:
            context, an_id = (
                bench.context(client, {}),
                new_apply_id(bench.clock.now(), random.Random()),
            )
            with pytest.raises(StalePlan):
                await apply([planned()], apply_id=an_id, context=context, admit=refuse)

    asyncio.run(main())
    assert told == [{"smoke": Verdict.PASSED}]
    assert len(bench.session_ids) == 1
    assert bench.apply(planned()).exit_code == 0


def test_a_failing_check_fails_the_apply(make_bench: MakeBench) -> None:
    bench = make_bench(a_world(a_check("home"), a_check("login", "failed")))
    outcome = bench.apply(planned())
    assert (only(outcome).verdict, outcome.exit_code) == (Verdict.FAILED, 1)


def test_order_follows_needs_and_a_failure_skips_what_needs_it(make_bench: MakeBench) -> None:
    bench = make_bench(a_world(a_check("home"), a_check("login", "failed")))
    outcome = bench.apply(
        planned("last", tags=["home"], needs=["first"]),
        planned("first", tags=["home"]),
        planned("bad", tags=["login"]),
        planned("after-bad", tags=["home"], needs=["bad"]),
        planned("after-skipped", tags=["home"], needs=["after-bad"]),
    )
    verdicts = {each.name: each.verdict for each in outcome.instances}
    assert verdicts == {
        "last": Verdict.PASSED,
        "first": Verdict.PASSED,
        "bad": Verdict.FAILED,
        "after-bad": Verdict.SKIPPED,
        "after-skipped": Verdict.SKIPPED,
    }
    assert outcome.exit_code == 1
    started = [event.instance for event in bench.events if isinstance(event, SessionStarted)]
    assert started.index("first") < started.index("last")
    assert len(bench.session_ids) == 3


def test_an_allowed_failure_satisfies_and_does_not_fail_the_apply(make_bench: MakeBench) -> None:
    bench = make_bench(a_world(a_check("home"), a_check("login", "failed")))
    outcome = bench.apply(
        planned("bad", tags=["login"], allow_failure=True),
        planned("after", tags=["home"], needs=["bad"]),
    )
    assert [each.verdict for each in outcome.instances] == [Verdict.FAILED, Verdict.PASSED]
    assert outcome.exit_code == 0


def test_a_circle_of_needs_is_refused_before_anything_is_sent(make_bench: MakeBench) -> None:
    bench = make_bench()
    with pytest.raises(UsageError, match="a → b → a"):
        bench.apply(planned("a", needs=["b"]), planned("b", needs=["a"]))
    assert bench.emulator.requests == []


def test_a_quorum_passes_a_profile_and_lets_those_that_need_it_go_on(
    make_bench: MakeBench,
) -> None:
    bench = make_bench(
        a_world(a_check("home"), a_check("login", "failed"), a_check("slow", duration=1.5))
    )
    outcome = bench.apply(
        planned("smoke[a]", tags=["home"], quorum=1),
        planned("smoke[b]", tags=["login"], quorum=1),
        planned("smoke[c]", tags=["slow"], quorum=1),
        planned("after", tags=["home"], needs=["smoke"]),
    )
    verdicts = [each.verdict for each in outcome.instances]
    assert verdicts == [Verdict.PASSED, Verdict.FAILED, Verdict.PASSED, Verdict.PASSED]
    (quorum,) = outcome.quorums
    assert (quorum.needed, quorum.passed, quorum.total) == (1, 2, 3)
    assert outcome.exit_code == 0
    finished = [e.outcome.name for e in bench.events if isinstance(e, InstanceFinished)]
    assert finished.index("after") < finished.index("smoke[c]")


def test_a_missed_quorum_fails_the_apply(make_bench: MakeBench) -> None:
    bench = make_bench(a_world(a_check("home"), a_check("login", "failed")))
    outcome = bench.apply(
        planned("smoke[a]", tags=["home"], quorum=2),
        planned("smoke[b]", tags=["login"], quorum=2),
        planned("after", tags=["home"], needs=["smoke"]),
    )
    assert outcome.instances[2].verdict is Verdict.SKIPPED
    assert outcome.exit_code == 1


@pytest.mark.parametrize(("status", "fails"), [(404, True), (403, True), (404, False)])
def test_no_matching_checks_fail_unless_that_is_allowed(
    make_bench: MakeBench, status: int, fails: bool
) -> None:
    bench = make_bench(a_world(no_matching_checks=status))
    outcome = bench.apply(planned(tags=["nothing"], fail_on_no_matching=fails))
    assert (only(outcome).verdict, outcome.exit_code) == (Verdict.NO_MATCH, int(fails))
    assert bench.records()["smoke"].verdict is Verdict.NO_MATCH


def test_expected_checks_are_judged_before_and_after(make_bench: MakeBench) -> None:
    bench = make_bench()
    outcome = bench.apply(
        planned("before", blocked="It breaks expectChecks: without Checkout."),
        planned("after", tags=["home"], expect_checks=ExpectChecks(min=2)),
        keep_going=True,
    )
    assert [each.verdict for each in outcome.instances] == [Verdict.FAILED, Verdict.FAILED]
    assert outcome.instances[1].reason == "It breaks expectChecks: 1 of at least 2 checks."
    assert (outcome.exit_code, len(bench.session_ids)) == (1, 1)


def test_concurrency_bounds_the_sessions_that_run_at_once(make_bench: MakeBench) -> None:
    bench = make_bench(a_world(a_check("home", duration=0.2)))
    outcome = bench.apply(*(planned(f"p{n}") for n in range(6)), concurrency=2)
    assert outcome.exit_code == 0
    running = most = 0
    for event in bench.events:
        running += isinstance(event, SessionStarted) - isinstance(event, InstanceFinished)
        most = max(most, running)
    assert most == 2


def test_a_session_over_its_time_is_cancelled_and_timed_out(make_bench: MakeBench) -> None:
    bench = make_bench(a_world(a_check("home", type="PLAYWRIGHT", duration=60.0)))
    outcome = bench.apply(planned(timeout_seconds=0.3))
    instance = only(outcome)
    assert (instance.verdict, outcome.exit_code) == (Verdict.TIMED_OUT, 4)
    assert [check.verdict for check in instance.checks] == [Verdict.CANCELLED]
    assert bench.emulator.sessions[0]["status"] == "CANCELLED"
    assert bench.records()["smoke"].verdict is Verdict.TIMED_OUT


def test_a_session_that_ended_unheard_before_its_time_is_judged(make_bench: MakeBench) -> None:
    bench = make_bench(a_world(a_check("home", duration=0.2)))
    bench.emulator.add_fault("hang:on=completion")
    assert only(bench.apply(planned(timeout_seconds=1.0))).verdict is Verdict.PASSED


def test_detached_sessions_are_left_running_and_wait_finishes(make_bench: MakeBench) -> None:
    bench = make_bench(a_world(a_check("home", duration=0.4), a_check("login", "failed")))
    outcome = bench.apply(
        planned("good", tags=["home"]), planned("bad", tags=["login"]), detach=True
    )
    assert {each.verdict for each in outcome.instances} == {Verdict.RUNNING}
    assert (outcome.exit_code, outcome.detached) == (0, True)
    waited = bench.wait()
    assert waited is not None
    assert waited.apply_id == outcome.apply_id
    verdicts = {each.name: each.verdict for each in waited.instances}
    assert verdicts == {"good": Verdict.PASSED, "bad": Verdict.FAILED}
    assert waited.exit_code == 1
    assert len(bench.session_ids) == 2
    again = bench.wait()
    assert (again.apply_id, again.exit_code) == (outcome.apply_id, 1)
    again = bench.wait(outcome.apply_id)
    assert again is not None
    assert again.exit_code == 1


def test_what_others_need_is_followed_even_when_detached(make_bench: MakeBench) -> None:
    bench = make_bench()
    outcome = bench.apply(planned("first"), planned("second", needs=["first"]), detach=True)
    assert [each.verdict for each in outcome.instances] == [Verdict.PASSED, Verdict.RUNNING]


def test_the_next_apply_notes_what_a_detached_one_came_to(make_bench: MakeBench) -> None:
    bench = make_bench(a_world(a_check("home", duration=0.1)))
    first = bench.apply(planned(), detach=True)
    time.sleep(0.3)
    bench.apply(planned())
    (attempt,) = bench.attempts(first.apply_id)
    assert (attempt.phase, attempt.verdict) == (Phase.FINISHED, Verdict.PASSED)
    assert len(bench.session_ids) == 2


def test_cancel_reaches_the_sessions_of_ones_last_apply(make_bench: MakeBench) -> None:
    bench = make_bench(a_world(a_check("home", type="PLAYWRIGHT", duration=60.0)))
    bench.apply(planned("a"), planned("b"), detach=True)
    bench.apply(planned("b"), detach=True)
    ((record, error),) = asyncio.run(bench.cancelling())
    assert (record.instance, error) == ("b", None)
    statuses = [session["status"] for session in bench.emulator.sessions]
    assert statuses.count("CANCELLED") == 1
    both = asyncio.run(bench.cancelling(lambda record: record.profile in {"a", "b"}))
    assert [record.instance for record, _ in both] == ["a", "b"]


def test_checks_are_compared_with_the_last_apply(make_bench: MakeBench) -> None:
    flips = [a_check("home", "passed", "failed"), a_check("login", "failed", "passed")]
    bench = make_bench(a_world(*flips))
    assert {check.change for check in only(bench.apply(planned())).checks} == {None}
    changes = [check.change for check in only(bench.apply(planned())).checks]
    assert changes == [Change.NEWLY_FAILING, Change.FIXED]


def test_a_busy_lock_stops_the_apply_before_anything_is_sent(make_bench: MakeBench) -> None:
    bench = make_bench()

    async def twice() -> None:
        locks = bench.state().lock(["smoke"], ME, "01", timeout=0)
        async with locks:
            await bench.applying(planned())

    with pytest.raises(Locked):
        asyncio.run(twice())
    assert bench.session_ids == []


def test_a_removed_profile_is_archived(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.apply(planned("old"))
    record = bench.records()["old"]
    gone = planned("old", record=record)._replace(action=Action.REMOVED, instance=None)
    outcome = bench.apply(planned("new"), gone)
    assert [each.name for each in outcome.instances] == ["new"]
    assert bench.records()["old"].archived_at is not None


def test_requests_stay_within_their_budget(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.client_options = ClientOptions()  # a machine that is busy must not lose an answer
    outcome = bench.apply(*(planned(f"p{n}") for n in range(20)), concurrency=20)
    assert outcome.exit_code == 0
    polls = bench.emulator.counts["completion"]
    assert len(bench.emulator.requests) <= 1 + 20 + polls
    assert polls <= 40


def test_a_cancellation_that_is_refused_is_told(make_bench: MakeBench) -> None:
    bench = make_bench(a_world(a_check("home", duration=5.0)))
    bench.apply(planned(), detach=True)
    bench.emulator.add_fault("status:on=cancel,status=403")
    ((_, error),) = asyncio.run(bench.cancelling())
    assert error is not None
    assert "no permission to do this" in error.message


def test_waiting_for_an_apply_that_never_was_is_an_error(make_bench: MakeBench) -> None:
    with pytest.raises(UsageError, match="no apply 01NONE"):
        make_bench().wait("01NONE")


def test_one_client_after_another_keeps_one_limit(make_bench: MakeBench) -> None:
    bench = make_bench()
    clock = FakeClock()
    shared = Shared(clock, 2)

    async def main() -> None:
        for _ in range(3):
            async with Checkly(
                Credentials(bench.emulator.api_key, bench.emulator.account_id, bench.emulator.url),
                clock=clock,
                rng=random.Random(1),
                emit=lambda _: None,
                shared=shared,
            ) as client:
                await client.account()

    asyncio.run(main())
    assert clock.time - 1000.0 >= 60.0


def test_a_session_not_known_everywhere_at_once_is_followed(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.emulator.add_fault("status:on=completion,status=404,times=1")
    assert only(bench.apply(planned())).verdict is Verdict.PASSED


def test_a_second_apply_of_the_same_waits_for_the_lock(make_bench: MakeBench) -> None:
    bench = make_bench(a_world(a_check("home", duration=0.5)))

    async def both() -> list[ApplyOutcome]:
        first = asyncio.create_task(bench.applying(planned()))
        await asyncio.sleep(0.3)
        second = asyncio.create_task(bench.applying(planned(), lock_timeout=60.0))
        return list(await asyncio.gather(first, second))

    outcomes = asyncio.run(both())
    assert [each.exit_code for each in outcomes] == [0, 0]
    assert bench.records()["smoke"].apply_id == outcomes[1].apply_id
    told = [event.text for event in bench.events if isinstance(event, Notice)]
    assert [text for text in told if "is locked" in text] == told
    (sentence,) = told
    assert f"apply {outcomes[0].apply_id}" in sentence
    assert sentence.endswith("Waiting for up to 60 s.")


def test_what_was_left_out_is_in_the_history_and_keeps_wait_from_going_green(
    make_bench: MakeBench,
) -> None:
    bench = make_bench(a_world(a_check("home"), a_check("login", "failed")))
    outcome = bench.apply(
        planned("bad", tags=["login"]),
        planned("after", tags=["home"], needs=["bad"]),
        planned("blocked", blocked="It breaks expectChecks."),
        keep_going=True,
    )
    attempts = {each.instance: each for each in bench.attempts(outcome.apply_id)}
    assert {name: each.verdict for name, each in attempts.items()} == {
        "bad": Verdict.FAILED,
        "after": Verdict.SKIPPED,
        "blocked": Verdict.FAILED,
    }
    assert set(bench.records()) == {"bad"}
    again = bench.wait(outcome.apply_id)
    assert again is not None
    assert [each.verdict for each in again.instances] == [
        Verdict.SKIPPED,
        Verdict.FAILED,
        Verdict.FAILED,
    ]


def test_a_quorum_is_not_told_while_its_sessions_run(make_bench: MakeBench) -> None:
    bench = make_bench()
    outcome = bench.apply(planned("smoke[a]", quorum=1), planned("smoke[b]", quorum=1), detach=True)
    assert (outcome.quorums, outcome.exit_code) == ((), 0)
    waited = bench.wait()
    assert waited is not None
    assert waited.quorums[0].reached


def test_a_blocked_instance_stops_the_apply_before_anything_is_sent(make_bench: MakeBench) -> None:
    bench = make_bench()
    blocked = planned("blocked", blocked="It breaks expectChecks.")
    outcome = bench.apply(planned("fine", tags=["home"]), blocked)
    assert [each.verdict for each in outcome.instances] == [Verdict.SKIPPED, Verdict.FAILED]
    assert outcome.instances[0].reason == "blocked is blocked; --keep-going applies the rest."
    assert (outcome.exit_code, bench.session_ids) == (1, [])


@pytest.mark.parametrize("settings", [{"allow_failure": True}, {"quorum": 1}])
def test_a_blocked_instance_that_need_not_pass_stops_nothing(
    make_bench: MakeBench, settings: dict[str, Any]
) -> None:
    bench = make_bench()
    blocked = planned("smoke[a]", blocked="It breaks expectChecks.", **settings)
    outcome = bench.apply(planned("smoke[b]", tags=["home"], **settings), blocked)
    assert [each.verdict for each in outcome.instances] == [Verdict.PASSED, Verdict.FAILED]
    assert outcome.exit_code == 0


def test_checks_that_passed_earlier_are_merged_into_the_verdict(make_bench: MakeBench) -> None:
    bench = make_bench(a_world(a_check("home"), a_check("login", "failed", "passed")))
    whole: dict[str, Any] = {"metadata": {"commitId": "4f2a"}}
    assert bench.apply(planned(body=whole)).exit_code == 1
    again = planned(body=whole, record=bench.records()["smoke"], expect_checks=ExpectChecks(min=2))
    plan = failed_checks_only(Plan((again,)), START.date())
    outcome = bench.apply(*plan.instances)
    checks = {check.name: check for check in only(outcome).checks}
    assert checks["home"].verdict is Verdict.PASSED
    assert [name for name, check in checks.items() if check.attempts] == ["login"]
    assert outcome.exit_code == int(checks["login"].verdict is Verdict.FAILED)
    record = bench.records()["smoke"]
    assert {check.name for check in record.checks} == {"home", "login"}
    assert record.request == again.request
