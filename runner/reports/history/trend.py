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
class Trend:
    """Pass rates and durations, oldest first; ``None`` for an apply that has none.

    Attributes:
        passed, judged: How many attempts passed, of those that have something to say.
        rates: Share that passed, by apply.
        seconds: Length of the longest session, by apply.
    """

    passed: int
    judged: int
    rates: tuple[float | None, ...]
    seconds: tuple[float | None, ...]

    @property
    def rate(self) -> float | None:
        """Share of all attempts that passed, from 0 to 1."""
        return self.passed / self.judged if self.judged else None

    @property
    def median_seconds(self) -> float | None:
        """Median of the durations."""
        known = [seconds for seconds in self.seconds if seconds is not None]
        return median(known) if known else None


def trend(newest_first: Sequence[PastApply]) -> Trend:
    """The trend of past applies."""
    rates: list[float | None] = []
    lengths: list[float | None] = []
    passed = judged = 0
    for past in reversed(newest_first):
        counted = [each for each in past.attempts if verdict_of(each) not in _SILENT]
        passes = sum(verdict_of(each).is_pass for each in counted)
        passed, judged = passed + passes, judged + len(counted)
        rates.append(passes / len(counted) if counted else None)
        lengths.append(max(_known(map(seconds_of, past.attempts)), default=None))
    return Trend(passed, judged, tuple(rates), tuple(lengths))


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
