"""Trends over past applies: pass rates, durations, and a small line of blocks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from runner.models.history import PastApply
from runner.models.record import Attempt, Phase
from runner.models.verdict import Verdict
from runner.reports.apply.wording import seconds_between

_BLOCKS: Final = "▁▂▃▄▅▆▇█"
_DIGITS: Final = "01234567"
_SHOWN: Final = 40
#: Verdicts that say nothing of the checks.
_SILENT: Final = frozenset({Verdict.SKIPPED, Verdict.NOT_STARTED, Verdict.RUNNING})


@dataclass(frozen=True, slots=True)
class Point:
    """What an apply adds to a trend.

    Attributes:
        passed, judged: How many attempts passed, of those that have something to say.
        seconds: Length of the longest session; ``None`` where none has ended.
    """

    passed: int
    judged: int
    seconds: float | None

    @property
    def rate(self) -> float | None:
        """Share that passed, from 0 to 1."""
        return self.passed / self.judged if self.judged else None


@dataclass(frozen=True, slots=True)
class Trend:
    """Pass rates and durations of applies, oldest first."""

    points: tuple[Point, ...]

    @property
    def passed(self) -> int:
        """How many attempts passed."""
        return sum(each.passed for each in self.points)

    @property
    def judged(self) -> int:
        """How many attempts have something to say."""
        return sum(each.judged for each in self.points)

    @property
    def rate(self) -> float | None:
        """Share of all attempts that passed, from 0 to 1."""
        return Point(self.passed, self.judged, None).rate

    @property
    def rates(self) -> list[float | None]:
        """Share that passed, by apply."""
        return [each.rate for each in self.points]

    @property
    def seconds(self) -> list[float | None]:
        """Length of the longest session, by apply."""
        return [each.seconds for each in self.points]

    @property
    def median_seconds(self) -> float | None:
        """Median of the durations."""
        return median(known) if (known := _known(self.seconds)) else None


def point(past: PastApply) -> Point:
    """What an apply adds to a trend."""
    counted = [each for each in past.attempts if verdict_of(each) not in _SILENT]
    longest = max(_known(map(seconds_of, past.attempts)), default=None)
    return Point(sum(verdict_of(each).is_pass for each in counted), len(counted), longest)


def trend(newest_first: Sequence[Point]) -> Trend:
    """The trend of past applies."""
    return Trend(tuple(reversed(newest_first)))


def verdict_of(attempt: Attempt) -> Verdict:
    """The verdict of an attempt; running or unknown where it has no outcome."""
    if attempt.verdict is not None:
        return attempt.verdict
    return Verdict.RUNNING if attempt.phase is Phase.STARTED else Verdict.UNKNOWN


def seconds_of(attempt: Attempt) -> float | None:
    """The length of an attempt's session."""
    return seconds_between(attempt.started_at, attempt.stopped_at)


def blocks(
    values: Sequence[float | None], *, top: float | None = None, unicode: bool = True
) -> str:
    """The last of ``values`` as blocks as high as they are; a blank where there is none.

    Args:
        values: Numbers from 0 on.
        top: What the highest block stands for; the highest value by default.
        unicode: Whether blocks can be shown; digits from 0 to 7 else.
    """
    shown = values[-_SHOWN:]
    highest = top or max(_known(shown), default=0) or 1
    signs = _BLOCKS if unicode else _DIGITS
    return "".join(
        " " if value is None else signs[round(min(value / highest, 1) * (len(signs) - 1))]
        for value in shown
    )


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]
