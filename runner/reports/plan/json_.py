"""A plan as JSON: format version 1, described by ``schemas/plan.schema.json``."""

from typing import TYPE_CHECKING, Any, Final

from runner.models.plan import FieldChange, Plan, PlannedInstance
from runner.reports.plan.values import Masks, current
from runner.reports.text.json_ import dump_json, time_text

if TYPE_CHECKING:
    from runner.models.record import Record
    from runner.plan.saved_plan import SavedPlan

FORMAT_VERSION: Final = 1
_CONTEXT: Final = ("api", "state", "project", "scope", "environment", "commit", "branch")


def render(plan: Plan) -> str:
    """Return the plan as an indented JSON document that ends with a line break, secrets masked."""
    return dump_json(document(plan))


def document(plan: Plan) -> dict[str, Any]:
    """Return the plan as a tree of plain values, secrets masked."""
    masks = Masks()
    tree: dict[str, Any] = {
        "formatVersion": FORMAT_VERSION,
        "context": None,
        "profiles": [_profile(planned, masks) for planned in plan.instances],
        "summary": plan.counts | {"warnings": len(plan.all_warnings)},
        "warnings": [*plan.file_warnings, *plan.warnings],
    }
    if (context := plan.context) is not None:
        account = {"id": context.account_id, "name": context.account_name}
        tree["context"] = {"account": account} | {key: getattr(context, key) for key in _CONTEXT}
    return tree if plan.against is None else tree | {"against": plan.against}


def saved_document(plan: "SavedPlan") -> dict[str, Any]:
    """Return a saved plan as a tree of plain values, secrets masked."""
    masks = Masks()
    tree = plan.model_dump(mode="json", by_alias=True, exclude={"format"})
    for instance in tree["instances"]:
        instance["request"] = masks.shown(instance["request"])
        del instance["record"]
    return tree


def _profile(planned: PlannedInstance, masks: Masks) -> dict[str, Any]:
    tree: dict[str, Any] = {
        "profile": planned.name,
        "action": planned.action.value,
        "request": masks.shown(current(planned)),
        "changes": [_change(change, masks) for change in planned.changes],
        "last": planned.record and _last(planned.record),
        "checks": None,
        "blocked": planned.blocked,
        "warnings": [
            *planned.warnings,
            *(f"{path} is a secret that could not be compared" for path in planned.not_compared),
        ],
    }
    if (checks := planned.checks) is not None:
        tree["checks"] = {
            "matched": list(checks.matched),
            "added": list(checks.added),
            "removed": list(checks.removed),
            "complete": checks.complete,
            "runs": len(checks.matched),
            "mostRuns": checks.most_runs,
            "blocked": planned.blocked,
        }
    return tree if planned.renamed_from is None else tree | {"renamedFrom": planned.renamed_from}


def _change(change: FieldChange, masks: Masks) -> dict[str, Any]:
    before, after = masks.sides(change, masks.shown)
    return {
        "path": change.path,
        "op": change.op.value,
        "before": before,
        "after": after,
        "sensitive": change.sensitive,
    }


def _last(record: "Record") -> dict[str, Any]:
    stopped = record.stopped_at
    return {
        "verdict": record.verdict and record.verdict.value,
        "reason": record.reason,
        "appliedAt": time_text(record.applied_at.replace(microsecond=0)),
        "stoppedAt": time_text(stopped and stopped.replace(microsecond=0)),
        "applyId": record.apply_id,
        "sessionId": record.session_id,
        "link": record.link,
        "commit": record.commit,
        "branch": record.branch,
    }
