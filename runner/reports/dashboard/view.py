"""The figures and shapes of the dashboard, worked out from past applies."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from runner.models.history import PastApply
from runner.models.record import Attempt
from runner.models.verdict import Verdict
from runner.reports.apply.wording import tone
from runner.reports.history.check_stats import CheckStats, check_stats
from runner.reports.history.trend import Trend, point, trend, verdict_of

_FLAKIEST: Final = 20


@dataclass(frozen=True, slots=True)
class Row:
    """One instance over all applies, oldest first.

    Attributes:
        last: Its newest attempt.
        shapes: Tone and SVG path of the cells of that tone; a cell is one unit wide and high.
    """

    name: str
    profile: str
    last: Attempt
    shapes: tuple[tuple[str, str], ...]

    @property
    def verdict(self) -> Verdict:
        """How it ended last."""
        return verdict_of(self.last)


@dataclass(frozen=True, slots=True)
class FailingNow:
    """An instance that does not pass.

    Attributes:
        first: The attempt with which it began.
        applies: How many attempts in a row did not pass.
        checks: Names and errors of the checks that failed last.
    """

    last: Attempt
    first: Attempt
    applies: int
    checks: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class View:
    """All that the page shows.

    Attributes:
        applies: Oldest first; the columns of the map.
        rows: By profile and name.
        failing: What began to fail last comes first.
        flakiest: The first of ``flaky_count``.
        rates, seconds: Points of the two charts, as ``x,y`` in a box of 100 by 100.
    """

    applies: tuple[PastApply, ...]
    rows: tuple[Row, ...]
    failing: tuple[FailingNow, ...]
    flakiest: tuple[CheckStats, ...]
    flaky_count: int
    trend: Trend
    rates: str
    seconds: str


def view(newest_first: Sequence[PastApply]) -> View:
    """Everything the page shows of these applies."""
    applies = tuple(reversed(newest_first))
    attempts: dict[tuple[str, str], dict[int, Attempt]] = {}
    for column, past in enumerate(applies):
        for attempt in past.attempts:
            key = (attempt.profile, attempt.instance)
            attempts.setdefault(key, {})[column] = attempt
    rows = tuple(
        Row(name, profile, cells[max(cells)], tuple(_shapes(cells)))
        for (profile, name), cells in sorted(attempts.items())
    )
    known = trend([point(past) for past in newest_first])
    flaky = [each for each in check_stats(newest_first) if each.flake_rate]
    failing = filter(None, (_failing(cells) for _, cells in sorted(attempts.items())))
    return View(
        applies=applies,
        rows=rows,
        failing=tuple(sorted(failing, key=lambda each: each.applies)),
        flakiest=tuple(sorted(flaky, key=lambda each: -each.flake_rate)[:_FLAKIEST]),
        flaky_count=len(flaky),
        trend=known,
        rates=_points(known.rates, 1.0),
        seconds=_points(known.seconds, max(filter(None, known.seconds), default=1.0)),
    )


def _shapes(cells: dict[int, Attempt]) -> Iterator[tuple[str, str]]:
    """A path for each tone: neighbours of one tone are one rectangle."""
    paths: dict[str, list[str]] = {}
    columns = sorted(cells)
    keyed = [
        (column - index, tone(verdict_of(cells[column]).value), column)
        for index, column in enumerate(columns)
    ]
    for (_, name), run in groupby(keyed, key=lambda item: item[:2]):
        first, *_ = span = [column for *_, column in run]
        paths.setdefault(name, []).append(f"M{first} 0h{len(span)}v1H{first}z")
    for name, parts in paths.items():
        yield name, "".join(parts)


def _failing(cells: dict[int, Attempt]) -> FailingNow | None:
    """Since when an instance has not passed, if its newest attempt did not."""
    newest_first = [cells[column] for column in sorted(cells, reverse=True)]
    judged = [each for each in newest_first if tone(verdict_of(each).value) != "none"]
    streak = []
    for attempt in judged:
        if verdict_of(attempt).is_pass:
            break
        streak.append(attempt)
    if not streak:
        return None
    last = streak[0]
    checks = tuple(
        (check.name, check.error or "")
        for check in last.checks
        if check.verdict is not None and not check.verdict.is_pass
    )
    return FailingNow(last, streak[-1], len(streak), checks)


def _points(values: Sequence[float | None], top: float) -> str:
    """A line through the values that are known, from left to right; one value is a level line."""
    if len(values) == 1:
        values = [values[0], values[0]]
    step = 100 / max(len(values) - 1, 1)
    return " ".join(
        f"{index * step:.2f},{100 - 100 * value / top:.1f}"
        for index, value in enumerate(values)
        if value is not None
    )
