"""The body of ``POST /v1/test-sessions/trigger``, strict to the last limit of the contract.

Every limit in this module comes from the contract's ``TriggerTestSessionRequest`` (see
``schemas/checkly-api.openapi.yaml``); names are the API's, spelt as Python spells names.

A field's default is what the API takes if the field is left out; what is sent holds only
the fields that were given.
"""

from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from runner.models.marked import mapped, whole

#: Text that may not be empty (contract: ``minLength: 1``).
NonEmpty: TypeAlias = Annotated[str, Field(min_length=1)]
#: Beyond this a JSON number is not sent exactly: programs read it as a 64-bit fraction.
MAX_EXACT = 2**53 - 1
#: A JSON number: an integer or a finite fraction, never a boolean or text.
Number: TypeAlias = Annotated[float, Field(ge=-MAX_EXACT, le=MAX_EXACT)]

MAX_ENVIRONMENT_VARIABLES = 50
MAX_RETRIES = 10
MAX_RETRY_DURATION_SECONDS = 600

#: The id of a check (contract: ``format: uuid``), in the form with hyphens.
CheckId: TypeAlias = Annotated[
    str,
    Field(
        pattern="^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
        json_schema_extra={"format": "uuid"},
    ),
]


class Strict(BaseModel):
    """A model of what a user writes or the runner sends: nothing unknown, nothing converted."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=True,
        allow_inf_nan=False,
    )


class Target(Strict, defer_build=True):
    """Which checks a session runs; filters narrow one another."""

    match_tags: list[list[NonEmpty]] = Field(default_factory=list)
    """Tag groups: all tags of a group must match (AND), and one matching group is enough (OR)."""
    check_id: list[CheckId] = Field(default_factory=list)
    """Ids of the checks to run."""
    allow_deactivated: bool = False
    """Whether deactivated checks may match."""


class EnvironmentVariable(Strict, defer_build=True):
    """A variable that the session's checks can read."""

    key: NonEmpty
    """Name of the variable."""
    locked: bool = False
    """Whether Checkly hides the value in its editors."""
    value: str | None
    """Its value as text; null sends no value."""
    secret: bool = False
    """Whether Checkly hides the value."""

    @model_validator(mode="after")
    def _only_secrets_may_be_empty(self) -> Self:
        if self.value == "" and not self.secret:
            raise ValueError("a value that is not secret may not be empty")
        return self


class _Retries(Strict, defer_build=True):
    base_backoff_seconds: Number = 60
    """Seconds before the first retry."""
    same_region: bool = True
    """Whether a retry runs in the region of the first attempt."""
    only_on: list[Literal["NETWORK_ERROR"]] = Field(default_factory=list)
    """Kinds of failure that are retried; all of them if left out."""


class BackoffRetryStrategy(_Retries, defer_build=True):
    """Several retries, with waits between them that stay or grow."""

    type: Literal["FIXED", "LINEAR", "EXPONENTIAL"]
    """The wait before retry n: the base, n times the base, or the base to the power n."""
    max_retries: Annotated[float, Field(ge=1, le=MAX_RETRIES)] = 2
    """How often a failed check is run again."""
    max_duration_seconds: Annotated[float, Field(ge=0, le=MAX_RETRY_DURATION_SECONDS)] = 600
    """Seconds after which no retry is started."""


class SingleRetryStrategy(_Retries, defer_build=True):
    """One retry."""

    type: Literal["SINGLE_RETRY"]
    """One retry, and no more."""


RetryStrategy: TypeAlias = Annotated[
    BackoffRetryStrategy | SingleRetryStrategy, Field(discriminator="type")
]


class GitHubMetadata(Strict, defer_build=True):
    """The GitHub Actions job behind a session; the runner fills it in, no file holds it."""

    reporting: bool
    """Whether Checkly reports the session's result to GitHub."""
    repository: str | None = None
    sha: str | None = None
    run_id: str | None = None
    run_attempt: str | None = None
    workflow: str | None = None
    job: str | None = None
    event_name: str | None = None
    ref: str | None = None
    head_ref: str | None = None
    base_ref: str | None = None
    server_url: str | None = None


class Metadata(Strict, defer_build=True):
    """Where a session comes from; shown with it in Checkly."""

    environment: NonEmpty = ""
    """Short name of the environment under test, such as ``staging``."""
    repo_url: str | None = None
    """Address of the repository."""
    commit_id: str | None = None
    """The commit under test."""
    commit_owner: str | None = None
    """The author of the commit."""
    commit_message: str | None = None
    """The commit message."""
    branch_name: str | None = None
    """The branch of the commit."""
    github: GitHubMetadata | None = None
    """The GitHub Actions job, filled in if ``CHECKLY_GITHUB_REPORT`` is ``true`` or ``1``."""


class TriggerTestSessionRequest(Strict):
    """The whole body of a trigger."""

    name: NonEmpty
    """Name of the session; the instance's name if left out."""
    run_location: NonEmpty
    """A public region's code or a private location's slug."""
    target: Target = Target.model_construct()
    """Which checks to run; every eligible check of the account if left out."""
    environment_variables: Annotated[
        list[EnvironmentVariable], Field(max_length=MAX_ENVIRONMENT_VARIABLES)
    ] = Field(default_factory=list)
    """Variables for the session's checks, at most 50."""
    retry_strategy: RetryStrategy | None = None
    """When failed checks are retried: null means never; if left out, each check decides."""
    refresh_cache: bool = False
    """Whether dependencies are installed anew instead of taken from the cache."""
    metadata: Metadata = Metadata.model_construct()
    """Where the session comes from."""

    def wire(self) -> dict[str, Any]:
        """Return the JSON body to send: only what was given, secrets in clear."""
        body: dict[str, Any] = mapped(self.model_dump(by_alias=True, exclude_unset=True), whole)
        return body
