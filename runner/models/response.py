"""Answers of the API, read tolerantly: what is new or odd is kept as it is, never refused.

The API grows (check types, statuses, fields); a runner that stops at a new one would fail a
deploy for nothing. So every field has a default, text stands in for enums, a value of a wrong
type counts as absent, and unknown fields are ignored.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, WrapValidator
from pydantic.alias_generators import to_camel

T = TypeVar("T")


def _or_none(value: Any, read: Callable[[Any], Any]) -> Any:
    try:
        return read(value)
    except ValidationError:
        return None


def _readable_items(value: Any, read: Callable[[Any], Any]) -> Any:
    if not isinstance(value, list):
        return []
    try:
        return read(value)
    except ValidationError:
        return [item for one in value for item in _or_none([one], read) or []]


def _text(value: Any, _read: Callable[[Any], Any]) -> Any:
    return value if isinstance(value, str) else ""


Text: TypeAlias = Annotated[str, WrapValidator(_text)]
OptionalText: TypeAlias = Annotated[str | None, WrapValidator(_or_none)]
OptionalTime: TypeAlias = Annotated[datetime | None, WrapValidator(_or_none)]
OptionalNumber: TypeAlias = Annotated[float | None, WrapValidator(_or_none)]
Flag: TypeAlias = Annotated[bool | None, WrapValidator(_or_none)]
Items: TypeAlias = Annotated[list[T], WrapValidator(_readable_items)]


class Answer(BaseModel):
    """A model of something the API sends."""

    model_config = ConfigDict(
        extra="ignore",
        frozen=True,
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=True,
        use_attribute_docstrings=True,
    )


class Result(Answer):
    """The result of one attempt of one check in a session."""

    id: Text = Field("", alias="testSessionResultId")
    link: Text = Field("", alias="testSessionResultLink")
    check_id: OptionalText = None
    check_type: Text = ""
    name: Text = ""
    run_location: Text = ""
    result_type: Text = ""
    """``FINAL``, ``ATTEMPT`` (superseded by a retry), ``PENDING``, or something newer."""
    status: Text = ""
    """``RUNNING``, ``PASSED``, ``FAILED``, ``CANCELLED``, or something newer."""
    has_errors: Flag = None
    has_failures: Flag = None
    is_degraded: Flag = None
    aborted: Flag = None
    response_time: OptionalNumber = None
    """Milliseconds."""
    started_at: OptionalTime = None
    stopped_at: OptionalTime = None
    error_group_ids: Items[str] = []


class Session(Answer):
    """A test session."""

    id: Text = Field("", alias="testSessionId")
    link: Text = Field("", alias="testSessionLink")
    name: Text = ""
    status: Text = ""
    """``RUNNING``, ``PASSED``, ``FAILED``, ``CANCELLED``, or something newer."""
    started_at: OptionalTime = None
    stopped_at: OptionalTime = None
    time_elapsed: OptionalNumber = None
    error_group_ids: Items[str] = []
    results: Items[Result] = []


class ListedSession(Answer):
    """A session as the list of sessions shows it."""

    id: Text = ""
    name: Text = ""
    provider: Text = ""
    status: Text = ""
    region: Text = ""
    private_location_id: OptionalText = None
    environment: OptionalText = None
    repo_url: OptionalText = None
    commit_id: OptionalText = None
    commit_owner: OptionalText = None
    commit_message: OptionalText = None
    branch_name: OptionalText = None
    started_at: OptionalTime = None
    created_at: OptionalTime = Field(None, alias="created_at")


class SessionList(Answer):
    """One page of the list of sessions."""

    entries: Items[ListedSession] = []
    next_id: OptionalText = None


class Check(Answer):
    """A check of the account."""

    id: Text = ""
    name: Text = ""
    check_type: Text = ""
    activated: Flag = None
    tags: Items[str] = []
    group_id: OptionalNumber = None
    script: OptionalText = None


class Location(Answer):
    """A public location."""

    region: Text = ""
    name: Text = ""


class PrivateLocation(Answer):
    """A private location of the account."""

    id: Text = ""
    name: Text = ""
    slug_name: Text = ""
    agent_count: OptionalNumber = None
    last_seen: OptionalText = None


class Account(Answer):
    """The account that a key belongs to."""

    id: Text = ""
    name: Text = ""
    plan: Text = ""
