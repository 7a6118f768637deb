from pathlib import Path

import junitparser
import pytest
from lxml import etree

from runner.models.outcome import ApplyOutcome
from runner.models.verdict import Verdict
from runner.reports.apply.junit import render
from tests.reports.outcomes import apply, check, instance, mixed

SCHEMA = etree.XMLSchema(etree.parse(str(Path(__file__).with_name("jenkins-junit.xsd"))))


def loaded(outcome: ApplyOutcome) -> junitparser.JUnitXml:
    """The report as two independent parsers read it, after the schema accepted it."""
    text = render(outcome)
    tree = etree.fromstring(text.encode())
    SCHEMA.assertValid(tree)
    report = junitparser.JUnitXml.fromstring(text.encode())
    suites = tree.findall("testsuite")
    assert [suite.get("name") for suite in suites] == [suite.name for suite in report]
    for suite, parsed in zip(suites, report, strict=True):
        assert [case.get("name") for case in suite.findall("testcase")] == [
            case.name for case in parsed
        ]
        counts = (parsed.tests, parsed.failures, parsed.errors, parsed.skipped)
        parsed.update_statistics()  # type: ignore[no-untyped-call] # junitparser has no types here
        assert counts == (parsed.tests, parsed.failures, parsed.errors, parsed.skipped)
    return report


def cases(outcome: ApplyOutcome) -> dict[str, tuple[str, str]]:
    """For each case what it ended with, and the message of that."""
    found = {}
    for suite in loaded(outcome):
        for case in suite:
            result = case.result[0] if case.result else None
            found[case.name] = (
                type(result).__name__ if result else "passed",
                (result.message or "") if result else "",
            )
    return found


def test_a_suite_per_instance_and_a_case_per_check() -> None:
    report = loaded(mixed())
    assert [(suite.name, suite.tests) for suite in report] == [
        ("smoke-prod[eu-west-1]", 4),
        ("smoke-prod[us-east-1]", 1),
        ("api", 1),
        ("web", 1),
    ]
    assert (report.tests, report.failures, report.errors) == (7, 0, 1)
    assert next(iter(report)).timestamp == "2026-11-23T08:00:00"


def test_a_failing_check_is_a_failure_with_its_error() -> None:
    failed = check(verdict=Verdict.FAILED, error="expected 200\n  at x.ts:1")
    outcome = apply(instance(verdict=Verdict.FAILED, checks=(failed,)), exit_code=1)
    (suite,) = loaded(outcome)
    (case,) = suite
    assert isinstance(case.result[0], junitparser.Failure)
    assert case.result[0].message == "expected 200"
    assert case.result[0].text == "expected 200\n  at x.ts:1"
    assert case.time == 3.0
    assert case.classname == "smoke-prod[eu-west-1]"


def test_a_failing_check_without_an_error_says_its_verdict() -> None:
    failed = check(verdict=Verdict.FAILED, error=" \n")
    outcome = apply(instance(verdict=Verdict.FAILED, checks=(failed,)), exit_code=1)
    assert cases(outcome) == {"Checkout": ("Failure", "failed")}


def test_a_check_that_was_not_judged_is_an_error() -> None:
    lost = check(verdict=Verdict.CANCELLED)
    outcome = apply(instance(verdict=Verdict.CANCELLED, checks=(lost,)), exit_code=1)
    assert cases(outcome) == {
        "Checkout": ("Error", "cancelled"),
        "session": ("Error", "cancelled"),
    }


def test_what_does_not_fail_the_apply_is_skipped_and_says_why() -> None:
    found = cases(mixed())
    assert found["Search"] == (
        "Skipped",
        "failed, still failing, quarantined: index is rebuilt (web, until 2026-12-01)",
    )
    assert found["Checkout"] == ("Skipped", "failed, newly failing, does not count")
    forgiven = apply(instance(verdict=Verdict.TIMED_OUT, counts=False, reason="Too slow."))
    assert cases(forgiven) == {"session": ("Skipped", "Too slow. (does not count)")}


@pytest.mark.parametrize(
    ("verdict", "kind"),
    [
        (Verdict.NO_MATCH, "Failure"),
        (Verdict.FAILED, "Failure"),
        (Verdict.TIMED_OUT, "Error"),
        (Verdict.UNKNOWN, "Error"),
        (Verdict.NOT_STARTED, "Error"),
        (Verdict.CANCELLED, "Error"),
        (Verdict.SKIPPED, "Skipped"),
        (Verdict.RUNNING, "Skipped"),
        (Verdict.PASSED, "passed"),
    ],
)
def test_an_instance_whose_checks_do_not_tell_has_a_case_of_its_own(
    verdict: Verdict, kind: str
) -> None:
    found = cases(apply(instance(verdict=verdict, reason="Because.")))
    assert found["session"] == (kind, "" if kind == "passed" else "Because.")


def test_a_quarantined_check_does_not_hide_why_its_instance_failed() -> None:
    quarantined = check("A", Verdict.FAILED, quarantine="known")
    broken = instance(verdict=Verdict.FAILED, checks=(quarantined,), reason="B did not run.")
    assert cases(apply(broken, exit_code=1))["session"] == ("Failure", "B did not run.")


def test_skipped_and_running_checks_are_skipped() -> None:
    checks = (check("A", Verdict.SKIPPED), check("B", Verdict.RUNNING), check("C"))
    assert cases(apply(instance(checks=checks))) == {
        "A": ("Skipped", "skipped"),
        "B": ("Skipped", "running"),
        "C": ("passed", ""),
    }


def test_attempts_are_in_the_output_and_links_in_the_properties() -> None:
    suite = next(iter(loaded(mixed())))
    login = next(iter(suite))
    assert login.system_out is not None
    attempts = login.system_out.splitlines()
    assert attempts[0] == "flaky, 2 attempts"
    assert attempts[1].startswith("attempt 1: failed after 3.0 s https://")
    assert attempts[2].startswith("attempt 2: passed after 3.0 s https://")
    properties = {item.name: item.value for item in suite.properties()}  # type: ignore[no-untyped-call] # junitparser has no types here
    assert properties["link"] == "https://app.checklyhq.com/accounts/a/test-sessions/s1"
    assert properties["link: Login"] == (
        "https://app.checklyhq.com/accounts/a/test-sessions/s1/results/1"
    )
    assert properties["quorum"] == "1 of 1 needed passed: reached"
    bare = check(attempts=())
    (suite,) = loaded(apply(instance(checks=(bare,))))
    assert next(iter(suite)).system_out == f"passed\n{bare.link}"


def test_an_apply_of_nothing_is_a_valid_file() -> None:
    assert loaded(apply()).tests == 0


def test_no_two_cases_of_one_suite_share_a_name() -> None:
    """Readers would take the second for a retry of the first."""
    twins = tuple(check("Home", check_id=number * 8) for number in "ab")
    nameless = tuple(check("Cart", check_id=None) for _ in range(3))
    odd = check("session", check_id=None)
    outcome = apply(instance(checks=(*twins, *nameless, odd), verdict=Verdict.TIMED_OUT))
    (suite,) = loaded(outcome)
    assert [case.name for case in suite] == [
        "Home (aaaaaaaa)",
        "Home (bbbbbbbb)",
        "Cart",
        "Cart (2)",
        "Cart (3)",
        "session (2)",
        "session",
    ]


def test_each_suite_says_what_was_tested() -> None:
    tree = etree.fromstring(render(mixed()).encode())
    properties = {item.get("name"): item.get("value") for item in tree.iter("property")}
    assert properties["account"] == "Acme (a1)"
    assert properties["commit"] == "0123456789ab on main by Ada"
