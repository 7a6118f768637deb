from dataclasses import replace

from lxml import etree

from runner.models.verdict import Verdict
from runner.reports.apply import junit
from tests.reports.outcomes import apply, attempt, check, instance


def elements(verdict: Verdict, *attempts: Verdict) -> list[tuple[str, str]]:
    made = tuple(
        replace(attempt(each, number, number + 1), error=f"error {number}")
        for number, each in enumerate(attempts)
    )
    tested = check(verdict=verdict, attempts=made)
    text = junit.render_with_attempts(apply(instance(verdict=verdict, checks=(tested,))))
    (case,) = etree.fromstring(text.encode()).iter("testcase")
    return [(str(each.tag), each.get("message") or "") for each in case]


def test_a_flaky_check_has_its_failed_attempts() -> None:
    found = elements(Verdict.FLAKY, Verdict.FAILED, Verdict.FAILED, Verdict.PASSED)
    assert found == [("flakyFailure", "error 0"), ("flakyFailure", "error 1"), ("system-out", "")]


def test_a_failed_check_has_its_reruns() -> None:
    found = elements(Verdict.FAILED, Verdict.FAILED, Verdict.FAILED)
    assert [tag for tag, _ in found] == ["failure", "rerunFailure", "system-out"]


def test_without_retries_both_are_the_same() -> None:
    outcome = apply(instance(checks=(check(),)))
    assert junit.render_with_attempts(outcome) == junit.render(outcome)
