"""Work out a plan: the action of each instance, and why."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from runner.models.instance import Instance
from runner.models.plan import Action, Plan, PlannedInstance
from runner.plan.diff import diff, not_compared
from runner.plan.normalize import Fingerprint, Normal, normal_form
from runner.plan.own_keys import own_keys
from runner.plan.warnings_ import request_warnings

if TYPE_CHECKING:
    from runner.models.record import Record


def make_plan(
    instances: Sequence[Instance],
    records: Mapping[str, "Record"],
    fingerprint: Fingerprint,
    *,
    everything: bool = False,
    declared: Collection[str] = (),
    pulled_in: Collection[str] = (),
    open_profiles: Collection[str] = (),
    warnings: Sequence[str] = (),
    file_warnings: Sequence[str] = (),
    requests: Mapping[str, Normal] | None = None,
) -> Plan:
    """The plan of the selected instances.

    Args:
        instances: The selected instances and those that are pulled in, in file order.
        records: The last apply of each instance, under the instance's name; archived ones
            count as none.
        fingerprint: Makes fingerprints of secrets.
        everything: Whether a record of none of ``instances``, nor of ``declared``, belongs to a
            removed one.
        declared: Further instances of the file, which are not selected.
        pulled_in: Names of those that are there only because others need them.
        open_profiles: Profiles whose instances are not known: none of them was removed.
        warnings: On the plan as a whole.
        file_warnings: Of the file, each on one line.
        requests: The requests in normal form, where they were made already.
    """
    if requests is None:
        requests = normal_forms(instances, fingerprint)
    live = {name: record for name, record in records.items() if record.archived_at is None}
    planned = [
        _planned(
            instance, live.get(instance.name), requests[instance.name], instance.name in pulled_in
        )
        for instance in instances
    ]
    if everything:
        known = {*declared, *(instance.name for instance in instances)}
        planned += [
            _removed(live[name])
            for name in sorted(live)
            if name not in known and live[name].profile not in open_profiles
        ]
    return Plan(tuple(planned), tuple(warnings), file_warnings=tuple(file_warnings))


def normal_forms(instances: Sequence[Instance], fingerprint: Fingerprint) -> dict[str, Normal]:
    """The requests of ``instances`` in normal form, by their names."""
    shared: dict[str, Any] = {}
    return {each.name: normal_form(each.body, fingerprint, shared) for each in instances}


def _planned(
    instance: Instance, record: "Record | None", request: Normal, pulled_in: bool
) -> PlannedInstance:
    changes = () if record is None or record.request is request else diff(record.request, request)
    action = Action.UPDATE if changes else Action.RERUN
    return PlannedInstance(
        name=instance.name,
        profile=instance.profile,
        action=Action.CREATE if record is None else action,
        instance=instance,
        request=request,
        record=record,
        changes=changes,
        not_compared=() if record is None else not_compared(record.request, request),
        warnings=request_warnings(request, own_keys(instance.own)["timeoutSeconds"]),
        pulled_in=pulled_in,
    )


def _removed(record: "Record") -> PlannedInstance:
    return PlannedInstance(
        name=record.instance,
        profile=record.profile,
        action=Action.REMOVED,
        instance=None,
        request=record.request,
        record=record,
    )
