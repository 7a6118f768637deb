"""The figures and shapes of the dashboard, computed from past applies."""

from collections.abc import Sequence
from itertools import groupby, takewhile
from operator import attrgetter
from typing import Final, NamedTuple

from runner.models.history import PastApply
from runner.models.record import Attempt
from runner.models.verdict import Verdict
from runner.reports.apply.wording import tone
from runner.reports.history.check_stats import CheckStats, check_stats
from runner.reports.history.trend import Point, point, together, verdict_of

_FLAKIEST: Final = 20


class Row(NamedTuple):
    """One instance over all applies.

    Attributes:
        last: Its newest attempt.
        verdict: How that ended.
        shapes: Tone and SVG path of the cells of that tone; a cell is one unit wide and high.
    """

    name: str
    last: Attempt
    verdict: Verdict
    shapes: tuple[tuple[str, str], ...]


class FailingNow(NamedTuple):
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


class View(NamedTuple):
    """All that the page shows.

    Attributes:
        applies: Oldest first; the columns of the map.
        rows: By profile and name.
        failing: What began to fail last comes first.
        flakiest: The first of ``flaky_count``.
        longest: Seconds of the longest session of all.
        rates, seconds: Points of the two charts, as ``x,y`` in a box of 100 by 100.
    """

    applies: tuple[PastApply, ...]
    rows: tuple[Row, ...]
    failing: tuple[FailingNow, ...]
    flakiest: tuple[CheckStats, ...]
    flaky_count: int
    total: Point
    longest: float | None
    rates: str
    seconds: str


def view(newest_first: Sequence[PastApply]) -> View:
    """Work out everything the page shows of these applies."""
    applies = tuple(reversed(newest_first))
    attempts: dict[tuple[str, str], dict[int, Attempt]] = {}
    for column, past in enumerate(applies):
        for attempt in past.attempts:
            key = (attempt.profile, attempt.instance)
            attempts.setdefault(key, {})[column] = attempt
    # The cells of a row are in the order of their columns: the newest is the last.
    cells = [attempts[key] for key in sorted(attempts)]
    points = list(map(point, applies))
    seconds = [each.seconds for each in points]
    longest = max((each for each in seconds if each is not None), default=None)
    flaky = [each for each in check_stats(newest_first) if each.flake_rate]
    return View(
        applies=applies,
        rows=tuple(map(_row, cells)),
        failing=tuple(sorted(filter(None, map(_failing, cells)), key=attrgetter("applies"))),
        flakiest=tuple(sorted(flaky, key=lambda each: -each.flake_rate)[:_FLAKIEST]),
        flaky_count=len(flaky),
        total=together(points),
        longest=longest,
        rates=_points([each.rate for each in points], 1.0),
        seconds=_points(seconds, longest or 1.0),
    )


def _row(cells: dict[int, Attempt]) -> Row:
    """Draw an instance: neighbours of one tone are one rectangle of the path of that tone."""
    paths: dict[str, str] = {}
    keyed = [
        (column - index, tone(verdict_of(attempt).value), column)
        for index, (column, attempt) in enumerate(cells.items())
    ]
    for (_, name), run in groupby(keyed, key=lambda item: item[:2]):
        first, *more = (column for *_, column in run)
        paths[name] = paths.get(name, "") + f"M{first} 0h{1 + len(more)}v1H{first}z"
    *_, last = cells.values()
    return Row(last.instance, last, verdict_of(last), tuple(paths.items()))


def _failing(cells: dict[int, Attempt]) -> FailingNow | None:
    """Return since when an instance has not passed, if its newest attempt did not."""
    judged = [each for each in cells.values() if tone(verdict_of(each).value) != "none"]
    streak = list(takewhile(lambda each: not verdict_of(each).is_pass, reversed(judged)))
    if not streak:
        return None
    checks = tuple(
        (check.name, check.error or "")
        for check in streak[0].checks
        if check.verdict is not None and not check.verdict.is_pass
    )
    return FailingNow(streak[0], streak[-1], len(streak), checks)


def _points(values: Sequence[float | None], top: float) -> str:
    """Draw a line through the known values, from left to right; one value is a level line."""
    if len(values) == 1:
        values = [values[0], values[0]]
    step = 100 / max(len(values) - 1, 1)
    return " ".join(
        f"{index * step:.2f},{100 - 100 * value / top:.1f}"
        for index, value in enumerate(values)
        if value is not None
    )
