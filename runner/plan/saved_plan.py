"""A plan as a file, to be applied later exactly as it was reviewed, once and within a day.

It holds requests in normal form, where a secret is a keyed fingerprint: nothing in it is secret.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from runner.errors import StalePlan, UsageError
from runner.models.plan import Plan, PlannedInstance
from runner.models.record import PlanUse, Record
from runner.plan.diff import diff, not_compared
from runner.plan.normalize import SECRET, mark_of
from runner.plan.own_keys import own_keys

FORMAT_VERSION: Final = 1
LIFETIME: Final = timedelta(hours=24)
_HINT: Final = "Make a new plan, and review it: `runner plan --out FILE`."
_SHOWN: Final = 3
_MAX_DEPTH: Final = 32
_ID: Final = "^[0-9A-Za-z]{1,64}$"


class _Part(BaseModel):
    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, alias_generator=to_camel, validate_by_name=True
    )


class Home(_Part):
    """Where a plan belongs.

    Attributes:
        host: The API's host.
        account: The account, if it was known.
        state: Address of the state, by which a plan's single use is noted.
        project, scope: The part of the state.
    """

    host: str
    account: str | None
    state: str
    project: str
    scope: str


class SavedSelection(_Part):
    """The selection of the command line, as it was written."""

    names: list[str] = []
    labels: list[str] = []
    excluded: list[str] = []
    prune: bool = False


class SavedInstance(_Part):
    """The plan of one instance.

    Attributes:
        request: In normal form.
        settings: The runner's own keys; ``None`` where the instance is removed.
        record: The version of its record; ``None`` where it had none.
    """

    name: str
    action: str
    request: dict[str, Any]
    settings: dict[str, Any] | None
    record: str | None


class SavedPlan(_Part):
    """A plan file.

    Attributes:
        plan_id: Its own, by which its use is noted.
        selection: What was selected, as it was written.
        variables: Those of the command line.
        configuration: Digest of the parsed configuration.
        integrity: Digest of all the rest, which an edit by hand breaks.
    """

    format: Literal["checkly-sessions-plan"] = "checkly-sessions-plan"
    format_version: Literal[1] = FORMAT_VERSION
    plan_id: Annotated[str, Field(pattern=_ID)]
    created_at: Annotated[AwareDatetime, Field(strict=False)]
    expires_at: Annotated[AwareDatetime, Field(strict=False)]
    home: Home
    selection: SavedSelection
    variables: dict[str, str]
    configuration: str
    instances: list[SavedInstance]
    integrity: str = ""


def saved(
    plan: Plan,
    *,
    plan_id: str,
    now: datetime,
    home: Home,
    selection: SavedSelection,
    variables: Mapping[str, str],
    configuration: str,
) -> SavedPlan:
    """``plan`` as it is saved; see ``SavedPlan`` for the arguments.

    Raises:
        UsageError: It holds a secret without a fingerprint, so that a change would go unseen.
    """
    for planned in plan.instances:
        if planned.instance is not None and _has_unkeyed_secret(planned):
            raise UsageError(
                f"{planned.name} has a secret, and without a key its changes can't be noticed.",
                hint="Set CHECKLY_API_KEY or CHECKLY_SESSIONS_FINGERPRINT_KEY.",
            )
    unsigned = SavedPlan(
        plan_id=plan_id,
        created_at=now.replace(microsecond=0),
        expires_at=now.replace(microsecond=0) + LIFETIME,
        home=home,
        selection=selection,
        variables=dict(variables),
        configuration=configuration,
        instances=[_instance(planned) for planned in plan.instances],
    )
    return unsigned.model_copy(update={"integrity": _integrity(_tree(unsigned))})


def encode(plan: SavedPlan) -> str:
    """The file's text: JSON that ends with a line break."""
    return json.dumps(_tree(plan), indent=1) + "\n"


def decode(data: bytes, name: str) -> SavedPlan:
    """Read a plan file.

    Args:
        data: What the file holds.
        name: What to call it.

    Raises:
        StalePlan: It is cut off, not a plan, of a newer release, or was edited.
    """
    try:
        tree = json.loads(data)
    except (ValueError, RecursionError):
        raise StalePlan(f"The plan {name} is cut off or damaged.", hint=_HINT) from None
    if _depth(tree) > _MAX_DEPTH:
        raise StalePlan(f"The plan {name} is nested too deeply to be a plan.", hint=_HINT)
    if not isinstance(tree, dict) or tree.get("format") != "checkly-sessions-plan":
        raise StalePlan(f"{name} is not a plan of this runner.", hint=_HINT)
    version = tree.get("formatVersion")
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise StalePlan(
            f"The plan {name} has format version {version}; this release knows "
            f"{FORMAT_VERSION} at most.",
            hint="Apply it with the release that made it, or make a new plan with this one.",
        )
    if tree.get("integrity") != _integrity(tree):
        raise StalePlan(f"The plan {name} was edited after it was made.", hint=_HINT)
    try:
        plan = SavedPlan.model_validate(tree)
    except ValidationError as error:
        place = ".".join(map(str, error.errors()[0]["loc"]))
        raise StalePlan(f"The plan {name} has no valid `{place}`.", hint=_HINT) from None
    if not timedelta(0) < plan.expires_at - plan.created_at <= LIFETIME:
        raise StalePlan(f"The plan {name} has no valid `expiresAt`.", hint=_HINT)
    return plan


