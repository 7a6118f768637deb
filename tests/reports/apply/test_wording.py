import pytest

from runner.models.outcome import Change, CheckOutcome, FailingSince, seconds_between
from runner.models.verdict import Verdict
from runner.reports.apply.wording import (
    duration,
    failures,
    notes,
)
from tests.reports.outcomes import apply, at, check, instance


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1, "0.0 s"),
        (0.84, "0.8 s"),
        (12.4, "12 s"),
        (59.7, "1 min 00 s"),
        (125, "2 min 05 s"),
        (3725, "1 h 02 min"),
        (90_000, "25 h 00 min"),
    ],
)
def test_durations_stay_short(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_a_time_that_is_not_known_has_no_length() -> None:
    assert seconds_between(None, at(1)) is None
    assert seconds_between(at(2), at(1)) == 0.0
    assert check(attempts=()).seconds is None
    assert check().seconds == 3.0


def test_of_failing_checks_the_new_come_first_and_the_cancelled_last() -> None:
    checks = (
        check("a", Verdict.CANCELLED),
        check("b", Verdict.FAILED),
        check("c", Verdict.PASSED),
        check("d", Verdict.FAILED, change=Change.NEWLY_FAILING),
    )
    found = failures(apply(instance(checks=checks)))
    assert [each.first.check.name for each in found] == ["d", "b", "a"]


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (1.5, ["2.0× as long as before"]),
        (2.5, []),  # 3.0 s now: within what varies
        (None, []),
        (0.0, []),
    ],
)
def test_a_check_that_became_slow_is_told(before: float | None, said: list[str]) -> None:
    assert notes(check(seconds_before=before)) == said


@pytest.mark.parametrize(
    ("change", "since", "said"),
    [
        (Change.NEWLY_FAILING, FailingSince(1, "c1"), "newly failing"),
        (Change.STILL_FAILING, FailingSince(3, "c1"), "failing for 3 applies since c1"),
        (Change.STILL_FAILING, FailingSince(2), "failing for 2 applies"),
        (Change.STILL_FAILING, None, "still failing"),
    ],
)
def test_a_failing_check_says_since_when(
    change: Change, since: FailingSince | None, said: str
) -> None:
    failed = check(verdict=Verdict.FAILED, change=change, failing_since=since)
    assert notes(failed) == [said]


def test_what_failed_alike_by_error_or_group_is_one_failure() -> None:
    def failed(name: str, error: str | None, *groups: str) -> CheckOutcome:
        return check(name, Verdict.FAILED, error=error, error_groups=groups)

    checks = (
        failed("a", "boom", "g1"),
        failed("b", "boom after 3 s", "g1"),
        failed("c", "boom"),
        failed("d", None),
        failed("e", None),
        check("f", Verdict.FAILED, error="boom", quarantine="known"),
    )
    found = failures(apply(instance(checks=checks)))
    assert [[place.check.name for place in each.places] for each in found] == [
        ["a", "b", "c"],
        ["d"],
        ["e"],
        ["f"],
    ]
