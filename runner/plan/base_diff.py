"""Compare two versions of a configuration: added, changed, renamed and removed instances."""

import json
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

from runner.models.instance import Instance
from runner.models.plan import Action, Plan, PlannedInstance
from runner.plan.diff import diff
from runner.plan.normalize import Normal, normal_form
from runner.plan.own_keys import own_keys
from runner.plan.warnings_ import request_warnings


def compare(
    before: Sequence[Instance],
    after: Sequence[Instance],
    *,
    against: str,
    warnings: Sequence[str] = (),
) -> Plan:
    """Plan the way from ``before`` to ``after``, the runner's own keys included.

    An instance that is gone and a new one that differs only in its name count as renamed.

    Args:
        before: Every instance of the older version, without an environment.
        after: Every instance of the newer one.
        against: The older version, in words.
        warnings: On the plan as a whole.
    """
    old = {instance.name: instance for instance in before}
    new = {instance.name for instance in after}
    gone: dict[str, list[Instance]] = {}
    for instance in before:
        if instance.name not in new:
            gone.setdefault(_alike(instance), []).append(instance)
    planned = []
    for instance in after:
        match = old.get(instance.name)
        if match is None and (candidates := gone.get(_alike(instance))):
            match = candidates.pop(0)
        planned.append(_changed(match, instance))
    planned += [_removed(instance) for rest in gone.values() for instance in rest]
    return Plan(tuple(planned), tuple(warnings), against)


def _changed(before: Instance | None, after: Instance) -> PlannedInstance:
    planned = PlannedInstance(
        name=after.name,
        profile=after.profile,
        action=Action.CREATE,
        instance=after,
        request=_request(after),
    )
    planned = replace(
        planned, warnings=request_warnings(planned.request, own_keys(after.own)["timeoutSeconds"])
    )
    if before is None:
        return planned
    changes = diff(_request(before), planned.request) + diff(
        own_keys(before.own), own_keys(after.own)
    )
    is_renamed = before.name != after.name
    return replace(
        planned,
        action=Action.UPDATE if changes or is_renamed else Action.RERUN,
        changes=changes,
        renamed_from=before.name if is_renamed else None,
    )


def _removed(instance: Instance) -> PlannedInstance:
    return PlannedInstance(
        name=instance.name,
        profile=instance.profile,
        action=Action.REMOVED,
        instance=None,
        request=_request(instance),
    )


def _alike(instance: Instance) -> str:
    """A key that is equal for instances that differ only in their names."""
    request = {**_request(instance), "name": None}
    return json.dumps([request, own_keys(instance.own)], sort_keys=True)


def _request(instance: Instance) -> Normal:
    return normal_form(instance.body, _unkeyed)


def _unkeyed(text: str) -> dict[str, str]:
    """Fingerprint a template of a secret; without an environment there is nothing to hide."""
    return {"keyId": "", "fingerprint": sha256(text.encode("utf-8", "replace")).hexdigest()}
