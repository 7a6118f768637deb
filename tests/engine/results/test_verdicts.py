"""What results mean: tables from answers to verdicts."""

import random
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.engine.results.verdicts import (
    Judgement,
    check_outcomes,
    fails_as_before,
    is_over,
    judge,
)
from runner.models.contract.settings import ExpectChecks, Quarantine, Settings
from runner.models.outcome import Change, CheckAttempt, CheckOutcome, FailingSince
from runner.models.record import CheckRecord
from runner.models.response import Result, Session
from runner.models.verdict import Verdict
from runner.plan.target_match import unmet

TODAY = date(2026, 8, 1)


def result(
    name: str = "home", status: str = "PASSED", kind: str = "FINAL", **fields: Any
) -> Result:
    flags = {"has_errors": False, "has_failures": status == "FAILED", "aborted": False}
    return Result(
        id=fields.pop("id", f"{name}-{kind}"),
        check_id=fields.pop("check_id", f"id-{name}"),
        name=name,
        status=status,
        result_type=kind,
        **{**flags, "is_degraded": False, **fields},
    )


def outcomes(
    *results: Result,
    status: str = "PASSED",
    over: bool = True,
    before: list[CheckRecord] | None = None,
    quarantine: list[Quarantine] | None = None,
) -> tuple[CheckOutcome, ...]:
    return check_outcomes(
        Session(status=status, results=list(results)),
        over=over,
        before=before,
        quarantine=quarantine or [],
        today=TODAY,
        commit="c2",
        redact=lambda text: text.replace("s3cret", "(secret #1)"),
    )


def verdict(*results: Result, status: str = "PASSED", **settings: Any) -> Verdict:
    whole = Settings(**settings)
    checks = outcomes(*results, status=status, quarantine=whole.quarantine)
    return judge(Session(status=status, results=list(results)), checks, whole).verdict


ATTEMPT_FAILED = result(status="FAILED", kind="ATTEMPT")


@pytest.mark.parametrize(
    ("results", "status", "expected"),
    [
        ([result()], "PASSED", Verdict.PASSED),
        ([result(status="FAILED")], "FAILED", Verdict.FAILED),
        ([result(status="FAILED")], "PASSED", Verdict.FAILED),
        ([ATTEMPT_FAILED, result()], "PASSED", Verdict.FLAKY),
        ([result(), ATTEMPT_FAILED], "PASSED", Verdict.FLAKY),
        ([result(kind="ATTEMPT"), result()], "PASSED", Verdict.PASSED),
        ([result(kind="ATTEMPT", status="CANCELLED"), result()], "PASSED", Verdict.PASSED),
        ([ATTEMPT_FAILED, result(status="FAILED")], "FAILED", Verdict.FAILED),
        ([ATTEMPT_FAILED], "FAILED", Verdict.FAILED),
        ([result(is_degraded=True)], "PASSED", Verdict.DEGRADED),
        ([ATTEMPT_FAILED, result(is_degraded=True)], "PASSED", Verdict.DEGRADED),
        ([ATTEMPT_FAILED, result(), result("b", is_degraded=True)], "PASSED", Verdict.DEGRADED),
        ([result("b", is_degraded=True), ATTEMPT_FAILED, result()], "PASSED", Verdict.DEGRADED),
        ([result(status="CANCELLED")], "CANCELLED", Verdict.CANCELLED),
        ([result(), result("b", status="CANCELLED")], "PASSED", Verdict.CANCELLED),
        ([result(status="FAILED"), result("b", status="CANCELLED")], "CANCELLED", Verdict.FAILED),
        ([result()], "CANCELLED", Verdict.CANCELLED),
        ([], "PASSED", Verdict.NO_MATCH),
        ([], "FAILED", Verdict.FAILED),
        ([], "CANCELLED", Verdict.CANCELLED),
        ([], "SOMETHING_NEW", Verdict.UNKNOWN),
        ([result()], "SOMETHING_NEW", Verdict.PASSED),
        ([result()], "", Verdict.PASSED),
        ([result()], "passed", Verdict.PASSED),
        ([result()], "failed", Verdict.FAILED),
        ([result(status="FAILED")], "TIMED_OUT", Verdict.FAILED),
        ([result(kind="PENDING")], "TIMED_OUT", Verdict.UNKNOWN),
        ([], "", Verdict.UNKNOWN),
        ([], "RUNNING", Verdict.UNKNOWN),
        ([result(has_failures=True)], "PASSED", Verdict.FAILED),
        ([result(has_errors=True)], "PASSED", Verdict.FAILED),
        ([result(aborted=True)], "PASSED", Verdict.FAILED),
        ([result(status="FAILED"), result()], "PASSED", Verdict.FAILED),
        ([result(), result(status="FAILED")], "PASSED", Verdict.FAILED),
        ([result(), result(status="CANCELLED", aborted=True)], "PASSED", Verdict.CANCELLED),
        ([result("", check_id="", status="FAILED"), result("", check_id="")], "", Verdict.FAILED),
        ([result(), result(kind="PENDING", status="RUNNING")], "PASSED", Verdict.UNKNOWN),
        ([result(kind="ATTEMPT", status="RUNNING"), result()], "PASSED", Verdict.PASSED),
        ([result()], "FAILED", Verdict.FAILED),
        ([result(kind="PENDING", status="RUNNING")], "PASSED", Verdict.UNKNOWN),
        ([result(status="SKIPPED")], "PASSED", Verdict.PASSED),
        ([result(status="SKIPPED", has_errors=None)], "PASSED", Verdict.UNKNOWN),
        ([result(status="BROKEN", has_errors=True)], "PASSED", Verdict.FAILED),
        ([result(status="", aborted=True)], "PASSED", Verdict.FAILED),
        ([result(status="CANCELLED", has_failures=True)], "PASSED", Verdict.FAILED),
        ([result(kind="ATTEMPT"), ATTEMPT_FAILED, result()], "PASSED", Verdict.FLAKY),
        ([ATTEMPT_FAILED, result(kind="ATTEMPT"), result()], "PASSED", Verdict.FLAKY),
    ],
)
def test_verdict_of_a_session(results: list[Result], status: str, expected: Verdict) -> None:
    assert verdict(*results, status=status) is expected


