"""Narrow a plan to what an apply wants of it."""

from collections.abc import Callable
from dataclasses import replace

from runner.listing import counted, listed
from runner.models.plan import Action, Plan, PlannedInstance


def changed_only(plan: Plan) -> Plan:
    """``plan`` without those that are unchanged and passed last time.

    One that was never applied stays: a machine without state never goes green on nothing.
    """
    return _keep(plan, lambda one: one.action is not Action.RERUN or not _passed(one))


def failed_only(plan: Plan, *, prune: bool = False) -> Plan:
    """``plan`` with only those whose last verdict was not a pass, or that have none.

    What is removed stays with ``prune`` alone.
    """
    return _keep(plan, lambda one: prune if one.action is Action.REMOVED else not _passed(one))


def failed_checks_only(plan: Plan, *, prune: bool = False) -> Plan:
    """``plan`` with only the checks that did not pass at the same commit.

    Where that is not known (no record, another commit or request, a check without an id) or other
    checks match by now, an instance stays as it is. To be called once ``expectChecks`` was judged
    on all checks.
    """
    plan = failed_only(plan, prune=prune)
    return replace(plan, instances=tuple(map(_narrowed, plan.instances)))


def _narrowed(planned: PlannedInstance) -> PlannedInstance:
    record, instance = planned.record, planned.instance
    if record is None or instance is None or planned.action is not Action.RERUN:
        return planned
    commit = instance.request().metadata.commit_id
    passed = [check for check in record.checks if check.verdict and check.verdict.is_pass]
    rest = [check.id for check in record.checks if check not in passed]
    if not passed or not rest or None in rest or not commit or commit != record.commit:
        return planned
    if planned.checks is not None and planned.checks.has_drifted:
        return planned
    target = {**(instance.body.get("target") or {}), "checkId": rest}
    note = (
        f"{counted(len(rest), 'check')} of {len(record.checks)} run again;"
        f" {len(passed)} passed earlier at {commit[:12]}."
    )
    checks = planned.checks
    if checks is not None and checks.matched:
        names = tuple(check.name for check in record.checks if check not in passed)
        most = checks.most_runs and checks.most_runs // len(checks.matched) * len(names)
        checks = checks._replace(matched=names, most_runs=most)
    return replace(
        planned,
        checks=checks,
        instance=instance._replace(body={**instance.body, "target": target}),
        passed_earlier=tuple(passed),
        warnings=(*planned.warnings, note),
    )


def _passed(planned: PlannedInstance) -> bool:
    verdict = planned.record.verdict if planned.record else None
    return verdict is not None and verdict.is_pass


def _keep(plan: Plan, wanted: Callable[[PlannedInstance], bool]) -> Plan:
    """``plan`` with those that are wanted; says which are in it for want of a record."""
    kept = tuple(filter(wanted, plan.instances))
    new = [one.name for one in kept if one.action is Action.CREATE]
    said = f"No last verdict is known of {listed(new)}, so that is applied too."
    return replace(plan, instances=kept, warnings=(*plan.warnings, said) if new else plan.warnings)
