"""Records of a last apply, and plans against them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from runner.models.instance import Instance
from runner.models.plan import Plan
from runner.models.record import Record
from runner.plan import planner
from runner.plan.normalize import Fingerprint, normal_form


def record_of(instance: Instance, key: Fingerprint, applied_at: datetime, **more: Any) -> Record:
    """The record of an instance whose secrets were marked by ``key``."""
    return Record(
        instance=instance.name,
        profile=instance.profile,
        apply_id="1",
        request=normal_form(instance.body, key),
        applied_at=applied_at,
        **more,
    )


def make_plan(
    instances: Sequence[Instance],
    records: Mapping[str, Record],
    key: Fingerprint,
    *,
    everything: bool = False,
    warnings: Sequence[str] = (),
    **more: Any,
) -> Plan:
    """The plan of ``instances``; with ``everything`` they are all that the file declares."""
    declared = {instance.name for instance in instances} if everything else None
    requests = planner.normal_forms(instances, key)
    plan = planner.make_plan(instances, requests, records, declared=declared, **more)
    return plan._replace(warnings=tuple(warnings))