def _depth(tree: object) -> int:
    """How deep lists and objects are nested, told without recursion."""
    depth, level = 0, [tree]
    while level := [one for one in level if isinstance(one, dict | list) and one]:
        depth += 1
        inside = (one.values() if isinstance(one, dict) else one for one in level)
        level = list(chain.from_iterable(inside))
    return depth


def check_use(use: PlanUse | None) -> None:
    """Refuse a plan that was used.

    Raises:
        StalePlan: It was, as ``use`` tells.
    """
    if use is not None:
        raise StalePlan(
            f"The plan was applied already, at {_text(use.used_at)} by apply {use.apply_id}.",
            hint=_HINT,
        )


def check_home(plan: SavedPlan, *, now: datetime, home: Home) -> None:
    """Refuse a plan that is too old, or was made for something else.

    Args:
        plan: The saved plan.
        now: The time, aware.
        home: Where it would be applied.

    Raises:
        StalePlan: It is, or was.
    """
    if now >= plan.expires_at:
        raise StalePlan(f"The plan expired at {_text(plan.expires_at)}.", hint=_HINT)
    for what, then, today in (
        ("API", plan.home.host, home.host),
        ("account", plan.home.account, home.account),
        ("state", plan.home.state, home.state),
        ("project", plan.home.project, home.project),
        ("scope", plan.home.scope, home.scope),
    ):
        if then not in {None, today}:
            raise StalePlan(f"The plan was made for the {what} {then}, not {today}.", hint=_HINT)


def check_plan(plan: SavedPlan, now: Plan) -> None:
    """Refuse a plan that differs from what would be planned now.

    Args:
        plan: The saved plan.
        now: The same selection, planned anew.

    Raises:
        StalePlan: A record or a request differs.
    """
    then = {instance.name: instance for instance in plan.instances}
    today = {planned.name: _instance(planned) for planned in now.instances}
    for name in sorted(then.keys() | today.keys()):
        if name not in today or name not in then:
            what = "is new" if name in today else "is gone"
            raise StalePlan(f"{name} {what} since the plan was made.", hint=_HINT)
        if then[name].record != today[name].record:
            raise StalePlan(
                f"The record of {name} changed since the plan was made: it was applied or "
                "followed to its end meanwhile.",
                hint=_HINT,
            )
        if paths := _differing(then[name], today[name]):
            more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
            raise StalePlan(
                f"The request of {name} differs from the plan's: "
                f"{', '.join(paths[:_SHOWN])}{more}.",
                hint=_HINT,
            )


def _differing(then: SavedInstance, today: SavedInstance) -> list[str]:
    """The paths of what differs, or can't be compared."""
    changes = (
        *diff(then.request, today.request),
        *diff(then.settings or {}, today.settings or {}),
    )
    return [change.path for change in changes] + [
        f"{path} (a secret under another key)" for path in not_compared(then.request, today.request)
    ]


def _instance(planned: PlannedInstance) -> SavedInstance:
    return SavedInstance(
        name=planned.name,
        action=planned.action.value,
        request=planned.request,
        settings=None if planned.instance is None else own_keys(planned.instance.own),
        record=None if planned.record is None else record_version(planned.record),
    )


def record_version(record: Record) -> str:
    """A text that changes with every change of a record, however much of it was read."""
    written = record.model_dump_json(by_alias=True, exclude={"request", "checks"}).encode()
    return f"{record.apply_id}:{hashlib.sha256(written).hexdigest()[:16]}"


def _has_unkeyed_secret(planned: PlannedInstance) -> bool:
    variables = planned.request["environmentVariables"].values()
    return any(
        mark_of(variable["value"]) == SECRET and variable["value"][SECRET] is None
        for variable in variables
    )


def _tree(plan: SavedPlan) -> dict[str, Any]:
    return plan.model_dump(mode="json", by_alias=True)


def _integrity(tree: Mapping[str, Any]) -> str:
    rest = {key: value for key, value in tree.items() if key != "integrity"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def _text(at: datetime) -> str:
    """RFC 3339 in UTC, to the second."""
    return at.astimezone(UTC).replace(microsecond=0).isoformat()
