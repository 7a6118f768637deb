"""Work out a plan: the action of each instance, and why."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from runner.models.instance import Instance
from runner.models.plan import Action, Plan, PlannedInstance
from runner.plan.diff import diff, not_compared
from runner.plan.normalize import Fingerprint, Normal, normal_form, own_keys
from runner.plan.warnings_ import request_warnings

if TYPE_CHECKING:
    from runner.models.record import Record


def normal_forms(instances: Sequence[Instance], fingerprint: Fingerprint) -> dict[str, Normal]:
    """Return the requests of ``instances`` in normal form, by name."""
    shared: dict[str, Any] = {}
    return {each.name: normal_form(each.body, fingerprint, shared) for each in instances}


def make_plan(
    instances: Sequence[Instance],
    requests: Mapping[str, Normal],
    records: Mapping[str, "Record"],
    *,
    declared: Collection[str] | None = None,
    open_profiles: Collection[str] = (),
    pulled_in: Collection[str] = (),
) -> Plan:
    """Plan the selected instances.

    Args:
        instances: The selected instances and those that are pulled in, in file order.
        requests: Their requests in normal form.
        records: The last apply of each instance, by name; archived ones count as none.
        declared: All instances of the file, so that live records of others are planned as
            removed; ``None`` if nothing is to be removed.
        open_profiles: Profiles whose instances are not known: none of them was removed.
        pulled_in: Names of those that are there only because others need them.
    """
    live = {name: record for name, record in records.items() if record.archived_at is None}
    planned = [
        _planned(each, requests[each.name], live.get(each.name), each.name in pulled_in)
        for each in instances
    ]
    if declared is not None:
        planned += [
            PlannedInstance(name, gone.profile, Action.REMOVED, None, gone.request, gone)
            for name, gone in sorted(live.items())
            if name not in declared and gone.profile not in open_profiles
        ]
    return Plan(tuple(planned))


def _planned(
    instance: Instance, request: Normal, record: "Record | None", pulled_in: bool
) -> PlannedInstance:
    changes = () if record is None else diff(record.request, request)
    action = Action.UPDATE if changes else Action.RERUN
    return PlannedInstance(
        instance.name,
        instance.profile,
        Action.CREATE if record is None else action,
        instance,
        request,
        record,
        changes=changes,
        not_compared=() if record is None else not_compared(record.request, request),
        warnings=request_warnings(request, own_keys(instance.own)["timeoutSeconds"]),
        pulled_in=pulled_in,
    )