def test_degraded_fails_where_the_profile_says_so() -> None:
    assert verdict(result(is_degraded=True), fail_on_degraded=True) is Verdict.FAILED


def in_quarantine(until: date, check: str = "home") -> list[Quarantine]:
    return [Quarantine(check=check, reason="flickers", owner="web", until=until)]


@pytest.mark.parametrize(
    ("check", "until", "expected"),
    [
        ("home", TODAY, Verdict.PASSED),
        ("id-home", TODAY, Verdict.PASSED),
        ("home", date(2026, 7, 31), Verdict.FAILED),
        ("other", TODAY, Verdict.FAILED),
    ],
)
def test_a_quarantine_forgives_until_its_date(check: str, until: date, expected: Verdict) -> None:
    failed = [result(status="FAILED"), result("login")]
    found = verdict(*failed, status="FAILED", quarantine=in_quarantine(until, check))
    assert found is expected


def test_a_quarantined_failure_is_shown_with_its_reason() -> None:
    (check,) = outcomes(result(status="FAILED"), quarantine=in_quarantine(TODAY))
    assert check.verdict is Verdict.FAILED
    assert check.quarantine == "flickers (web, until 2026-08-01)"


def test_a_quarantine_does_not_forgive_a_failure_of_no_check() -> None:
    passing = verdict(result(), status="FAILED", quarantine=in_quarantine(TODAY))
    assert passing is Verdict.FAILED


@pytest.mark.parametrize(("of_the_check", "expected"), [(False, "failed"), (True, "passed")])
def test_a_quarantine_forgives_an_abort_of_its_check_alone(
    of_the_check: bool, expected: str
) -> None:
    results = [result(status="FAILED", aborted=of_the_check), result("cart")]
    session = Session(status="FAILED", aborted=True, results=results)
    checks = outcomes(*results, status="FAILED", quarantine=in_quarantine(TODAY))
    assert judge(session, checks, Settings(quarantine=in_quarantine(TODAY))).verdict == expected


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        ({"min": 3}, "2 of at least 3 checks"),
        ({"max": 1}, "2 of at most 1 checks"),
        ({"include": ["c"]}, "without c"),
        ({"include": ["c", "a", "d"]}, "without c, d"),
        ({"exclude": ["a"]}, "with a"),
        ({"min": 3, "exclude": ["a", "b"]}, "2 of at least 3 checks; with a, b"),
        ({"min": 2, "max": 2, "include": ["a"], "exclude": ["c"]}, None),
    ],
)
def test_expected_checks(expected: dict[str, Any], said: str | None) -> None:
    found = unmet(ExpectChecks(**expected), ["a", "b"])
    assert found == (f"It breaks expectChecks: {said}." if said else None)


def test_nothing_expected_is_always_met() -> None:
    assert unmet(None, []) is None


def test_expected_checks_are_judged_first() -> None:
    assert verdict(result(), expect_checks=ExpectChecks(min=2)) is Verdict.FAILED


def test_results_of_one_check_are_its_attempts() -> None:
    first = result(id="1", kind="ATTEMPT", status="FAILED")
    second = result(id="2", kind="ATTEMPT", status="FAILED")
    last = result(id="3")
    other = result("login", check_id=None)
    found = outcomes(last, first, other, second)
    assert [(each.name, each.verdict) for each in found] == [
        ("home", Verdict.FLAKY),
        ("login", Verdict.PASSED),
    ]
    assert [attempt.result_id for attempt in found[0].attempts] == ["1", "2", "3"]


