"""An apply as JSON, versioned, after ``schemas/report.schema.json``."""

from dataclasses import asdict
from typing import Any, Final

from pydantic.alias_generators import to_camel

from runner.models.outcome import ApplyOutcome, CheckAttempt, CheckOutcome, InstanceOutcome
from runner.reports.apply import wording
from runner.reports.text.json_ import dump_json, time_text

#: Goes up when a reader of the old form would break; new fields do not.
FORMAT_VERSION: Final = 1


def render(outcome: ApplyOutcome) -> str:
    """The report."""
    return dump_json(document(outcome))


def document(outcome: ApplyOutcome) -> dict[str, Any]:
    """The report as plain values."""
    counts = wording.count_all(outcome)
    return {
        "formatVersion": FORMAT_VERSION,
        "applyId": outcome.apply_id,
        "result": wording.result(outcome),
        "exitCode": outcome.exit_code,
        "interrupted": outcome.interrupted,
        "detached": outcome.detached,
        **_times(outcome),
        "summary": {
            "instances": dict(counts["Sessions"]),
            "checks": dict(counts["Checks"]),
            "changes": dict(counts["Changes"]),
        },
        "instances": [instance_document(instance) for instance in outcome.instances],
        "tested": {to_camel(name): text or None for name, text in asdict(outcome.tested).items()},
        "quorums": [{**asdict(quorum), "reached": quorum.reached} for quorum in outcome.quorums],
    }


def instance_document(instance: InstanceOutcome) -> dict[str, Any]:
    """One instance as plain values."""
    span = instance.span
    place = span and {"file": span.source.name, "line": span.line, "column": span.column}
    return {
        "name": instance.name,
        "profile": instance.profile,
        "verdict": instance.verdict.value,
        "counts": instance.counts,
        "reason": instance.reason,
        "hint": instance.hint,
        "sessionId": instance.session_id,
        "link": instance.link,
        "runLocation": instance.run_location or None,
        **_times(instance),
        "place": place,
        "checks": [check_document(check) for check in instance.checks],
    }


def check_document(check: CheckOutcome) -> dict[str, Any]:
    """One check as plain values."""
    return {
        "name": check.name,
        "id": check.check_id,
        "type": check.check_type or None,
        "verdict": check.verdict.value,
        "error": check.error,
        "errorGroups": list(check.error_groups),
        "failingSince": check.failing_since and asdict(check.failing_since),
        "artifacts": [
            {"kind": artifact.kind, "name": artifact.name, "path": artifact.path or None}
            for artifact in check.artifacts
        ],
        "quarantine": check.quarantine,
        "change": check.change and check.change.value,
        "runLocation": check.run_location or None,
        "link": check.link or None,
        "durationSeconds": check.seconds,
        "durationSecondsBefore": check.seconds_before,
        "attempts": [attempt_document(attempt) for attempt in check.attempts],
    }


def attempt_document(attempt: CheckAttempt) -> dict[str, Any]:
    """One attempt as plain values."""
    return {
        "verdict": attempt.verdict.value,
        "resultId": attempt.result_id,
        "error": attempt.error,
        "link": attempt.link or None,
        **_times(attempt),
        "responseTimeMilliseconds": attempt.response_time,
    }


def _times(timed: ApplyOutcome | InstanceOutcome | CheckAttempt) -> dict[str, Any]:
    return {
        "startedAt": time_text(timed.started_at),
        "stoppedAt": time_text(timed.stopped_at),
        "durationSeconds": timed.seconds,
    }
