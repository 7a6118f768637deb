"""A plan as a file, to be applied later exactly as it was reviewed, once and within a day.

It holds requests in normal form, where a secret is a keyed fingerprint: nothing in it is secret.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, Field, ValidationError

from runner.errors import StalePlan, UsageError
from runner.json_keys import unique_keys
from runner.listing import first_of
from runner.models.contract.request import Strict
from runner.models.plan import Plan, PlannedInstance
from runner.models.record import NormalRequest, PlanUse, Record
from runner.plan.diff import diff, not_compared
from runner.plan.normalize import SECRET, mark_of, normal_settings

FORMAT: Final = "checkly-sessions-plan"
FORMAT_VERSION: Final = 1
LIFETIME: Final = timedelta(hours=24)
_SHOWN: Final = 3
_MAX_DEPTH: Final = 32

_Moment = Annotated[AwareDatetime, Field(strict=False)]


class Home(Strict):
    """Where a plan belongs: the API's host, the account if it was known, and a part of a state."""

    host: str
    account: str | None
    state: str
    project: str
    scope: str


class SavedSelection(Strict):
    """The selection from the command line, as it was written."""

    names: list[str]
    labels: list[str]
    excluded: list[str]
    prune: bool = False


class SavedInstance(Strict):
    """The plan of one instance.

    Attributes:
        request: In normal form.
        settings: The runner's own keys; ``None`` if the instance is removed.
        record: The version of its record; ``None`` if it had none.
    """

    name: str
    action: str
    request: NormalRequest
    settings: dict[str, Any] | None
    record: str | None


class SavedPlan(Strict):
    """A plan file, except for the digest that an edit by hand breaks.

    Attributes:
        plan_id: Its own, by which its use is noted.
        variables: Those from the command line.
        configuration: Digest of the parsed configuration.
    """

    format: Literal["checkly-sessions-plan"] = FORMAT
    format_version: Literal[1] = FORMAT_VERSION
    plan_id: Annotated[str, Field(pattern="^[0-9A-Za-z]{1,64}$")]
    created_at: _Moment
    expires_at: _Moment
    home: Home
    selection: SavedSelection
    variables: dict[str, str]
    configuration: str
    instances: list[SavedInstance]


def saved_instances(plan: Plan) -> list[SavedInstance]:
    """Return the instances of ``plan`` as they are saved.

    Raises:
        UsageError: One has a secret without a fingerprint, so that a change would go unseen.
    """
    for planned in plan.instances:
        values = [held["value"] for held in planned.request["environmentVariables"].values()]
        is_unkeyed = any(mark_of(value) == SECRET and not value[SECRET] for value in values)
        if planned.instance is not None and is_unkeyed:
            raise UsageError(
                f"{planned.name} has a secret, and without a key its changes can't be detected.",
                hint="Set CHECKLY_API_KEY or CHECKLY_SESSIONS_FINGERPRINT_KEY.",
            )
    return [_instance(planned) for planned in plan.instances]


def encode(plan: SavedPlan) -> str:
    """Return the file's text: JSON that ends with a line break."""
    tree = plan.model_dump(mode="json", by_alias=True)
    return json.dumps(tree | {"integrity": _integrity(tree)}, indent=1) + "\n"


def decode(data: bytes, name: str) -> SavedPlan:
    """Read a plan file, which errors call ``name``.

    Raises:
        StalePlan: It is cut off or has a key twice, is not a plan, of a newer release, or edited.
    """
    try:
        tree = json.loads(data, object_pairs_hook=unique_keys)
    except (ValueError, RecursionError):
        raise _stale(f"The plan {name} is cut off or damaged.") from None
    if _depth(tree) > _MAX_DEPTH:
        raise _stale(f"The plan {name} is nested too deeply to be a plan.")
    if not isinstance(tree, dict) or tree.get("format") != FORMAT:
        raise _stale(f"{name} is not a plan of this runner.")
    version = tree.get("formatVersion")
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise StalePlan(
            f"The plan {name} has format version {version}; this release knows "
            f"{FORMAT_VERSION} at most.",
            hint="Apply it with the release that made it, or make a new plan with this one.",
        )
    if tree.pop("integrity", None) != _integrity(tree):
        raise _stale(f"The plan {name} was edited after it was made.")
    try:
        plan = SavedPlan.model_validate(tree)
    except ValidationError as error:
        place = ".".join(map(str, error.errors()[0]["loc"]))
        raise _stale(f"The plan {name} has no valid `{place}`.") from None
    if not timedelta(0) < plan.expires_at - plan.created_at <= LIFETIME:
        raise _stale(f"The plan {name} has no valid `expiresAt`.")
    return plan


