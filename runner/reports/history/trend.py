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
    """What an apply adds to a trend, or several applies do together.

    Attributes:
        passed, judged: How many attempts passed, of those that have something to say.
        seconds: Length of the longest session, of several applies the median; ``None`` if none
            has ended.
    """

    passed: int
    judged: int
    seconds: float | None

    @property
    def rate(self) -> float | None:
        """Share that passed, from 0 to 1."""
        return self.passed / self.judged if self.judged else None


def point(past: PastApply) -> Point:
    """Return what an apply adds to a trend."""
    verdicts = [found for each in past.attempts if (found := verdict_of(each)) not in _SILENT]
    longest = max(_known(map(seconds_of, past.attempts)), default=None)
    return Point(sum(verdict.is_pass for verdict in verdicts), len(verdicts), longest)


def together(points: Sequence[Point]) -> Point:
    """Return what several applies say together."""
    seconds = _known(each.seconds for each in points)
    return Point(
        sum(each.passed for each in points),
        sum(each.judged for each in points),
        median(seconds) if seconds else None,
    )


def verdict_of(attempt: Attempt) -> Verdict:
    """Return the verdict of an attempt; running or unknown if it has no outcome."""
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


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]
