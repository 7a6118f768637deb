"""History, status and checks as JSON; ``docs/state.md`` and ``docs/history.md`` name the fields."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from runner.models.history import InstanceStatus, PastApply
from runner.models.outcome import seconds_between
from runner.models.record import Attempt
from runner.reports.history.check_stats import CheckStats
from runner.reports.history.trend import point, seconds_of, together, verdict_of
from runner.reports.text.json_ import dump_json, time_text

FORMAT_VERSION: Final = 1


def history(newest_first: Iterable[PastApply]) -> str:
    """Return the applies and their trend as JSON that ends with a line break."""
    applies = list(newest_first)
    summary = together(list(map(point, applies)))
    known = {
        "passed": summary.passed,
        "judged": summary.judged,
        "passRate": summary.rate,
        "medianSeconds": summary.seconds,
    }
    shown = list(map(_apply, applies))
    return dump_json({"formatVersion": FORMAT_VERSION, "applies": shown, "summary": known})


def status(statuses: Sequence[InstanceStatus]) -> str:
    """Return the instances as JSON that ends with a line break."""
    instances = [_instance(each) for each in statuses]
    return dump_json({"formatVersion": FORMAT_VERSION, "instances": instances})


def checks(stats: Sequence[CheckStats]) -> str:
    """Return the checks as JSON that ends with a line break."""
    return dump_json({"formatVersion": FORMAT_VERSION, "checks": [_check(each) for each in stats]})


def _apply(past: PastApply) -> dict[str, Any]:
    return {
        "applyId": past.apply_id,
        "startedAt": time_text(past.started_at),
        "stoppedAt": time_text(past.stopped_at),
        "by": past.attempts[0].by.model_dump(mode="json", by_alias=True),
        "instances": [_attempt(each) for each in past.attempts],
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "instance": attempt.instance,
        "profile": attempt.profile,
        "verdict": verdict_of(attempt),
        "reason": attempt.reason,
        "sessionId": attempt.session_id,
        "link": attempt.link,
        "startedAt": time_text(attempt.started_at),
        "stoppedAt": time_text(attempt.stopped_at),
        "seconds": seconds_of(attempt),
        "commit": attempt.commit,
        "branch": attempt.branch,
    }


def _instance(status: InstanceStatus) -> dict[str, Any]:
    known: dict[str, Any] = {
        "instance": status.name,
        "profile": status.profile,
        "declared": status.is_declared,
        "changed": status.changed,
        "last": None,
    }
    record = status.record
    if record is not None:
        known["last"] = {
            "applyId": record.apply_id,
            "verdict": record.verdict,
            "reason": record.reason,
            "appliedAt": time_text(record.applied_at),
            "stoppedAt": time_text(record.stopped_at),
            "seconds": seconds_between(record.applied_at, record.stopped_at),
            "by": record.by.model_dump(mode="json", by_alias=True),
            "commit": record.commit,
            "branch": record.branch,
            "sessionId": record.session_id,
            "link": record.link,
            "archivedAt": time_text(record.archived_at),
        }
    return known


def _check(stats: CheckStats) -> dict[str, Any]:
    known: dict[str, Any] = {
        "name": stats.name,
        "id": stats.check_id,
        "profiles": list(stats.profiles),
        "runs": len(stats.runs),
        "passRate": stats.pass_rate,
        "flakeRate": stats.flake_rate,
        "failuresInARow": stats.failures_in_a_row,
        "p50Seconds": stats.p50,
        "p95Seconds": stats.p95,
        "slowdown": stats.slowdown,
        "lastFailure": None,
    }
    if (last := stats.last_failure) is not None:
        known["lastFailure"] = {
            "at": time_text(last.ended_at),
            "instance": last.attempt.instance,
            "applyId": last.attempt.apply_id,
            "commit": last.attempt.commit,
            "error": last.check.error,
            "link": last.attempt.link,
        }
    return known
