"""Plans narrowed to what an apply wants of them."""

from datetime import timedelta
from typing import Any

import pytest

from runner.models.contract.settings import ExpectChecks, Quarantine
from runner.models.plan import Action, CheckDrift, Plan, PlannedInstance
from runner.models.record import CheckRecord, Record
from runner.models.verdict import Verdict
from runner.plan.filters import changed_only, failed_checks_only, failed_only
from tests.engine.bench import planned
from tests.engine.clocks import START

COMMIT = "4f2a" * 10
TODAY = START.date()
HOME = CheckRecord(id="1", name="home", verdict=Verdict.PASSED)
LOGIN = CheckRecord(id="2", name="login", verdict=Verdict.FAILED)
SEARCH = CheckRecord(id="3", name="search", verdict=None)


def record(**fields: Any) -> Record:
    return Record(
        **{
            "instance": "smoke",
            "profile": "smoke",
            "apply_id": "1",
            "request": {},
            "verdict": Verdict.FAILED,
            "checks": [HOME, LOGIN, SEARCH],
            "commit": COMMIT,
            "applied_at": START,
            **fields,
        }
    )


def one(last: Record | None, **body: Any) -> PlannedInstance:
    whole = {"metadata": {"commitId": COMMIT}, **body}
    return planned(body=whole, tags=["critical"], record=last)


def test_only_the_checks_that_did_not_pass_are_left() -> None:
    plan = failed_checks_only(Plan((one(record()),)), TODAY)
    (narrowed,) = plan.instances
    assert narrowed.instance is not None
    assert narrowed.instance.body["target"] == {
        "matchTags": [["critical"]],
        "checkId": ["2", "3"],
    }
    assert narrowed.request == one(None).request
    assert narrowed.passed_earlier == (HOME,)
    assert narrowed.warnings == (f"2 checks of 3 run again; 1 passed earlier at {COMMIT[:12]}.",)


def test_the_cost_is_that_of_the_checks_that_are_left() -> None:
    checks = CheckDrift(("home", "login", "search"), most_runs=9)
    (narrowed,) = failed_checks_only(
        Plan((one(record())._replace(checks=checks),)), TODAY
    ).instances
    assert narrowed.checks == CheckDrift(("login", "search"), most_runs=6)
    uneven = checks._replace(most_runs=10)
    (narrowed,) = failed_checks_only(
        Plan((one(record())._replace(checks=uneven),)), TODAY
    ).instances
    assert narrowed.checks is not None
    assert repr(narrowed.checks.most_runs) == "6"
    own = checks._replace(most_runs=None)
    (narrowed,) = failed_checks_only(Plan((one(record())._replace(checks=own),)), TODAY).instances
    assert narrowed.checks == CheckDrift(("login", "search"), most_runs=None)


@pytest.mark.parametrize(
    "last",
    [
        record(commit="other"),
        record(commit=None),
        record(checks=[LOGIN]),
        record(checks=[HOME]),
        record(checks=[]),
        record(checks=[HOME, CheckRecord(name="nameless", verdict=Verdict.FAILED)]),
    ],
    ids=str,
)
def test_where_it_is_not_known_all_of_them_run(last: Record) -> None:
    plan = Plan((one(last),))
    assert failed_checks_only(plan, TODAY).instances == plan.instances


def test_another_request_runs_whole() -> None:
    changed = one(record())._replace(action=Action.UPDATE)
    assert failed_checks_only(Plan((changed,)), TODAY).instances == (changed,)


def test_what_passed_is_left_out_and_what_is_new_stays_and_is_said() -> None:
    passed, new = one(record(verdict=Verdict.PASSED, checks=[HOME])), one(None)
    for narrow in (changed_only, failed_only, failed_checks_only):
        plan = narrow(Plan((passed, new)), TODAY)
        assert plan.instances == (new,)
        assert plan.warnings == ("Also applied, since no last verdict is known: smoke.",)
        assert narrow(Plan((passed,)), TODAY) == Plan(())


def quarantine(check: str, days: int = 1) -> list[Quarantine]:
    until = TODAY + timedelta(days=days)
    return [Quarantine(check=check, reason="flaps", owner="web", until=until)]


SLOW = CheckRecord(id="4", name="slow", verdict=Verdict.DEGRADED)


@pytest.mark.parametrize(
    ("checks", "settings", "stays"),
    [
        ([HOME, LOGIN], {"quarantine": quarantine("login")}, False),
        ([HOME, LOGIN], {"quarantine": quarantine("2", days=0)}, False),
        ([HOME, LOGIN], {"quarantine": quarantine("login", days=-1)}, True),
        ([HOME, LOGIN], {"quarantine": quarantine("home")}, True),
        ([HOME, LOGIN], {}, True),
        ([HOME, SLOW], {}, False),
        ([HOME, SLOW], {"fail_on_degraded": True}, True),
        ([HOME, SEARCH], {}, False),
        ([HOME], {"expect_checks": ExpectChecks(include=["home"])}, False),
        ([HOME], {"expect_checks": ExpectChecks(min=2)}, True),
    ],
)
@pytest.mark.parametrize("narrow", [changed_only, failed_only, failed_checks_only])
def test_a_pass_that_would_fail_today_is_none(
    narrow: Any, checks: list[CheckRecord], settings: dict[str, Any], stays: bool
) -> None:
    last = record(verdict=Verdict.PASSED, checks=checks)
    planned_again = planned(record=last, **settings)
    assert bool(narrow(Plan((planned_again,)), TODAY).instances) is stays


@pytest.mark.parametrize("narrow", [changed_only, failed_only, failed_checks_only])
def test_a_pass_that_a_later_apply_did_not_repeat_is_none(narrow: Any) -> None:
    passed = one(record(verdict=Verdict.PASSED, checks=[HOME]))._replace(is_untried=True)
    assert narrow(Plan((passed,)), TODAY).instances == (passed,)


def test_a_degraded_check_runs_again_where_that_is_a_failure() -> None:
    last = record(verdict=Verdict.FAILED, checks=[HOME, SLOW])
    body = {"metadata": {"commitId": COMMIT}}
    again = planned(body=body, record=last, fail_on_degraded=True)
    (narrowed,) = failed_checks_only(Plan((again,)), TODAY).instances
    assert narrowed.passed_earlier == (HOME,)


def test_what_changed_stays_though_it_passed_and_what_failed_though_it_did_not_change() -> None:
    updated = one(record(verdict=Verdict.PASSED))._replace(action=Action.UPDATE)
    failed = one(record())
    assert changed_only(Plan((updated, failed)), TODAY).instances == (updated, failed)


@pytest.mark.parametrize("narrow", [failed_only, failed_checks_only])
@pytest.mark.parametrize("verdict", [Verdict.PASSED, Verdict.FAILED])
def test_what_is_removed_stays_only_to_be_pruned(narrow: Any, verdict: Verdict) -> None:
    gone = one(record(verdict=verdict))._replace(action=Action.REMOVED)
    assert narrow(Plan((gone,)), TODAY).instances == ()
    assert narrow(Plan((gone,)), TODAY, prune=True).instances == (gone,)


@pytest.mark.parametrize(
    "drift",
    [
        CheckDrift(("home", "login", "new"), added=("new",)),
        CheckDrift(("home",), removed=("login",)),
    ],
)
def test_an_instance_runs_whole_where_other_checks_match_by_now(drift: CheckDrift) -> None:
    """A new check was never run, and one that is gone can't be."""
    planned = one(record())._replace(checks=drift)
    assert failed_checks_only(Plan((planned,)), TODAY).instances == (planned,)
