"""The last verdict of each instance, for the terminal."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from runner.models.history import InstanceStatus
from runner.models.record import Record
from runner.models.verdict import Verdict
from runner.reports.apply.text import sign
from runner.reports.apply.wording import count_labels, in_words
from runner.reports.history.wording import ago, source, who
from runner.reports.text.layout import fold
from runner.reports.text.sanitize import one_line, safe_url
from runner.reports.text.style import Style


def render(statuses: Sequence[InstanceStatus], now: datetime, style: Style) -> str:
    """The instances and a line that sums them up; ends with a line break."""
    lines = [line for status in statuses for line in _lines(status, now, style)]
    lines += (
        ["", style.paint(summary(statuses), "bold")] if lines else ["Nothing has been applied yet."]
    )
    return "".join(f"{fold(style.plain(line), style)}\n" for line in lines)


def summary(statuses: Sequence[InstanceStatus]) -> str:
    """The line that sums up: ``Status: 1 failed, 2 passed, 1 never applied; 1 changed since.``."""
    ended = [_verdict(status.record).value for status in statuses if status.record]
    parts = [in_words(count_labels(ended))] if ended else []
    if never := len(statuses) - len(ended):
        parts.append(f"{never} never applied")
    changed = sum(status.changed is True for status in statuses)
    since = f"; {changed} changed since" if changed else ""
    return f"Status: {', '.join(parts)}{since}."


def _lines(status: InstanceStatus, now: datetime, style: Style) -> Iterator[str]:
    record = status.record
    name = style.paint(one_line(status.name), "bold")
    name = style.link(name, record.link if record else None)
    if record is None:
        yield f"{style.paint('+', 'green')} {name}  never applied"
        return
    verdict = _verdict(record)
    at = record.stopped_at or record.applied_at
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


def _verdict(record: Record) -> Verdict:
    return record.verdict or Verdict.RUNNING
