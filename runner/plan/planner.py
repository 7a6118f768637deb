"""Make a plan: the action of each instance, why, and the warnings that need no network."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

from runner.models.instance import Instance
from runner.models.marked import Path
from runner.models.plan import Action, Plan, PlannedInstance
from runner.plan.diff import diff, not_compared, path_text
from runner.plan.normalize import UNSET, Fingerprint, Normal, mark_of, normal_form, normal_settings

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
        warnings=request_warnings(request, normal_settings(instance.own)["timeoutSeconds"]),
        pulled_in=pulled_in,
    )


def request_warnings(request: Normal, timeout_seconds: object) -> tuple[str, ...]:
    """Warn of unresolved values and of retries that outlast the time-out."""
    # Most requests have nothing unresolved, which their text shows faster than a walk.
    unresolved = _unresolved((), request) if f'"{UNSET}"' in json.dumps(request) else ()
    found = [
        f"{path_text(path)} is unresolved: {', '.join(names)} "
        f"{'is' if len(names) == 1 else 'are'} not set"
        for path, names in unresolved
    ]
    if problem := _retries_outlast(request.get("retryStrategy"), timeout_seconds):
        found.append(problem)
    return tuple(found)


def _unresolved(path: Path, value: Any) -> Iterator[tuple[Path, list[str]]]:
    """Yield the places of unresolved values and the names they wait for."""
    if mark_of(value) == UNSET:
        yield path, value[UNSET]
    elif isinstance(value, dict):
        for key, child in value.items():
            yield from _unresolved((*path, key), child)
    elif isinstance(value, list):
        inside = {name for item in value for _, names in _unresolved((), item) for name in names}
        if inside:
            yield path, sorted(inside)


def _retries_outlast(strategy: Any, timeout_seconds: object) -> str | None:
    """Say why a session may be cancelled before its last retry, if it may."""
    if not isinstance(timeout_seconds, int | float):
        return None  # a name of the environment, under --base
    if not isinstance(strategy, dict) or mark_of(strategy) or not _is_known(strategy):
        return None
    waits = _waits(strategy)
    total = sum(waits)
    longest = min(total, strategy.get("maxDurationSeconds", total))
    if longest < timeout_seconds:
        return None
    terms = " + ".join(f"{wait:g}" for wait in waits)
    shown = f"{terms} = {total:g} s" if len(waits) > 1 else f"{total:g} s"
    capped = f", cut at {longest:g} s by maxDurationSeconds" if longest < total else ""
    return (
        f"retries may wait {shown}{capped}, and timeoutSeconds is {timeout_seconds:g}: "
        "the session may be cancelled before its last retry"
    )


def _is_known(strategy: Normal) -> bool:
    """Return whether nothing that the waits depend on is unresolved."""
    numbers = ("baseBackoffSeconds", "maxRetries", "maxDurationSeconds")
    return isinstance(strategy["type"], str) and all(
        isinstance(strategy.get(key, 0), int | float) for key in numbers
    )


def _waits(strategy: Normal) -> list[float]:
    """Return the seconds before each retry.

    Checkly's documentation gives the series: 5, 5, 5 for a fixed strategy, 5, 10, 15 for a linear
    and 5, 25, 125 for an exponential one (docs: alerting and retries).
    """
    base = float(strategy["baseBackoffSeconds"])
    numbers = range(1, int(strategy.get("maxRetries", 1)) + 1)
    match strategy["type"]:
        case "LINEAR":
            return [base * number for number in numbers]
        case "EXPONENTIAL":
            return [prod([base] * number) for number in numbers]
        case _:
            return [base for _ in numbers]
