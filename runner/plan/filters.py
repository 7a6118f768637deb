"""Narrow a plan to what an apply asks for."""

from collections.abc import Callable
from datetime import date

from runner.listing import counted, listed
from runner.models.contract.settings import Settings
from runner.models.plan import Action, Plan, PlannedInstance
from runner.models.record import CheckRecord
from runner.models.verdict import Verdict
from runner.plan.target_match import unmet


def changed_only(plan: Plan, today: date) -> Plan:
    """Leave out what is unchanged and passed last time, as its profile would judge ``today``.

    One that was never applied stays: a machine without state never goes green on nothing.
    """
    return _keep(plan, lambda one: one.action is not Action.RERUN or not _passed(one, today))


def failed_only(plan: Plan, today: date, *, prune: bool = False) -> Plan:
    """Keep what did not pass last time or has no last verdict; what is removed, with ``prune``."""
    return _keep(
        plan, lambda one: prune if one.action is Action.REMOVED else not _passed(one, today)
    )


def failed_checks_only(plan: Plan, today: date, *, prune: bool = False) -> Plan:
    """Keep only the checks that did not pass at the same commit.

    Where that is not known (no record, another commit or request, a check without an id) or other
    checks match now, an instance stays whole. Call it after judging ``expectChecks``.
    """
    plan = failed_only(plan, today, prune=prune)
    return plan._replace(instances=tuple(map(_narrowed, plan.instances)))


def _narrowed(planned: PlannedInstance) -> PlannedInstance:
    record, instance = planned.record, planned.instance
    if record is None or instance is None or planned.action is not Action.RERUN:
        return planned
    commit = instance.request().metadata.commit_id
    passed = [check for check in record.checks if _is_pass(check, instance.settings)]
    rest = [check for check in record.checks if check not in passed]
    ids = [check.id for check in rest]
    if not passed or not rest or None in ids or not commit or commit != record.commit:
        return planned
    if planned.has_drifted:
        return planned
    note = (
        f"{counted(len(rest), 'check')} of {len(record.checks)} run again;"
        f" {len(passed)} passed earlier at {commit[:12]}."
    )
    checks = planned.checks
    if checks is not None and checks.matched:
        names = tuple(check.name for check in rest)
        most = checks.most_runs and checks.most_runs // len(checks.matched) * len(names)
        checks = checks._replace(matched=names, most_runs=most)
    target = {**(instance.body.get("target") or {}), "checkId": ids}
    return planned._replace(
        checks=checks,
        instance=instance._replace(body={**instance.body, "target": target}),
        passed_earlier=tuple(passed),
        warnings=(*planned.warnings, note),
    )


def _passed(planned: PlannedInstance, today: date) -> bool:
    """Return whether the last apply passed, and still would by today's settings."""
    record, instance = planned.record, planned.instance
    if record is None or record.verdict is None or not record.verdict.is_pass:
        return False
    if planned.is_untried:
        return False
    if instance is None:
        return True
    settings = instance.settings
    forgiven = {each.check for each in settings.quarantine if each.is_in_force(today)}
    known = [check for check in record.checks if check.verdict is not None]
    return all(
        _is_pass(check, settings) or forgiven.intersection({check.name, check.id})
        for check in known
    ) and not unmet(settings.expect_checks, [check.name for check in known])


def _is_pass(check: CheckRecord, settings: Settings) -> bool:
    if check.verdict is Verdict.DEGRADED:
        return not settings.fail_on_degraded
    return check.verdict is not None and check.verdict.is_pass


def _keep(plan: Plan, wanted: Callable[[PlannedInstance], bool]) -> Plan:
    """Keep what is wanted, and warn of what is kept only because it has no record."""
    kept = tuple(filter(wanted, plan.instances))
    warnings = plan.warnings
    if new := [one.name for one in kept if one.action is Action.CREATE]:
        warnings += (f"Also applied, since no last verdict is known: {listed(new)}.",)
    return plan._replace(instances=kept, warnings=warnings)
