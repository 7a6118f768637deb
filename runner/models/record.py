"""State documents: what is remembered of an instance's last apply, and of each attempt.

Written as JSON with the API's spelling of names. They hold requests only in normal form, in which a
secret is a keyed fingerprint. Documents come from outside: a model refuses what the rest of the
program could not handle.
"""

import hashlib
import json
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from runner.models.verdict import Verdict

FORMAT_VERSION: Final = 1
_YEARS: Final = range(1970, 2200)
_MAX_DEPTH: Final = 32
_NESTED: Final = (dict, list)


def plausible(moment: datetime | None, otherwise: datetime) -> datetime:
    """Return ``moment``, which came from outside, or ``otherwise`` if no document can hold it."""
    return moment if moment is not None and moment.year in _YEARS else otherwise


def _in_our_time(moment: datetime) -> datetime:
    if moment.year not in _YEARS:
        raise ValueError("the year is out of range")
    return moment.astimezone(UTC)


def _well_formed(request: dict[str, Any]) -> dict[str, Any]:
    """Check what a plan relies on in a request in normal form."""
    _walk(request, 0)
    for key in ("environmentVariables", "metadata", "target"):
        if not isinstance(request.get(key, {}), dict | None):
            raise ValueError(f"{key} is not an object")  # noqa: TRY004 # what pydantic expects
    variables = (request.get("environmentVariables") or {}).values()
    if not all(isinstance(variable, dict) for variable in variables):
        raise ValueError("a variable is not an object")
    return request


def _walk(value: Any, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise ValueError("it is nested too deeply")
    if isinstance(value, dict) and len(value) == 1:
        if not _is_valid(value):
            raise ValueError(f"a value's mark {next(iter(value))!r} is malformed")
        if isinstance(held := value.get("volatile"), dict):
            value = held.get("inputs", {})  # their names are not marks
    for each in value.values() if isinstance(value, dict) else value:
        if isinstance(each, _NESTED):
            _walk(each, depth + 1)


def _is_valid(mark: dict[str, Any]) -> bool:
    """Return whether an object with one key is a valid mark of a value, or none at all."""
    match mark:
        case {"secret": {"fingerprint": fingerprint, **rest}}:
            return isinstance(fingerprint, str) and isinstance(rest.get("keyId"), str)
        case {"secret": held}:
            return isinstance(held, dict | bool | None)
        case {"volatile": dict(inside)}:
            texts = isinstance(inside.get("template", ""), str)
            return texts and isinstance(inside.get("inputs", {}), dict)
        case {"unset": [*names]}:
            return all(isinstance(name, str) for name in names)
    return True


Moment = Annotated[AwareDatetime, AfterValidator(_in_our_time)]
"""A point in time in UTC, in this century or the next."""
Number = Annotated[int, Field(ge=0, lt=2**53)]
NormalRequest = Annotated[dict[str, Any], AfterValidator(_well_formed)]


def digest_of(request: dict[str, Any]) -> str:
    """Return a text that two requests in normal form share exactly if they are equal."""
    text = json.dumps(request, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class Document(BaseModel):
    """The base of all documents; fields that a later release added are ignored."""

    model_config = ConfigDict(
        extra="ignore",
        frozen=True,
        defer_build=True,  # a plan reads records, and none of the others
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=True,
        allow_inf_nan=False,
    )


class Initiator(Document):
    """Who ran an apply."""

    user: str = ""
    host: str = ""
    pid: Number = 0
    ci_url: str | None = None
    """Link to the CI run, if there is one."""


class CheckRecord(Document):
    """One check of a session, and how it ended."""

    id: str | None = None
    name: str
    verdict: Verdict | None = None
    attempts: Number = 1
    """The number of runs."""
    seconds: Annotated[float, Field(ge=0, lt=2**53)] | None = None
    """From the start of its first attempt to the end of its last."""
    error: str | None = None
    """The first line of its error."""
    failures: Number = 0
    """The number of applies in a row in which it failed, this one included."""
    failing_commit: str | None = None
    """The commit of the first of these applies."""


class Lookup(Document):
    """What identifies a session in the list of sessions when the trigger's answer was lost."""

    name: str
    run_location: str
    environment: str | None = None
    commit_id: str | None = None
    branch_name: str | None = None


class Phase(StrEnum):
    """How far an attempt got."""

    INTENT = "intent"
    """The trigger may have been sent; whether a session exists is not known."""
    STARTED = "started"
    """The session exists and its id is known."""
    FINISHED = "finished"
    """It has an outcome, or was certainly never started."""


class _Applied(Document):
    """The common fields of attempts and records."""

    instance: str
    profile: str
    apply_id: str
    request: NormalRequest = {}
    """The request in normal form."""
    session_id: str | None = None
    link: str | None = None
    stopped_at: Moment | None = None
    verdict: Verdict | None = None
    """``None`` while the session runs."""
    reason: str | None = None
    """Why it ended so, in one sentence."""
    checks: list[CheckRecord] = []
    by: Initiator = Initiator()
    commit: str | None = None
    branch: str | None = None
    fence: Number = 0
    """The number of the lock under which it was applied: a lower one never replaces a higher."""


class Attempt(_Applied):
    """One instance in one apply, from intent to outcome."""

    phase: Phase
    lookup: Lookup
    settings: dict[str, Any] = {}
    """The runner's own keys as they were applied, so that ``wait`` can judge without the file."""
    intent_at: Moment
    """When the intent was stored, by this machine's clock."""
    window_from: Moment | None = None
    """The sessions' clock before the trigger was first sent: a session made earlier is not it."""
    window_to: Moment | None = None
    """The same before it may have been sent for the last time."""
    doubt_from: Moment | None = None
    """A session made earlier than this, by any clock, is certainly not it."""
    started_at: Moment | None = None

    @property
    def is_open(self) -> bool:
        """Whether its outcome is still to come."""
        return self.phase is not Phase.FINISHED


class Record(_Applied):
    """The last apply of an instance.

    A row of the table of records has neither request nor checks; they are in the document of its
    apply.
    """

    digest: str = ""
    """Of the request, see :func:`digest_of`."""
    applied_at: Moment
    """When its session was started."""
    archived_at: Moment | None = None
    """When an apply found that its profile is gone."""
    checks_in: str | None = None
    """The apply whose checks count as its last ones while it has none of its own."""
    named: str | None = None
    """Its name when it was applied, if it was renamed since."""

    @property
    def last_at(self) -> datetime:
        """When it ended, or began if it has not ended."""
        return self.stopped_at or self.applied_at

    @property
    def order(self) -> tuple[int, bool]:
        """The rank among records of the instance: the highest stays."""
        return self.fence, self.verdict is not None


class PlanUse(Document):
    """The use of a saved plan: ``plans/<plan>.json``, which is only ever created."""

    format_version: Literal[1] = FORMAT_VERSION
    plan_id: str
    apply_id: str
    used_at: Moment
