"""Trends over past applies: pass rates, durations, and a small line of blocks."""

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Final, NamedTuple

from runner.models.history import PastApply
from runner.models.outcome import seconds_between
from runner.models.record import Attempt, Phase
from runner.models.verdict import Verdict

_BLOCKS: Final = "▁▂▃▄▅▆▇█"
_DIGITS: Final = "01234567"
_SHOWN: Final = 40
#: Verdicts that say nothing of the checks.
_SILENT: Final = frozenset({Verdict.SKIPPED, Verdict.NOT_STARTED, Verdict.RUNNING})


class Point(NamedTuple):
    """What an apply adds to a trend.

    Attributes:
        passed, judged: How many attempts passed, of those that have something to say.
        seconds: Length of the longest session; ``None`` where none has ended.
    """

    passed: int
    judged: int
    seconds: float | None


class Trend(NamedTuple):
    """Pass rates and durations of applies.

    Attributes:
        passed, judged: How many attempts passed, of those that have something to say.
        rate: Share that passed, from 0 to 1.
        rates: The same by apply, oldest first.
        seconds: Length of the longest session, by apply.
        median_seconds: Median of these.
    """

    passed: int
    judged: int
    rate: float | None
    rates: list[float | None]
    seconds: list[float | None]
    median_seconds: float | None


def point(past: PastApply) -> Point:
    """Return what an apply adds to a trend."""
    verdicts = [found for each in past.attempts if (found := verdict_of(each)) not in _SILENT]
    longest = max(_known(map(seconds_of, past.attempts)), default=None)
    return Point(sum(verdict.is_pass for verdict in verdicts), len(verdicts), longest)


def trend(newest_first: Sequence[Point]) -> Trend:
    """Return the trend of past applies."""
    points = newest_first[::-1]
    passed, judged = sum(each.passed for each in points), sum(each.judged for each in points)
    seconds = [each.seconds for each in points]
    known = _known(seconds)
    return Trend(
        passed,
        judged,
        _share(passed, judged),
        [_share(each.passed, each.judged) for each in points],
        seconds,
        median(known) if known else None,
    )


def verdict_of(attempt: Attempt) -> Verdict:
    """Return the verdict of an attempt; running or unknown where it has no outcome."""
    if attempt.verdict is not None:
        return attempt.verdict
    return Verdict.RUNNING if attempt.phase is Phase.STARTED else Verdict.UNKNOWN


def seconds_of(attempt: Attempt) -> float | None:
    """Return the length of an attempt's session."""
    return seconds_between(attempt.started_at, attempt.stopped_at)


def blocks(
    values: Sequence[float | None], *, top: float | None = None, unicode: bool = True
) -> str:
    """Draw the last of ``values``, from 0 to ``top`` or the highest, as blocks or else as digits.

    ``None`` is a blank.
    """
    shown = values[-_SHOWN:]
    highest = top or max(_known(shown), default=0) or 1
    signs = _BLOCKS if unicode else _DIGITS
    return "".join(
        " " if value is None else signs[round(min(value / highest, 1) * (len(signs) - 1))]
        for value in shown
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]
