"""Past applies as JSON; ``docs/state.md`` says what each field means."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from textwrap import indent
from typing import Any, Final

from runner.models.history import PastApply
from runner.models.record import Attempt, Initiator
from runner.reports.history.trend import Point, point, seconds_of, trend, verdict_of
from runner.reports.text.json_ import dump_json

FORMAT_VERSION: Final = 1


def render(newest_first: Iterable[PastApply]) -> Iterator[str]:
    """The lines of a JSON document: the applies as they come, and then their trend."""
    points: list[Point] = []
    before = f'{{\n  "formatVersion": {FORMAT_VERSION},\n  "applies": ['
    for past in newest_first:
        yield before + "," * bool(points)
        points.append(point(past))
        before = indent(dump_json(_apply(past)).rstrip("\n"), "    ")
    yield before
    summary = trend(points)
    known = {
        "passed": summary.passed,
        "judged": summary.judged,
        "passRate": summary.rate,
        "medianSeconds": summary.median_seconds,
    }
    yield f'  ],\n  "summary": {indent(dump_json(known).rstrip(), "  ").lstrip()}\n}}'


def _apply(past: PastApply) -> dict[str, Any]:
    return {
        "applyId": past.apply_id,
        "startedAt": time(past.started_at),
        "stoppedAt": time(past.stopped_at),
        "by": initiator(past.attempts[0].by),
        "instances": [_attempt(each) for each in past.attempts],
    }


def time(value: datetime | None) -> str | None:
    """A time as JSON has it: ISO 8601, in UTC."""
    return None if value is None else value.isoformat().replace("+00:00", "Z")


def initiator(by: Initiator) -> dict[str, Any]:
    """The initiator of an apply, as JSON."""
    return by.model_dump(mode="json", by_alias=True)


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "instance": attempt.instance,
        "profile": attempt.profile,
        "verdict": verdict_of(attempt),
        "reason": attempt.reason,
        "sessionId": attempt.session_id,
        "link": attempt.link,
        "startedAt": time(attempt.started_at),
        "stoppedAt": time(attempt.stopped_at),
        "seconds": seconds_of(attempt),
        "commit": attempt.commit,
        "branch": attempt.branch,
    }
