"""Wording that all formats of a plan share."""

import shlex
from datetime import UTC
from typing import TYPE_CHECKING, Final

from runner.listing import counted, first_of
from runner.models.plan import Action, CheckDrift, Plan, PlanContext
from runner.reports.text.sanitize import one_line

if TYPE_CHECKING:
    from runner.models.record import Record

#: Names that are shown of a list of checks or instances, and characters of such a name.
_NAMES_LIMIT: Final = 10
_NAME_LIMIT: Final = 80
_COMMIT_LENGTH: Final = 12


def header(plan: Plan) -> tuple[tuple[str, str], ...]:
    """Return the context of a plan, if it has one, as names and values."""
    context = plan.context
    if context is None:
        return ()
    commit = (context.commit or "unknown")[:_COMMIT_LENGTH]
    tested = commit + (f" on {context.branch}" if context.branch else "")
    if context.environment:
        tested += f", environment {context.environment}"
    return (
        ("Account", f"{account(context)} at {context.api}"),
        ("State", f"{context.state}, project {context.project}, scope {context.scope}"),
        ("Commit", tested),
    )


def account(context: PlanContext) -> str:
    """Return the account's name and id, as far as they are known."""
    if context.account_id is None:
        return "unknown"
    name = context.account_name
    return f"{name} ({context.account_id})" if name else context.account_id


def question(plan: Plan) -> str:
    """Return what to ask before starting: ``Start 3 sessions in Acme?``."""
    blocked, gone = plan.counts["blocked"], plan.counts["removed"]
    starting = len(plan.instances) - gone - blocked
    at = plan.context
    named = at and (at.account_name or f"account {account(at)}")
    where = f" in {named}" if named else ""
    left_out = f"{blocked} blocked. " if blocked else ""
    archive = f" and archive {counted(gone, 'record')}" if gone else ""
    return one_line(f"{left_out}Start {counted(starting, 'session')}{where}{archive}?")


def removed(plan: Plan) -> str:
    """Say what becomes of removed instances, with the command that drops their records."""
    names = [planned.name for planned in plan.instances if planned.action is Action.REMOVED]
    if not names or plan.against is not None:
        return ""
    named = names if len(names) <= _NAMES_LIMIT else ["NAME"]
    options = plan.context.options if plan.context else ()
    command = shlex.join(["runner", "state", "forget", *options, *named])
    return one_line(
        "A bare `runner apply`, or one with --prune, archives what is removed. To delete a record:"
        f" `{command}`"
    )


def summary(plan: Plan) -> str:
    """Sum a plan up: ``Plan: 1 to create, 1 to update, 2 to rerun, 0 removed.``."""
    create, update, rerun, removed_, blocked = plan.counts.values()
    if plan.against is None:
        said = f"Plan: {create:,} to create, {update:,} to update, {rerun:,} to rerun"
        said += f", {removed_:,} removed"
    elif rerun == len(plan.instances):
        said = "No changes"
    else:
        said = f"Changes: {create:,} added, {update:,} changed, {removed_:,} removed"
    if blocked:
        said += f", {blocked} blocked"
    if warnings := len(plan.all_warnings):
        said += f", {counted(warnings, 'warning')}"
    return f"{said}."


def cost(plan: Plan) -> str | None:
    """Return ``7 checks, 7 runs, at most 21 with retries``, if any checks are known."""
    known = [one.checks for one in plan.instances if one.checks and one.blocked is None]
    if not known:
        return None
    checks = {name for drift in known for name in drift.matched}
    runs = sum(len(drift.matched) for drift in known)
    least = "" if all(drift.complete for drift in known) else "at least "
    said = f"{least}{counted(len(checks), 'check')}, {counted(runs, 'run')}"
    if any(drift.most_runs is None for drift in known):
        return f"{said}, more if checks retry by their own settings"
    most = sum(drift.most_runs or 0 for drift in known)
    return f"{said}, at most {most:,} with retries" if most > runs else said


def last_ended(record: "Record | None") -> str:
    """Say when and how an instance last ended: ``last passed 2026-11-23 08:12 UTC``."""
    if record is None:
        return "never applied"
    at = record.last_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    if record.verdict is None:
        return f"last started {at}, not known to have ended"
    return f"last {record.verdict} {at}"


def drift(checks: CheckDrift) -> str:
    """Say how many checks match, and which are new or gone: ``14 match (+1: Login)``."""
    count = len(checks.matched)
    turns = [
        f"{sign}{len(names)}: {some(names)}"
        for sign, names in (("+", checks.added), ("−", checks.removed))
        if names
    ]
    least = "" if checks.complete else "at least "
    verb = "matches" if count == 1 else "match"
    return f"{least}{count} {verb}" + (f" ({'; '.join(turns)})" if turns else "")


def some(names: tuple[str, ...]) -> str:
    """Return the first few of ``names``, and how many more there are."""
    return first_of([one_line(name, _NAME_LIMIT) for name in names], _NAMES_LIMIT)