def check_use(use: PlanUse | None) -> None:
    """Raise ``StalePlan`` if a plan was used."""
    if use is not None:
        raise _stale(
            f"The plan was already applied at {_text(use.used_at)} by apply {use.apply_id}."
        )


def check_home(plan: SavedPlan, *, now: datetime, home: Home) -> None:
    """Raise ``StalePlan`` if a plan has expired ``now``, or was not made for ``home``."""
    if now >= plan.expires_at:
        raise _stale(f"The plan expired at {_text(plan.expires_at)}.")
    for (what, then), (_, today) in zip(plan.home, home, strict=True):
        if then not in {None, today}:
            label = "API" if what == "host" else what
            raise _stale(f"The plan was made for the {label} {then}, not {today}.")


def check_plan(plan: SavedPlan, now: Plan) -> None:
    """Compare a saved plan with the same selection, planned again.

    Raises:
        StalePlan: A record or a request differs.
    """
    then = {instance.name: instance for instance in plan.instances}
    today = {planned.name: _instance(planned) for planned in now.instances}
    for name in sorted(then.keys() | today.keys()):
        if name not in today or name not in then:
            what = "is new" if name in today else "is gone"
            raise _stale(f"{name} {what} since the plan was made.")
        _check_record(then[name], today[name].record)
        if paths := _differing(then[name], today[name]):
            shown = first_of(paths, _SHOWN)
            raise _stale(f"The request of {name} differs from the plan's: {shown}.")


def check_records(plan: SavedPlan, records: Mapping[str, Record]) -> None:
    """Compare the records of a saved plan with the current ones.

    Raises:
        StalePlan: One differs.
    """
    for instance in plan.instances:
        record = records.get(instance.name)
        _check_record(instance, None if record is None else _version(record))


def _check_record(then: SavedInstance, today: str | None) -> None:
    if then.record != today:
        raise _stale(
            f"The record of {then.name} changed since the plan was made: it was applied or "
            "followed to its end meanwhile."
        )


def _differing(then: SavedInstance, today: SavedInstance) -> list[str]:
    """Return the paths of what differs, or can't be compared."""
    changes = (
        *diff(then.request, today.request),
        *diff(_judging(then.settings), _judging(today.settings)),
    )
    return [change.path for change in changes] + [
        f"{path} (a secret under another key)" for path in not_compared(then.request, today.request)
    ]


def _judging(settings: dict[str, Any] | None) -> dict[str, Any]:
    """Return the keys that decide a verdict. Labels select, and the selection was made again."""
    return {key: value for key, value in (settings or {}).items() if key != "labels"}


def _instance(planned: PlannedInstance) -> SavedInstance:
    return SavedInstance(
        name=planned.name,
        action=planned.action.value,
        request=planned.request,
        settings=None if planned.instance is None else normal_settings(planned.instance.own),
        record=None if planned.record is None else _version(planned.record),
    )


def _version(record: Record) -> str:
    """Return a text that changes with every change to a record, however much of it was read."""
    written = record.model_dump_json(by_alias=True, exclude={"request", "checks"}).encode()
    return f"{record.apply_id}:{hashlib.sha256(written).hexdigest()[:16]}"


def _depth(tree: object) -> int:
    """Return how deep lists and objects are nested, without recursion."""
    depth, level = 0, [tree]
    while level := [one for one in level if isinstance(one, dict | list) and one]:
        depth += 1
        inside = (one.values() if isinstance(one, dict) else one for one in level)
        level = list(chain.from_iterable(inside))
    return depth


def _integrity(tree: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()


def _stale(why: str) -> StalePlan:
    return StalePlan(why, hint="Make a new plan, and review it: `runner plan --out FILE`.")


def _text(at: datetime) -> str:
    """RFC 3339 in UTC, to the second."""
    return at.astimezone(UTC).replace(microsecond=0).isoformat()
