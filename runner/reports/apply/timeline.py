"""Place sessions and attempts on a common axis of time, in percent of its length."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from runner.models.outcome import ApplyOutcome, CheckOutcome, InstanceOutcome
from runner.reports.apply import wording

_STEPS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
_MOST_TICKS: Final = 6
#: Least width of a bar, so that a short one can still be seen and hit.
_LEAST: Final = 0.4


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of time; ``left`` and ``width`` in percent of the axis."""

    left: float
    width: float
    label: str
    title: str
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on the axis; ``left`` in percent."""

    left: float
    text: str


class Axis:
    """The time from the start of an apply to its end, or to its last event."""

    def __init__(self, outcome: ApplyOutcome) -> None:
        times = [outcome.started_at, outcome.stopped_at, *_times(outcome)]
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
        bar = self._bar(instance.started_at, instance.stopped_at, instance.verdict.value, "session")
        return [bar] if bar else []

    def attempts(self, check: CheckOutcome) -> list[Bar]:
        """The bars of a check's attempts whose times are known."""
        bars = []
        for number, attempt in enumerate(check.attempts, start=1):
            bar = self._bar(
                attempt.started_at,
                attempt.stopped_at,
                attempt.verdict.value,
                f"attempt {number}",
                attempt.link,
            )
            if bar:
                bars.append(bar)
        return bars

    def _bar(
        self,
        start: datetime | None,
        stop: datetime | None,
        label: str,
        what: str,
        link: str | None = None,
    ) -> Bar | None:
        seconds = wording.seconds_between(start, stop)
        if start is None or seconds is None:
            return None
        left = min(_percent((start - self.start).total_seconds() / self.seconds), 100 - _LEAST)
        width = max(_percent(seconds / self.seconds), _LEAST)
        return Bar(
            left, round(width, 3), label, f"{what}: {label}, {wording.duration(seconds)}", link
        )


def _times(outcome: ApplyOutcome) -> Iterator[datetime]:
    for instance in outcome.instances:
        yield from filter(None, (instance.started_at, instance.stopped_at))
        for check in instance.checks:
            for attempt in check.attempts:
                yield from filter(None, (attempt.started_at, attempt.stopped_at))


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
