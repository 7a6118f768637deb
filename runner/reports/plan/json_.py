"""A plan as JSON: format version 1, described by ``schemas/plan.schema.json``."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from runner.models.plan import Action, CheckDrift, FieldChange, Plan, PlanContext, PlannedInstance
from runner.reports.plan.values import Masks, current, shown, shown_change

if TYPE_CHECKING:
    from runner.models.record import Record
    from runner.plan.saved_plan import SavedPlan

FORMAT_VERSION: Final = 1


def render(plan: Plan) -> str:
    """The plan as an indented JSON document that ends with a line break, secrets masked."""
    return json.dumps(document(plan), indent=2, ensure_ascii=True) + "\n"


def document(plan: Plan) -> dict[str, Any]:
    """The plan as a tree of plain values, secrets masked."""
    masks = Masks()
    counts = {action.value: plan.count(action) for action in Action}
    more = {"blocked": len(plan.blocked), "warnings": len(plan.all_warnings)}
    return {
        "formatVersion": FORMAT_VERSION,
        "context": None if plan.context is None else _context(plan.context),
        "profiles": [_profile(planned, masks) for planned in plan.instances],
        "summary": counts | more,
        "warnings": [*plan.file_warnings, *plan.warnings],
        **({} if plan.against is None else {"against": plan.against}),
    }


def saved_document(plan: "SavedPlan") -> dict[str, Any]:
    """A saved plan as a tree of plain values, secrets masked."""
    masks = Masks()
    tree = plan.model_dump(mode="json", by_alias=True, exclude={"format"})
    for instance in tree["instances"]:
        instance["request"] = shown(instance["request"], masks)
        del instance["record"]
    return tree


def _context(context: PlanContext) -> dict[str, Any]:
    return {
        "account": {"id": context.account_id, "name": context.account_name},
        "api": context.api,
        "state": context.state,
        "project": context.project,
        "scope": context.scope,
        "environment": context.environment,
        "commit": context.commit,
        "branch": context.branch,
    }


def _profile(planned: PlannedInstance, masks: Masks) -> dict[str, Any]:
    renamed = {} if planned.renamed_from is None else {"renamedFrom": planned.renamed_from}
    return {
        "profile": planned.name,
        "action": planned.action.value,
        "request": shown(current(planned), masks),
        "changes": [_change(change, masks) for change in planned.changes],
        "last": None if planned.record is None else _last(planned.record),
        "checks": None if planned.checks is None else _checks(planned.checks, planned.blocked),
        "blocked": planned.blocked,
        "warnings": [
            *planned.warnings,
            *(f"{path} is a secret that could not be compared" for path in planned.not_compared),
        ],
        **renamed,
    }


def _change(change: FieldChange, masks: Masks) -> dict[str, Any]:
    before, after = shown_change(change, masks)
    return {
        "path": change.path,
        "op": change.op.value,
        "before": before,
        "after": after,
        "sensitive": change.sensitive,
    }


def _last(record: "Record") -> dict[str, Any]:
    return {
        "verdict": None if record.verdict is None else record.verdict.value,
        "reason": record.reason,
        "appliedAt": _time(record.applied_at),
        "stoppedAt": _time(record.stopped_at),
        "applyId": record.apply_id,
        "sessionId": record.session_id,
        "link": record.link,
        "commit": record.commit,
        "branch": record.branch,
    }


def _checks(checks: CheckDrift, blocked: str | None) -> dict[str, Any]:
    return {
        "matched": list(checks.matched),
        "added": list(checks.added),
        "removed": list(checks.removed),
        "complete": checks.complete,
        "runs": len(checks.matched),
        "mostRuns": checks.most_runs,
        "blocked": blocked,
    }


def _time(at: datetime | None) -> str | None:
    """RFC 3339 in UTC, to the second."""
    if at is None:
        return None
    return at.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")
