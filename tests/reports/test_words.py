import pytest

from runner.reports.words import check_seconds, duration, seconds_between
from tests.reports.outcomes import at, check


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
