"""Answers of the API, read tolerantly: what is new or odd is kept as it is, never refused.

The API grows (check types, statuses, fields), and a runner that stopped at a new one would fail
deploys for nothing. So every field has a default, enums are read as text, a value of a wrong type
counts as absent, and unknown fields are ignored.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, TypeAlias, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    OnErrorOmit,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel

T = TypeVar("T")

#: Times beyond it can't be shown in every time zone, and mean nothing.
_LAST_YEAR = 9000


class Answer(BaseModel):
    """A model of something the API sends."""

    model_config = ConfigDict(
        extra="ignore",
        frozen=True,
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=True,
    )
    all_or_nothing: ClassVar[bool] = False

    @field_validator("*", mode="wrap")
    @classmethod
    def _or_absent(
        cls, value: Any, read: ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> Any:
        """Treat what can't be read as absent, if it may be."""
        try:
            return read(value)
        except ValidationError:
            field = cls.model_fields[info.field_name or ""]
            if field.is_required() or cls.all_or_nothing:
                raise
            return field.get_default()


def _moment(value: Any, read: ValidatorFunctionWrapHandler) -> datetime:
    """Read a time as the contract spells it, text; one without a zone is in UTC."""
    moment: datetime = read(value)
    if not isinstance(value, str) or not 1970 <= moment.year <= _LAST_YEAR:
        raise ValueError("not a time as the contract spells it")
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _or_none(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
    try:
        return read(value)
    except ValidationError:
        return None


def _report_missing(entries: list[Any], info: ValidationInfo) -> list[Any]:
    """Call the context, if there is one, with the number of each entry that can't be read."""
    for number, entry in enumerate(entries, 1):
        if entry is None and info.context is not None:
            info.context(number)
    return entries


def _object(value: Any) -> Any:
    """Keep an entry that can't be read as an object of which nothing is known."""
    return value if isinstance(value, dict | BaseModel) else {}


Link: TypeAlias = Annotated[str, Field(pattern="^https?://")]
"""An address of the web; a reader should not be led to anything else."""
Time: TypeAlias = Annotated[datetime, WrapValidator(_moment)]
"""An aware datetime in UTC."""
Items: TypeAlias = list[OnErrorOmit[T]]
"""The entries of a list that can be read."""
Entries: TypeAlias = Annotated[
    list[Annotated[T | None, WrapValidator(_or_none)]], AfterValidator(_report_missing)
]
"""The entries of a list; one that can't be read is ``None`` and costs only itself."""


class _Outcome(Answer):
    """What the API says of a session and of a result alike."""

    name: str = ""
    status: str = ""
    """``RUNNING``, ``PASSED``, ``FAILED``, ``CANCELLED``, or something newer."""
    has_errors: bool | None = None
    has_failures: bool | None = None
    aborted: bool | None = None
    started_at: Time | None = None
    stopped_at: Time | None = None
    error_group_ids: Items[str] = []


class Result(_Outcome):
    """The result of one attempt of one check in a session."""

    id: str = Field("", alias="testSessionResultId")
    link: Link = Field("", alias="testSessionResultLink")
    check_id: str | None = None
    check_type: str = ""
    run_location: str = ""
    result_type: str = ""
    """``FINAL``, ``ATTEMPT`` (superseded by a retry), ``PENDING``, or something newer."""
    is_degraded: bool | None = None
    response_time: FiniteFloat | None = None
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
    playwright_test_json_report_file: str | None = None
    pcap_data_url: str | None = None


def _runs_of_any_type(data: Any) -> Any:
    """Collect the details of a run, whatever type of check it is of."""
    if not isinstance(data, dict):
        return data
    return {**data, "runs": [value for name, value in data.items() if name.endswith("CheckResult")]}


class ResultDetail(Answer):
    """One result with everything that is known about it."""

    schedule_error: str | None = None
    runs: Items[RunDetails] = []
    """The details; a list, so that a type of check that is not known here can be read as well."""

    _any_type = model_validator(mode="before")(_runs_of_any_type)


class Session(_Outcome):
    """A test session."""

    id: str = Field("", alias="testSessionId")
    link: Link = Field("", alias="testSessionLink")
    results: list[Annotated[Result, BeforeValidator(_object)]] = []


class ListedSession(Answer):
    """A session as the list of sessions shows it.

    A lost session is recognised by all of it, so an entry of which a part can't be read can't be
    read at all.
    """

    all_or_nothing = True

    id: str = Field(min_length=1)
    name: str
    region: str | None = None
    private_location_id: str | None = None
    environment: str | None = None
    commit_id: str | None = None
    branch_name: str | None = None
    started_at: Time | None = None
    created_at: Time | None = Field(None, alias="created_at")


class SessionList(Answer):
    """One page of the list of sessions; one that may lack some is no page."""

    entries: Entries[ListedSession]
    next_id: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _has_a_next_page_or_none(cls, data: Any) -> Any:
        cursor = data.get("nextId") if isinstance(data, dict) else None
        if cursor and not isinstance(cursor, str):
            raise ValueError("it does not tell what comes next")
        return data


class CheckVariable(Answer):
    """A variable that a check brings along."""

    key: str = ""


class Dependency(Answer):
    """A file that a check's script reads."""

    content: str = ""


class Check(Answer):
    """A check of the account; asked for with the settings of its group."""

    id: str = ""
    name: str = ""
    check_type: str = ""
    activated: bool | None = None
    tags: Items[str] = []
    script: str | None = None
    local_setup_script: str | None = None
    local_tear_down_script: str | None = None
    setup_snippet_id: FiniteFloat | None = None
    tear_down_snippet_id: FiniteFloat | None = None
    request: Any = None
    """The request of an API check or a monitor, as the API describes it."""
    environment_variables: Items[CheckVariable] = []
    dependencies: Items[Dependency] = []


class Location(Answer):
    """A public location."""

    region: str = ""


class PrivateLocation(Answer):
    """A private location of the account."""

    id: str = ""
    slug_name: str = ""
    agent_count: FiniteFloat | None = None


class Account(Answer):
    """The account that a key belongs to."""

    name: str = ""
