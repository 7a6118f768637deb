from typing import Any

from runner.models.contract.settings import ExpectChecks, Quarantine
from runner.models.verdict import Verdict
from tests.engine.bench import Bench, a_check, a_world, only, planned
from tests.engine.conftest import MakeBench


def again(bench: Bench, **settings: Any) -> tuple[Verdict, bool, int]:
    """What an apply comes to that knows of the one before and fails on new failures."""
    record = bench.records().get("smoke")
    outcome = bench.apply(planned(record=record, **settings), fail_on_new=True)
    instance = only(outcome)
    return instance.verdict, instance.counts, outcome.exit_code


def test_a_check_that_failed_the_last_time_does_not_fail_the_apply_again(
    make_bench: MakeBench,
) -> None:
    bench = make_bench(a_world(a_check("home"), a_check("login", "failed")))
    assert again(bench) == (Verdict.FAILED, True, 1)  # no last time is known
    assert again(bench) == (Verdict.FAILED, False, 0)


def test_a_check_that_fails_anew_does(make_bench: MakeBench) -> None:
    known, fresh = a_check("login", "failed"), a_check("home", "passed", "failed")
    bench = make_bench(a_world(known, fresh))
    again(bench)
    assert again(bench) == (Verdict.FAILED, True, 1)
    assert again(bench) == (Verdict.FAILED, False, 0)


def test_what_else_is_wrong_still_counts(make_bench: MakeBench) -> None:
    bench = make_bench(a_world(a_check("login", "failed")))
    again(bench)
    expected = ExpectChecks.model_validate({"min": 5})
    assert again(bench, expect_checks=expected)[1:] == (True, 1)
    late = make_bench(a_world(a_check("slow", "failed", duration=30.0)))
    assert again(late, timeout_seconds=0.3)[1] is True


def test_who_needs_it_goes_on(make_bench: MakeBench) -> None:
    bench = make_bench(a_world(a_check("home"), a_check("login", "failed")))
    bench.apply(planned("first", tags=["login"]))
    record = bench.records()["first"]
    outcome = bench.apply(
        planned("first", tags=["login"], record=record),
        planned("then", tags=["home"], needs=["first"]),
        fail_on_new=True,
    )
    verdicts = [(each.verdict, each.counts) for each in outcome.instances]
    assert verdicts == [(Verdict.FAILED, False), (Verdict.PASSED, True)]
    assert outcome.exit_code == 0


def test_quarantined_checks_are_no_news(make_bench: MakeBench) -> None:
    bench = make_bench(a_world(a_check("login", "failed"), a_check("mail", "passed", "failed")))
    again(bench)
    mail = Quarantine.model_validate(
        {"check": "mail", "reason": "r", "owner": "o", "until": "2999-01-01"}
    )
    assert again(bench, quarantine=[mail]) == (Verdict.FAILED, False, 0)