def test_results_without_id_and_name_are_checks_of_their_own() -> None:
    nameless = [result("", check_id="", id=id_) for id_ in ("1", "2", "", "")]
    found = outcomes(*nameless, result("", check_id="c-1"))
    assert [each.name for each in found] == [*["(no name)"] * 4, "c-1"]


def test_a_check_tells_all_that_its_results_do() -> None:
    began, ended = "2026-08-01T00:00:00Z", "2026-08-01T00:01:00Z"
    times: Any = {"started_at": began, "stopped_at": ended, "response_time": 120}
    first = result(kind="ATTEMPT", id="1", link="https://one", **times)
    last = result(
        id="2", link="https://two", check_type="API", run_location="office", error_group_ids=["e"]
    )
    known = [CheckRecord(id="id-home", name="home", verdict=Verdict.PASSED, seconds=7.5)]
    (check,) = outcomes(first, last, before=known)
    assert (check.check_id, check.link, check.check_type) == ("id-home", "https://two", "API")
    assert (check.run_location, check.error_groups) == ("office", ("e",))
    assert check.seconds_before == 7.5
    start, stop = map(datetime.fromisoformat, (began, ended))
    assert check.attempts[0] == CheckAttempt(Verdict.PASSED, "1", "https://one", start, stop, 120)
    assert check.attempts[1].link == "https://two"


def test_checks_of_one_name_are_told_apart_by_their_ids() -> None:
    found = outcomes(result(check_id="1"), result(check_id="2", status="FAILED"))
    assert [each.verdict for each in found] == [Verdict.PASSED, Verdict.FAILED]


def test_a_running_check_is_running_while_its_session_is() -> None:
    (check,) = outcomes(result(kind="PENDING", status="RUNNING"), status="RUNNING", over=False)
    assert check.verdict is Verdict.RUNNING
    assert not is_over(Session(status="RUNNING"))
    assert not is_over(Session(status="NEW"))
    assert is_over(Session(status="CANCELLED"))


def test_names_from_outside_are_masked() -> None:
    (check,) = outcomes(result("page s3cret"))
    assert check.name == "page (secret #1)"


@pytest.mark.parametrize(
    ("now", "before", "change"),
    [
        ("FAILED", Verdict.PASSED, Change.NEWLY_FAILING),
        ("FAILED", Verdict.FLAKY, Change.NEWLY_FAILING),
        ("FAILED", Verdict.FAILED, Change.STILL_FAILING),
        ("PASSED", Verdict.FAILED, Change.FIXED),
        ("PASSED", Verdict.DEGRADED, Change.STILL_PASSING),
        ("PASSED", Verdict.CANCELLED, None),
        ("CANCELLED", Verdict.PASSED, None),
        ("PASSED", None, None),
    ],
)
def test_a_check_is_compared_with_the_last_time(
    now: str, before: Verdict | None, change: Change | None
) -> None:
    last = [CheckRecord(id="id-home", name="renamed since", verdict=before)]
    (check,) = outcomes(result(status=now), before=last)
    assert check.change is change


def test_a_check_without_an_id_is_compared_by_its_name() -> None:
    last = [CheckRecord(id=None, name="home", verdict=Verdict.FAILED)]
    assert [check.change for check in outcomes(result(), before=last)] == [Change.FIXED]
    assert [check.change for check in outcomes(result("new"), before=last)] == [Change.NEW]
    assert [check.change for check in outcomes(result(), before=None)] == [None]


STATUSES = st.sampled_from(["PASSED", "FAILED", "CANCELLED", "RUNNING", "", "NEW"])
RESULTS = st.lists(
    st.builds(
        result,
        st.sampled_from(["a", "b", ""]),
        STATUSES,
        st.sampled_from(["FINAL", "ATTEMPT", "PENDING", "", "NEW"]),
        is_degraded=st.none() | st.booleans(),
        has_errors=st.none() | st.booleans(),
        check_id=st.none() | st.sampled_from(["1", "2", ""]),
    ),
    max_size=6,
)


@given(RESULTS, STATUSES)
def test_a_pass_needs_a_session_that_did_not_fail_and_only_checks_that_passed(
    results: list[Result], status: str
) -> None:
    checks = outcomes(*results, status=status)
    found = judge(Session(status=status, results=results), checks, Settings()).verdict
    if found.is_pass:
        assert status not in {"FAILED", "CANCELLED"}
        assert checks
        bad = {Verdict.FAILED, Verdict.CANCELLED, Verdict.UNKNOWN, Verdict.RUNNING}
        assert not bad & {check.verdict for check in checks}


