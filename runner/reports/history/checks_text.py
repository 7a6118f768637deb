"""The record of each check, for the terminal."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from runner.reports.apply.wording import duration
from runner.reports.history.check_stats import CheckStats, when
from runner.reports.history.trend import blocks
from runner.reports.history.wording import ago
from runner.reports.text.layout import Piece, lay_out
from runner.reports.text.sanitize import NAME_LIMIT, one_line
from runner.reports.text.style import Style


def render(stats: Sequence[CheckStats], now: datetime, style: Style, *, flaky: bool = False) -> str:
    """A row for each check, the worst first; ends with a line break.

    Args:
        stats: The checks, or the flaky ones of them if ``flaky``.
        now: When this is told.
        style: The receiver.
        flaky: Whether others were left out.
    """
    if not stats:
        return f"No check was {'flaky' if flaky else 'run'} in this window.\n"
    pad = min(max(len(one_line(each.name, NAME_LIMIT)) for each in stats), 40)
    rows = [row for each in stats for row in _rows(each, now, pad, style)]
    return "".join(f"{row}\n" for row in rows)


def _rows(stats: CheckStats, now: datetime, pad: int, style: Style) -> Iterator[str]:
    passes = [1.0 - run.failed for run in reversed(stats.runs)]
    tint = "green" if stats.pass_rate == 1 else "yellow" if stats.flake_rate else "red"
    runs = "run" if len(stats.runs) == 1 else "runs"
    pieces = [
        Piece(one_line(stats.name, NAME_LIMIT), ("bold",), pad=pad),
        Piece(f"{stats.pass_rate:.0%} of {len(stats.runs)} {runs} passed", (tint,)),
        Piece(f"{stats.flake_rate:.0%} flaky" if stats.flake_rate else ""),
        Piece(blocks(passes, top=1, unicode=style.unicode) if len(passes) > 1 else ""),
        Piece(_durations(stats)),
    ]
    yield from lay_out(pieces, style)
    if (last := stats.last_failure) is not None:
        error = f": {one_line(last.check.error, NAME_LIMIT)}" if last.check.error else ""
        in_a_row = stats.failures_in_a_row
        row = f", {in_a_row} in a row" if in_a_row > 1 else ""
        said = f"last failed {ago(when(last), now)} in {one_line(last.attempt.instance)}{row}"
        yield from lay_out([Piece(said + error, ("dim",))], style, indent=4)


def _durations(stats: CheckStats) -> str:
    if stats.p50 is None or stats.p95 is None:
        return ""
    said = f"p50 {duration(stats.p50)}, p95 {duration(stats.p95)}"
    change = stats.slowdown
    if change is not None and not 0.8 < change < 1.25:
        said += f", {change:.1f}× as long as before"
    return said
