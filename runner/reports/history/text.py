"""History, status and checks for the terminal."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from runner.models.history import InstanceStatus, PastApply
from runner.models.outcome import seconds_between
from runner.models.verdict import Verdict
from runner.reports.apply.text import sign
from runner.reports.apply.wording import count_labels, duration, in_words
from runner.reports.history.check_stats import CheckStats
from runner.reports.history.trend import Point, blocks, point, together, verdict_of
from runner.reports.history.wording import ago, source, who
from runner.reports.text.layout import Piece, fold, lay_out
from runner.reports.text.sanitize import NAME_LIMIT, one_line, safe_url
from runner.reports.text.style import Style


def history(newest_first: Iterable[PastApply], style: Style) -> Iterator[str]:
    """Yield a text for each apply, newest first, as it comes, and one for their trend."""
    points = []
    for past in newest_first:
        points.append(point(past))
        yield "\n".join(fold(style.plain(line), style) for line in _apply(past, style))
    yield "\n".join(["", *_trend(points, style)] if points else ["No past applies."])


def status(statuses: Sequence[InstanceStatus], now: datetime, style: Style) -> str:
    """Return the instances and a line that sums them up; ends with a line break."""
    lines = [line for each in statuses for line in _instance(each, now, style)]
    if lines:
        lines += ["", style.paint(_summary(statuses), "bold")]
    else:
        lines = ["Nothing has been applied yet."]
    return "".join(f"{fold(style.plain(line), style)}\n" for line in lines)


def checks(stats: Sequence[CheckStats], now: datetime, style: Style, *, flaky: bool = False) -> str:
    """Return a row for each check, the worst first; ``flaky`` if others were left out."""
    if not stats:
        return f"No check was {'flaky' if flaky else 'run'} in this window.\n"
    pad = min(max(len(one_line(each.name, NAME_LIMIT)) for each in stats), 40)
    return "".join(f"{row}\n" for each in stats for row in _check(each, now, pad, style))


def _apply(past: PastApply, style: Style) -> Iterator[str]:
    verdicts = [verdict_of(attempt) for attempt in past.attempts]
    counts = count_labels(verdict.value for verdict in verdicts)
    parts = [
        f"{sign(counts[0][0], style)} {past.started_at:%Y-%m-%d %H:%M:%S} UTC",
        style.paint(one_line(past.apply_id), "bold"),
        in_words(counts),
    ]
    seconds = seconds_between(past.started_at, past.stopped_at)
    if seconds is not None:
        parts.append(duration(seconds))
    first = past.attempts[0]
    parts.append(f"by {who(first.by)}")
    if origin := source(first.commit, first.branch):
        parts.append(f"at {origin}")
    yield "  ".join(parts)
    for attempt, verdict in zip(past.attempts, verdicts, strict=True):
        if not verdict.is_pass or len(past.attempts) == 1:
            reason = f": {one_line(attempt.reason)}" if attempt.reason else ""
            yield f"    {style.link(one_line(attempt.instance), attempt.link)} {verdict}{reason}"
            if address := style.address(safe_url(attempt.link)):
                yield style.paint(f"      {address}", "dim")


def _trend(newest_first: Sequence[Point], style: Style) -> Iterator[str]:
    points, known = newest_first[::-1], together(newest_first)
    if known.rate is not None:
        line = blocks([each.rate for each in points], top=1, unicode=style.unicode)
        yield f"pass rate  {line}  {known.rate:.0%} ({known.passed} of {known.judged})"
    if known.seconds is not None:
        line = blocks([each.seconds for each in points], unicode=style.unicode)
        yield f"duration   {line}  median {duration(known.seconds)}"


def _summary(statuses: Sequence[InstanceStatus]) -> str:
    """Sum up: ``Status: 1 failed, 2 passed, 1 never applied; 1 changed since.``."""
    ended = [each.record.verdict or Verdict.RUNNING for each in statuses if each.record]
    parts = [in_words(count_labels(verdict.value for verdict in ended))] if ended else []
    if never := len(statuses) - len(ended):
        parts.append(f"{never} never applied")
    changed = sum(each.changed is True for each in statuses)
    since = f"; {changed} changed since" if changed else ""
    return f"Status: {', '.join(parts)}{since}."


def _instance(status: InstanceStatus, now: datetime, style: Style) -> Iterator[str]:
    record = status.record
    name = style.paint(one_line(status.name), "bold")
    if record is None:
        yield f"{style.paint('+', 'green')} {name}  never applied"
        return
    verdict = record.verdict or Verdict.RUNNING
    name = style.link(name, record.link)
    at = record.last_at
    said = [f"{sign(verdict.value, style)} {name}  {verdict}", f"{at:%Y-%m-%d %H:%M} UTC"]
    said += [ago(at, now), f"by {who(record.by)}"]
    if origin := source(record.commit, record.branch):
        said.append(f"at {origin}")
    if status.changed:
        said.append(style.paint("changed since", "yellow"))
    if not status.is_declared:
        said.append(style.paint("no longer in the file", "yellow"))
    yield ", ".join(said)
    if record.reason:
        yield f"    {one_line(record.reason)}"
    if address := style.address(safe_url(record.link)):
        yield style.paint(f"    {address}", "dim")


def _check(stats: CheckStats, now: datetime, pad: int, style: Style) -> Iterator[str]:
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
        said = f"last failed {ago(last.ended_at, now)} in {one_line(last.attempt.instance)}{row}"
        yield from lay_out([Piece(said + error, ("dim",))], style, indent=4)


def _durations(stats: CheckStats) -> str:
    if stats.p50 is None or stats.p95 is None:
        return ""
    said = f"p50 {duration(stats.p50)}, p95 {duration(stats.p95)}"
    change = stats.slowdown
    if change is not None and not 0.8 < change < 1.25:
        said += f", {change:.1f}× as long as before"
    return said