@given(RESULTS, STATUSES, st.randoms())
def test_no_verdict_depends_on_the_order_of_the_results(
    results: list[Result], status: str, rng: random.Random
) -> None:
    shuffled = rng.sample(results, len(results))
    assert verdict(*results, status=status) is verdict(*shuffled, status=status)


def test_a_status_that_is_not_known_is_named() -> None:
    judgement = judge(Session(status="TIMED_OUT"), [], Settings())
    assert judgement.reason == "It ended with the status 'TIMED_OUT' and without results."


@pytest.mark.parametrize(
    ("before", "since"),
    [
        (None, FailingSince(1, "c2")),
        ({"verdict": Verdict.PASSED}, FailingSince(1, "c2")),
        ({"verdict": Verdict.FAILED, "failures": 2, "failing_commit": "c0"}, FailingSince(3, "c0")),
        ({"verdict": Verdict.FAILED}, FailingSince(2, None)),
    ],
)
def test_a_failing_check_says_since_when(
    before: dict[str, Any] | None, since: FailingSince
) -> None:
    known = None if before is None else [CheckRecord(id="c-1", name="login", **before)]
    failed = result(status="FAILED", check_id="c-1", name="login")
    (check,) = outcomes(failed, before=known)
    assert check.failing_since == since
    (check,) = outcomes(result(check_id="c-1", name="login"), before=known)
    assert check.failing_since is None


OTHER = result("cart", is_degraded=True)
SILENT: dict[str, Any] = dict.fromkeys(("has_errors", "has_failures", "aborted", "is_degraded"))
ODD = result(status="NEW", **SILENT)
FAILED, BOTH = result(status="FAILED"), result("cart", status="FAILED")
FORGIVEN = [*in_quarantine(TODAY), *in_quarantine(TODAY, "cart")]


@pytest.mark.parametrize(
    ("results", "status", "settings", "said"),
    [
        ([result(is_degraded=True)], "PASSED", {"fail_on_degraded": True}, "1 check is degraded"),
        ([result(is_degraded=True), OTHER], "PASSED", {"fail_on_degraded": True}, "2 checks are"),
        (
            [result(status="RUNNING", kind="PENDING", **SILENT)],
            "PASSED",
            {},
            "1 check has no result yet.",
        ),
        ([ODD], "PASSED", {}, "1 check has no result that can be read."),
        ([ODD, result("cart", status="NEW", **SILENT)], "PASSED", {}, "2 checks have no"),
        ([], "", {}, "ended with no status and"),
        ([result()], "PASSED", {"expect_checks": ExpectChecks(min=2)}, "1 of at least 2 checks"),
        ([result()], "FAILED", {}, "Checkly says that it failed, though no check did."),
        ([], "PASSED", {}, "It ended without any check results."),
        ([FAILED], "FAILED", {"quarantine": FORGIVEN[:1]}, "1 failure is quarantined."),
        ([FAILED, BOTH], "FAILED", {"quarantine": FORGIVEN}, "2 failures are quarantined."),
    ],
)
def test_a_verdict_that_does_not_speak_for_itself_says_why(
    results: list[Result], status: str, settings: dict[str, Any], said: str
) -> None:
    checks = outcomes(*results, status=status, quarantine=settings.get("quarantine"))
    whole = Session(status=status, results=results)
    reason = judge(whole, checks, Settings(**settings)).reason
    assert reason is not None
    assert said in reason


@pytest.mark.parametrize(
    ("names", "judgement", "expected"),
    [
        ("old", Judgement(Verdict.FAILED), True),
        ("old fine", Judgement(Verdict.FAILED), True),
        ("old new", Judgement(Verdict.FAILED), False),
        ("fine", Judgement(Verdict.FAILED), False),
        ("old", Judgement(Verdict.FAILED, "Too few checks."), False),
        ("old", Judgement(Verdict.TIMED_OUT), False),
    ],
)
def test_a_session_may_fail_as_it_did_before(
    names: str, judgement: Judgement, expected: bool
) -> None:
    every = {
        "old": CheckOutcome("old", Verdict.FAILED, change=Change.STILL_FAILING),
        "new": CheckOutcome("new", Verdict.FAILED, change=Change.NEWLY_FAILING),
        "fine": CheckOutcome("fine", Verdict.PASSED, change=Change.STILL_PASSING),
    }
    assert fails_as_before(judgement, [every[name] for name in names.split()]) is expected


def test_a_quarantined_failure_is_not_asked_whether_it_is_new() -> None:
    old = CheckOutcome("old", Verdict.FAILED, change=Change.STILL_FAILING)
    new = CheckOutcome("new", Verdict.FAILED, change=Change.NEWLY_FAILING, quarantine="flaps")
    assert fails_as_before(Judgement(Verdict.FAILED), [old, new])
    assert not fails_as_before(Judgement(Verdict.FAILED), [new])
