"""An apply as JSON, versioned, after ``schemas/report.schema.json``."""

from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from runner.models.outcome import (
    ApplyOutcome,
    Artifact,
    CheckAttempt,
    CheckOutcome,
    InstanceOutcome,
    QuorumOutcome,
)
from runner.reports.apply import wording
from runner.reports.text.json_ import dump_json, time_text

#: Goes up when a reader of the old form would break; new fields do not.
FORMAT_VERSION: Final = 1


def render(outcome: ApplyOutcome) -> str:
    """The report."""
    return dump_json(document(outcome))


def document(outcome: ApplyOutcome) -> dict[str, Any]:
    """The report as plain values."""
    return {
        "formatVersion": FORMAT_VERSION,
        "applyId": outcome.apply_id,
        "result": wording.result(outcome),
        "exitCode": outcome.exit_code,
        "interrupted": outcome.interrupted,
        "detached": outcome.detached,
        **_times(outcome.started_at, outcome.stopped_at),
        "summary": {
            "instances": dict(wording.count_instances(outcome)),
            "checks": dict(wording.count_checks(outcome)),
            "changes": dict(wording.count_changes(outcome)),
        },
        "instances": [instance_document(instance) for instance in outcome.instances],
        "tested": {_camel(name): text or None for name, text in asdict(outcome.tested).items()},
        "quorums": [_quorum(quorum) for quorum in outcome.quorums],
    }


def instance_document(instance: InstanceOutcome) -> dict[str, Any]:
    """One instance as plain values."""
    place = None
    if instance.span:
        line, column = instance.span.source.line_and_column(instance.span.start)
        place = {"file": instance.span.source.name, "line": line, "column": column}
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
        **_times(instance.started_at, instance.stopped_at),
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
        "failingSince": None
        if check.failing_since is None
        else {"applies": check.failing_since.applies, "commit": check.failing_since.commit},
        "artifacts": [_artifact(artifact) for artifact in check.artifacts],
        "quarantine": check.quarantine,
        "change": None if check.change is None else check.change.value,
        "runLocation": check.run_location or None,
        "link": check.link or None,
        "durationSeconds": wording.check_seconds(check),
        "durationSecondsBefore": check.seconds_before,
        "attempts": [attempt_document(attempt) for attempt in check.attempts],
    }


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))


def _artifact(artifact: Artifact) -> dict[str, Any]:
    return {"kind": artifact.kind, "name": artifact.name, "path": artifact.path or None}


def attempt_document(attempt: CheckAttempt) -> dict[str, Any]:
    """One attempt as plain values."""
    return {
        "verdict": attempt.verdict.value,
        "resultId": attempt.result_id,
        "error": attempt.error,
        "link": attempt.link or None,
        **_times(attempt.started_at, attempt.stopped_at),
        "responseTimeMilliseconds": attempt.response_time,
    }


def _quorum(quorum: QuorumOutcome) -> dict[str, Any]:
    return {
        "profile": quorum.profile,
        "needed": quorum.needed,
        "passed": quorum.passed,
        "total": quorum.total,
        "reached": quorum.reached,
    }


def _times(start: datetime | None, stop: datetime | None) -> dict[str, Any]:
    return {
        "startedAt": time_text(start),
        "stoppedAt": time_text(stop),
        "durationSeconds": wording.seconds_between(start, stop),
    }
