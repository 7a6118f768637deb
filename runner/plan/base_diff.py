"""Compare two versions of a configuration: added, changed, renamed and removed instances."""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from types import MappingProxyType

from runner.models.instance import Instance
from runner.models.plan import Action, FieldChange, Plan, PlannedInstance
from runner.plan.diff import diff
from runner.plan.normalize import Normal, normal_form, normal_settings
from runner.plan.planner import request_warnings


def compare(
    before: Sequence[Instance],
    after: Sequence[Instance],
    moved: Mapping[str, str] = MappingProxyType({}),
) -> Plan:
    """Plan the changes from ``before`` to ``after``, the runner's own keys included.

    Both are all instances of a version, without an environment. ``moved`` has the old names of
    profiles, each with the current one. An instance that is gone and a new one that differs only in
    its name count as renamed, too.
    """
    old = {instance.name: instance for instance in before}
    new = {instance.name for instance in after}
    gone = {name: instance for name, instance in old.items() if name not in new}
    former: dict[str, Instance] = {}
    for name, instance in [*gone.items()]:
        profile = moved.get(instance.profile)
        present = f"{profile}{name.removeprefix(instance.profile)}"
        if profile and present in new and present not in old and present not in former:
            former[present] = gone.pop(name)
    alike: dict[str, list[Instance]] = {}
    for instance in gone.values():
        alike.setdefault(_alike(instance), []).append(instance)
    planned = []
    for instance in after:
        match = old.get(instance.name) or former.get(instance.name)
        if match is None and (candidates := alike.get(_alike(instance))):
            match = candidates.pop(0)
        planned.append(_compared(match, instance))
    planned += [
        PlannedInstance(rest.name, rest.profile, Action.REMOVED, None, _request(rest))
        for rests in alike.values()
        for rest in rests
    ]
    return Plan(tuple(planned))


def _compared(before: Instance | None, after: Instance) -> PlannedInstance:
    request, own = _request(after), normal_settings(after.own)
    action, renamed_from = Action.CREATE, None
    changes: tuple[FieldChange, ...] = ()
    if before is not None:
        changes = (*diff(_request(before), request), *diff(normal_settings(before.own), own))
        renamed_from = before.name if before.name != after.name else None
        action = Action.UPDATE if changes or renamed_from else Action.RERUN
    return PlannedInstance(
        after.name,
        after.profile,
        action,
        after,
        request,
        changes=changes,
        warnings=request_warnings(request, own["timeoutSeconds"]),
        renamed_from=renamed_from,
    )


def _alike(instance: Instance) -> str:
    """Return a key that is equal for instances that differ only in their names."""
    request = {**_request(instance), "name": None}
    return json.dumps([request, normal_settings(instance.own)], sort_keys=True)


def _request(instance: Instance) -> Normal:
    return normal_form(instance.body, _unkeyed)


def _unkeyed(text: str) -> dict[str, str]:
    """Fingerprint a template of a secret; without an environment there is nothing to hide."""
    return {"keyId": "", "fingerprint": sha256(text.encode("utf-8", "replace")).hexdigest()}
