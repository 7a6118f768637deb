"""State documents: what is remembered of an instance's last apply, and of each attempt.

Written as JSON with the API's spelling of names. Requests are in them only in normal form,
in which a secret is a keyed fingerprint; nothing in a document is ever a secret.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from runner.models.verdict import Verdict

FORMAT_VERSION: Final = 1


class Document(BaseModel):
    """What all documents have in common; fields a later release added are ignored."""

    model_config = ConfigDict(
        extra="ignore",
        frozen=True,
        defer_build=True,  # a plan reads records, and none of the others
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=True,
    )


class Initiator(Document):
    """Who ran an apply."""

    user: str = ""
    host: str = ""
    pid: int = 0
    ci_url: str | None = None
    """Link to the CI run, where there is one."""


class CheckRecord(Document):
    """One check of a session, and how it ended."""

    id: str | None = None
    name: str
    verdict: Verdict | None = None
    attempts: int = 1
    """How often it was run."""
    seconds: float | None = None
    """From the start of its first attempt to the end of its last."""
    error: str | None = None
    """The first line of why it failed."""


class Lookup(Document):
    """What tells a session apart in the list of sessions when the trigger's answer was lost."""

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
    """It has an outcome, or surely was never started."""


class _Applied(Document):
    """What an attempt and a record both say of an instance that was applied."""

    format_version: Literal[1] = FORMAT_VERSION
    instance: str
    profile: str
    apply_id: str
    request: dict[str, Any]
    """The request in normal form."""
    session_id: str | None = None
    link: str | None = None
    stopped_at: datetime | None = None
    verdict: Verdict | None = None
    """``None`` while the session runs."""
    reason: str | None = None
    """Why it ended so, in one sentence."""
    checks: list[CheckRecord] = []
    by: Initiator = Initiator()
    commit: str | None = None
    branch: str | None = None


class Attempt(_Applied):
    """One instance in one apply, from intent to outcome: ``applies/<apply>/<instance>.json``."""

    phase: Phase
    lookup: Lookup
    settings: dict[str, Any] = {}
    """The runner's own keys as they were applied, so that ``wait`` can judge without the file."""
    intent_at: datetime
    """When the intent was stored, by this machine's clock."""
    window_from: datetime | None = None
    """The sessions' clock before the trigger left first: a session made earlier is not it."""
    window_to: datetime | None = None
    """The same before it may have left last."""
    doubt_from: datetime | None = None
    """A session made earlier than this, by any clock, is surely not it."""
    started_at: datetime | None = None


class Record(_Applied):
    """The last apply of an instance: ``records/<instance>.json``."""

    applied_at: datetime
    """When its session was started."""
    fence: int = 0
    """Number of the lock under which it was written: a lower one never overwrites a higher."""
    archived_at: datetime | None = None
    """When an apply found that its profile is gone."""


class PlanUse(Document):
    """That a saved plan was used: ``plans/<plan>.json``, which is only ever created."""

    format_version: Literal[1] = FORMAT_VERSION
    plan_id: str
    apply_id: str
    used_at: datetime
