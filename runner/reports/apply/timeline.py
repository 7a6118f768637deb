"""Place sessions and attempts on a common axis of time, in percent of its length."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final, NamedTuple

from runner.models.outcome import ApplyOutcome, CheckAttempt, CheckOutcome, InstanceOutcome
from runner.reports.apply import wording

_STEPS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
_MOST_TICKS: Final = 6
#: Least width of a bar, so that a short one can still be seen and hit.
_LEAST: Final = 0.4


class Bar(NamedTuple):
    """A stretch of time; ``left`` and ``width`` in percent of the axis."""

    left: float
    width: float
    label: str
    title: str


class Tick(NamedTuple):
    """A mark on the axis; ``left`` in percent."""

    left: float
    text: str


class Axis:
    """The time from the start of an apply to its end, or to its last event."""

    def __init__(self, outcome: ApplyOutcome) -> None:
        times = [*_times(outcome)]
        self.start = min(times)
        self.seconds = max((max(times) - self.start).total_seconds(), 1.0)

    @property
    def ticks(self) -> list[Tick]:
        """Marks at round times, few enough to be readable."""
        step = next(
            (step for step in _STEPS if self.seconds / step <= _MOST_TICKS),
            self.seconds / _MOST_TICKS,
        )
        count = int(self.seconds / step)
        return [
            Tick(_percent(number * step / self.seconds), _short(number * step))
            for number in range(count + 1)
        ]

    def session(self, instance: InstanceOutcome) -> list[Bar]:
        """The bar of an instance's session, if it had one."""
        return [*self._bars(instance, "session")]

    def attempts(self, check: CheckOutcome) -> list[Bar]:
        """The bars of a check's attempts whose times are known."""
        return [
            bar
            for number, attempt in enumerate(check.attempts, start=1)
            for bar in self._bars(attempt, f"attempt {number}")
        ]

    def _bars(self, timed: InstanceOutcome | CheckAttempt, what: str) -> Iterator[Bar]:
        """The bar of what has a start and an end; none otherwise."""
        if timed.started_at is None or timed.seconds is None:
            return
        left = _percent((timed.started_at - self.start).total_seconds() / self.seconds)
        width = max(_percent(timed.seconds / self.seconds), _LEAST)
        label = timed.verdict.value
        title = f"{what}: {label}, {wording.duration(timed.seconds)}"
        yield Bar(min(left, 100 - _LEAST), round(width, 3), label, title)


def _times(outcome: ApplyOutcome) -> Iterator[datetime]:
    checks = [check for instance in outcome.instances for check in instance.checks]
    attempts = [attempt for check in checks for attempt in check.attempts]
    for timed in (outcome, *outcome.instances, *attempts):
        yield from filter(None, (timed.started_at, timed.stopped_at))


def _percent(part: float) -> float:
    return round(part * 100, 3)


def _short(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes}:{rest:02}"
    hours, rest = divmod(round(seconds), 3600)
    return f"{hours}:{rest // 60:02} h"
