"""Which planned instances are left when an apply wants only some of them."""

from collections.abc import Callable
from dataclasses import replace

from runner.models.plan import Action, Plan, PlannedInstance


def changed_only(plan: Plan) -> Plan:
    """``plan`` without those that are unchanged and passed last time.

    One that was never applied stays: a machine without state never goes green on nothing.
    """
    return _keep(plan, lambda one: one.action is not Action.RERUN or not _passed(one))


def failed_only(plan: Plan) -> Plan:
    """``plan`` with only those whose last verdict was no pass, or that have none."""
    return _keep(plan, lambda one: one.action is not Action.REMOVED and not _passed(one))


def _passed(planned: PlannedInstance) -> bool:
    verdict = planned.record.verdict if planned.record else None
    return verdict is not None and verdict.is_pass


def _keep(plan: Plan, wanted: Callable[[PlannedInstance], bool]) -> Plan:
    return replace(plan, instances=tuple(filter(wanted, plan.instances)))
