"""Answers of the API, read tolerantly: what is new or odd is kept as it is, never refused.

The API grows (check types, statuses, fields), and a runner that stopped at a new one would fail
deploys for nothing. So every field has a default, enums are read as text, a value of a wrong type
counts as absent, and unknown fields are ignored.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    OnErrorOmit,
    PlainValidator,
    ValidationError,
    ValidationInfo,
    WrapValidator,
    model_validator,
)
from pydantic.alias_generators import to_camel

T = TypeVar("T")

#: Times beyond it can't be shown in every time zone, and mean nothing.
_LAST_YEAR = 9000


def _or_none(value: Any, read: Callable[[Any], Any]) -> Any:
    try:
        return read(value)
    except ValidationError:
        return None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _report_missing(entries: list[Any], info: ValidationInfo) -> list[Any]:
    """Call the context, if there is one, with the number of each entry that can't be read."""
    for number, entry in enumerate(entries, 1):
        if entry is None and info.context is not None:
            info.context(number)
    return entries


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _link(value: Any) -> str:
    return value if isinstance(value, str) and value.startswith(("https://", "http://")) else ""


def _moment(value: Any, read: Callable[[Any], Any]) -> datetime | None:
    """Read a time as the contract spells it, text; one without a zone is in UTC."""
    moment: datetime | None = _or_none(value, read) if isinstance(value, str) else None
    if moment is None or not 1970 <= moment.year <= _LAST_YEAR:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _objects(value: Any) -> list[Any]:
    """Keep an entry that can't be read as an object of which nothing is known."""
    return [each if isinstance(each, dict | BaseModel) else {} for each in _list(value)]


Text: TypeAlias = Annotated[str, PlainValidator(_text)]
Link: TypeAlias = Annotated[str, PlainValidator(_link)]
"""An address of the web; anything else, which a reader should not be led to, counts as absent."""
OptionalText: TypeAlias = Annotated[str | None, WrapValidator(_or_none)]
OptionalTime: TypeAlias = Annotated[datetime | None, WrapValidator(_moment)]
"""An aware datetime in UTC."""
OptionalNumber: TypeAlias = Annotated[FiniteFloat | None, WrapValidator(_or_none)]
Flag: TypeAlias = Annotated[bool | None, WrapValidator(_or_none)]
Items: TypeAlias = Annotated[list[OnErrorOmit[T]], BeforeValidator(_list)]
"""The entries of a list that can be read."""
Entries: TypeAlias = Annotated[
    list[Annotated[T | None, WrapValidator(_or_none)]],
    BeforeValidator(_list),
    AfterValidator(_report_missing),
]
"""The entries of a list; one that can't be read is ``None`` and costs only itself."""


class Answer(BaseModel):
    """A model of something the API sends."""

    model_config = ConfigDict(
        extra="ignore",
        frozen=True,
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=True,
    )


class _Outcome(Answer):
    """What the API says of a session and of a result alike."""

    name: Text = ""
    status: Text = ""
    """``RUNNING``, ``PASSED``, ``FAILED``, ``CANCELLED``, or something newer."""
    has_errors: Flag = None
    has_failures: Flag = None
    aborted: Flag = None
    started_at: OptionalTime = None
    stopped_at: OptionalTime = None
    error_group_ids: Items[str] = []


class Result(_Outcome):
    """The result of one attempt of one check in a session."""

    id: Text = Field("", alias="testSessionResultId")
    link: Link = Field("", alias="testSessionResultLink")
    check_id: OptionalText = None
    check_type: Text = ""
    run_location: Text = ""
    result_type: Text = ""
    """``FINAL``, ``ATTEMPT`` (superseded by a retry), ``PENDING``, or something newer."""
    is_degraded: Flag = None
    response_time: OptionalNumber = None
    """Milliseconds."""


class RunDetails(Answer):
    """What the API says of one run; each type of check has some of these fields."""

    errors: Any = None
    error: Any = None
    """Of types that are not known here."""
    request_error: Any = None
    assertions: Items[Any] = []
    steps: Items[Any] = []
    job_log: Any = None
    job_assets: Items[str] = []
    """Addresses of files, signed as all that follow."""
    playwright_test_traces: Items[str] = []
    playwright_test_videos: Items[str] = []
    playwright_test_json_report_file: OptionalText = None
    pcap_data_url: OptionalText = None


def _runs_of_any_type(data: Any) -> Any:
    """Collect the details of a run, whatever type of check it is of."""
    if not isinstance(data, dict):
        return data
    return {**data, "runs": [value for name, value in data.items() if name.endswith("CheckResult")]}


class ResultDetail(Answer):
    """One result with everything that is known about it."""

    schedule_error: OptionalText = None
    runs: Items[RunDetails] = []
    """The details; a list, so that a type of check that is not known here can be read as well."""

    _any_type = model_validator(mode="before")(_runs_of_any_type)


class Session(_Outcome):
    """A test session."""

    id: Text = Field("", alias="testSessionId")
    link: Link = Field("", alias="testSessionLink")
    results: Annotated[list[Result], BeforeValidator(_objects)] = []


class ListedSession(Answer):
    """A session as the list of sessions shows it; without id and name it can't be read."""

    id: str = Field(min_length=1)
    name: str
    status: Text = ""
    region: Text = ""
    private_location_id: OptionalText = None
    environment: OptionalText = None
    commit_id: OptionalText = None
    branch_name: OptionalText = None
    started_at: OptionalTime = None
    created_at: OptionalTime = Field(None, alias="created_at")


class SessionList(Answer):
    """One page of the list of sessions."""

    entries: Entries[ListedSession] = []
    next_id: OptionalText = None


class CheckVariable(Answer):
    """A variable that a check brings along."""

    key: Text = ""


class Dependency(Answer):
    """A file that a check's script reads."""

    content: Text = ""


class Check(Answer):
    """A check of the account; asked for with the settings of its group."""

    id: Text = ""
    name: Text = ""
    check_type: Text = ""
    activated: Flag = None
    tags: Items[str] = []
    script: OptionalText = None
    local_setup_script: OptionalText = None
    local_tear_down_script: OptionalText = None
    setup_snippet_id: OptionalNumber = None
    tear_down_snippet_id: OptionalNumber = None
    request: Any = None
    """The request of an API check or a monitor, as the API describes it."""
    environment_variables: Items[CheckVariable] = []
    dependencies: Items[Dependency] = []


class Location(Answer):
    """A public location."""

    region: Text = ""


class PrivateLocation(Answer):
    """A private location of the account."""

    id: Text = ""
    slug_name: Text = ""
    agent_count: OptionalNumber = None


class Account(Answer):
    """The account that a key belongs to."""

    name: Text = ""
