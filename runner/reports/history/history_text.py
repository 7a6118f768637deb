"""Past applies for the terminal, with a trend."""

from collections.abc import Iterable, Iterator, Sequence

from runner.models.history import PastApply
from runner.reports.apply.text import sign
from runner.reports.apply.wording import count_labels, duration, in_words, seconds_between
from runner.reports.history.trend import Point, blocks, point, trend, verdict_of
from runner.reports.history.wording import source, who
from runner.reports.text.layout import fold
from runner.reports.text.sanitize import one_line, safe_url
from runner.reports.text.style import Style


def render(newest_first: Iterable[PastApply], style: Style) -> Iterator[str]:
    """A text for each apply, newest first, as it comes, and one for their trend."""
    points = []
    for past in newest_first:
        points.append(point(past))
        yield "\n".join(fold(style.plain(line), style) for line in _lines(past, style))
    yield "\n".join(["", *_trend(points, style)] if points else ["No past applies."])


def _lines(past: PastApply, style: Style) -> Iterator[str]:
    verdicts = [verdict_of(attempt) for attempt in past.attempts]
    (worst, _), *_ = count_labels(verdict.value for verdict in verdicts)
    parts = [
        f"{sign(worst, style)} {past.started_at:%Y-%m-%d %H:%M:%S} UTC",
        style.paint(one_line(past.apply_id), "bold"),
        in_words(count_labels(verdict.value for verdict in verdicts)),
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
    known = trend(newest_first)
    if known.rate is not None:
        line = blocks(known.rates, top=1, unicode=style.unicode)
        yield f"pass rate  {line}  {known.rate:.0%} ({known.passed} of {known.judged})"
    if known.median_seconds is not None:
        line = blocks(known.seconds, unicode=style.unicode)
        yield f"duration   {line}  median {duration(known.median_seconds)}"
