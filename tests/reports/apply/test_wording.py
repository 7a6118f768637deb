import pytest

from runner.models.outcome import Change
from runner.models.verdict import Verdict
from runner.reports.apply.wording import check_seconds, duration, failing_checks, seconds_between
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
    assert check_seconds(check(attempts=())) is None
    assert check_seconds(check()) == 3.0


def test_of_failing_checks_the_new_come_first_and_the_cancelled_last() -> None:
    checks = (
        check("a", Verdict.CANCELLED),
        check("b", Verdict.FAILED),
        check("c", Verdict.PASSED),
        check("d", Verdict.FAILED, change=Change.NEWLY_FAILING),
    )
    found = failing_checks(apply(instance(checks=checks)))
    assert [located.check.name for located in found] == ["d", "b", "a"]
