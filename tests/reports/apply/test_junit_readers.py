"""JUnit as two readers on GitHub take it: dorny/test-reporter and mikepenz/action-junit-report.

Neither is a package that could be installed, so what they do by their documentation and sources
is told here as rules, and each report is read by these.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from runner.models.outcome import ApplyOutcome, CheckOutcome
from runner.models.verdict import Verdict
from runner.reports.apply import junit
from tests.reports.outcomes import apply, attempt, check, instance, mixed


@dataclass(frozen=True)
class Read:
    """A case as a reader shows it."""

    suite: str
    name: str
    status: str
    message: str


def report_tree(outcome: ApplyOutcome) -> etree._Element:
    return etree.fromstring(junit.render(outcome).encode())


def as_test_reporter(tree: etree._Element) -> list[Read]:
    """What dorny/test-reporter (``java-junit``) shows.

    - Suites are the children of ``testsuites`` alone, or the root; nested ones are not read.
    - Names of suites and cases are trimmed, and have to be there; so have numbers as ``time``.
    - Cases are grouped by ``classname``; one that is the suite's name is left out.
    - A ``failure`` or ``error`` is a failed case, whatever else it holds; then ``skipped`` counts.
    - Properties, output, flaky failures and reruns are not read.
    - The text of the failure is its details, with ``message`` above.
    """
    found = []
    suites = [tree] if tree.tag == "testsuite" else tree.findall("testsuite")
    for suite in suites:
        assert math.isfinite(float(suite.attrib["time"]))
        for case in suite.findall("testcase"):
            assert math.isfinite(float(case.attrib["time"]))
            ends = [*case.findall("failure"), *case.findall("error")]
            skipped = case.find("skipped") is not None
            status = "failed" if ends else "skipped" if skipped else "passed"
            message = str(ends[0].attrib["message"]) if ends else ""
            group = case.attrib["classname"]
            name = suite.attrib["name"] if group == suite.attrib["name"] else group
            found.append(Read(str(name).strip(), str(case.attrib["name"]).strip(), status, message))
    return found


def as_junit_report(tree: etree._Element, *, check_retries: bool = True) -> list[Read]:
    """What mikepenz/action-junit-report shows.

    - Suites may be nested; each is read after those inside it.
    - With ``check_retries`` a second case of one name in a suite is a retry of the first: one of
      the two is kept, a pass rather than a failure.
    - A case with ``skipped`` is skipped, whatever else it holds; then ``failure`` or ``error``
      is a failure.
    - The message is the attribute, else the first two lines of the text, else the name.
    - Where no ``file`` is given, what follows the last dot of ``classname`` is taken for it.
    """
    found: list[Read] = []
    for suite in tree.findall("testsuite"):
        found += as_junit_report(suite, check_retries=check_retries)
        kept: dict[str, Read] = {}
        for number, case in enumerate(suite.findall("testcase")):
            ends = [*case.findall("failure"), *case.findall("error")]
            skipped = case.find("skipped") is not None
            status = "skipped" if skipped else "failed" if ends else "passed"
            name = str(case.attrib["name"])
            text = ends[0].attrib["message"] or (ends[0].text or "") if ends else ""
            assert case.get("file") is None
            read = Read(str(suite.attrib["name"]), name, status, str(text).strip() or name)
            key = name if check_retries else str(number)
            if key not in kept or (kept[key].status == "failed" and status != "failed"):
                kept[key] = read
        found += kept.values()
    return found


Reader = Callable[[etree._Element], list[Read]]
READERS: dict[str, Reader] = {
    "test-reporter": as_test_reporter,
    "action-junit-report": as_junit_report,
    "action-junit-report without retries": lambda tree: as_junit_report(tree, check_retries=False),
}
every_reader = pytest.mark.parametrize("reader", READERS.values(), ids=READERS)


def failed(name: str, check_id: str | None, **more: object) -> CheckOutcome:
    return check(name, Verdict.FAILED, check_id=check_id, **more)


@every_reader
def test_the_readers_see_each_case_and_what_became_of_it(reader: Reader) -> None:
    home = failed("Homepage", "a", error="expected 200, got 500\n    at x.ts:1")
    checks = (home, check("Homepage", check_id="b"), check("Old", Verdict.SKIPPED, check_id="c"))
    outcome = apply(instance("web", Verdict.FAILED, checks=checks), *mixed().instances)
    assert [(each.suite, each.name, each.status) for each in reader(report_tree(outcome))] == [
        ("web", "Homepage (a)", "failed"),
        ("web", "Homepage (b)", "passed"),
        ("web", "Old", "skipped"),
        ("smoke-prod[eu-west-1]", "Login", "passed"),
        ("smoke-prod[eu-west-1]", "Search", "skipped"),
        ("smoke-prod[eu-west-1]", "Cart", "passed"),
        ("smoke-prod[eu-west-1]", "Home", "passed"),
        ("smoke-prod[us-east-1]", "Checkout", "skipped"),
        ("api", "session", "failed"),
        ("web", "session", "skipped"),
    ]
    assert reader(report_tree(outcome))[0].message == "expected 200, got 500"


@every_reader
@pytest.mark.parametrize(
    "names",
    [
        ("Homepage", "Homepage"),
        ("Homepage", " Homepage", "Homepage\u00a0 "),
        ("Homepage", "Homepage (a0000000)", "Homepage"),
        ("Homepage", "Homepage (2)", "Homepage", "Homepage"),
        ("session", "session", " session"),
        ("", "", " "),
        ("x" * 600, "x" * 601, "x" * 499 + "\u2026"),
        ("a\nb", "a\\nb"),
        ("constructor", "__proto__", "constructor"),
    ],
)
@pytest.mark.parametrize("ids", ["different", "alike", "none"])
def test_no_check_is_lost_whatever_its_name(
    reader: Reader, names: tuple[str, ...], ids: str
) -> None:
    made = {"different": [f"a000000{n}" for n in range(9)], "alike": ["a0000000"] * 9}
    known = made.get(ids, [None] * 9)
    checks = tuple(
        failed(name, check_id) if number % 2 else check(name, check_id=check_id)
        for number, (name, check_id) in enumerate(zip(names, known, strict=False))
    )
    outcome = apply(instance(verdict=Verdict.TIMED_OUT, checks=checks))
    read = reader(report_tree(outcome))
    assert len({each.name for each in read}) == len(checks) + 1  # and the session's own
    assert sum(each.status == "failed" for each in read) == len(checks) // 2 + 1


@given(
    st.lists(
        st.tuples(
            st.text("aA \t(2)\u2003", max_size=5),
            st.none() | st.text("2ab", max_size=9),
            st.sampled_from(Verdict),
        ),
        max_size=6,
    )
)
def test_whatever_the_checks_are_called_none_is_taken_for_another(
    made: list[tuple[str, str | None, Verdict]],
) -> None:
    checks = tuple(check(name, verdict, check_id=check_id) for name, check_id, verdict in made)
    tree = report_tree(apply(instance(verdict=Verdict.PASSED, checks=checks)))
    for reader in READERS.values():
        read = reader(tree)
        assert len({each.name for each in read}) == len(read) == max(len(checks), 1)


@every_reader
def test_elements_for_attempts_change_nothing_for_them(reader: Reader) -> None:
    tries = (
        replace(attempt(Verdict.FAILED, 1, 2), error="once"),
        attempt(Verdict.PASSED, 3, 4, 2),
    )
    outcome = apply(instance(checks=(check("Login", Verdict.FLAKY, attempts=tries),)))
    surefire = etree.fromstring(junit.render_with_attempts(outcome).encode())
    assert surefire.findall(".//flakyFailure")
    assert reader(surefire) == reader(report_tree(outcome))
    assert [each.status for each in reader(surefire)] == ["passed"]


@every_reader
def test_an_apply_without_sessions_has_no_cases(reader: Reader) -> None:
    assert reader(report_tree(apply())) == []
