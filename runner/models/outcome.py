"""The outcome of an apply: the one value that all reports are made from."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from runner.models.verdict import Verdict
from runner.source import Span


def seconds_between(start: datetime | None, stop: datetime | None) -> float | None:
    """Seconds from ``start`` to ``stop``, if both are known."""
    if start is None or stop is None:
        return None
    return max((stop - start).total_seconds(), 0.0)


class _Timed:
    """Something with a start and an end, as far as they are known."""

    __slots__ = ()
    started_at: datetime | None
    stopped_at: datetime | None

    @property
    def seconds(self) -> float | None:
        """How long it took, if that is known."""
        return seconds_between(self.started_at, self.stopped_at)


class Change(StrEnum):
    """How a check's verdict compares with the last time."""

    NEW = "new"
    NEWLY_FAILING = "newly failing"
    STILL_FAILING = "still failing"
    FIXED = "fixed"
    STILL_PASSING = "still passing"


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file that a check's run left behind.

    Attributes:
        kind: ``trace``, ``video``, ``screenshot``, ``log``, ``report`` or ``file``.
        name: Comes from outside.
        address: Where it can be downloaded for a while; signed, so no report shows it.
        content: The file itself, if the API sent it along.
        path: Where it was downloaded to, relative to the working directory.
    """

    kind: str
    name: str
    address: str = field(default="", repr=False)
    content: str = field(default="", repr=False)
    path: str = ""


@dataclass(frozen=True, slots=True)
class CheckAttempt(_Timed):
    """One attempt of a check; ``response_time`` is in milliseconds."""

    verdict: Verdict
    result_id: str
    link: str
    started_at: datetime | None
    stopped_at: datetime | None
    response_time: float | None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class FailingSince:
    """In how many applies in a row a check has failed, and the commit of the first of them."""

    applies: int
    commit: str | None = None


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """One check of a session after its last attempt.

    Attributes:
        check_id: The API's id, if it gave one.
        check_type: As the API spells it: ``BROWSER``, or a type not known here.
        attempts: Oldest first; the last one decides.
        error: Why it failed, if that is known, on one line or more.
        error_groups: Ids under which the API files its errors.
        artifacts: Files that the last attempt left behind.
        quarantine: Why its failure does not count (reason, owner, until), if it is quarantined.
        change: How it compares with the last apply; ``None`` if there was none.
        seconds_before: How long it took in the last apply, if that is known.
    """

    name: str
    verdict: Verdict
    check_id: str | None = None
    check_type: str = ""
    run_location: str = ""
    link: str = ""
    attempts: tuple[CheckAttempt, ...] = ()
    error: str | None = None
    error_groups: tuple[str, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    quarantine: str | None = None
    change: Change | None = None
    failing_since: FailingSince | None = None
    seconds_before: float | None = None

    @property
    def seconds(self) -> float | None:
        """How long it took from the start of its first attempt to the end of its last."""
        starts = [attempt.started_at for attempt in self.attempts if attempt.started_at]
        stops = [attempt.stopped_at for attempt in self.attempts if attempt.stopped_at]
        return seconds_between(min(starts, default=None), max(stops, default=None))


def without_links(check: CheckOutcome) -> CheckOutcome:
    """Drop the links of ``check``, which would lead nowhere."""
    attempts = tuple(replace(attempt, link="") for attempt in check.attempts)
    return replace(check, link="", attempts=attempts)


@dataclass(frozen=True, slots=True)
class InstanceOutcome(_Timed):
    """The outcome of one instance.

    Attributes:
        reason: Why it ended so, in one sentence, if the verdict alone does not say.
        counts: Whether a verdict other than a pass fails the apply: false if
            ``allowFailure`` or a quorum forgives it.
        span: Where its profile is in the file, if the file was at hand.
    """

    name: str
    profile: str
    verdict: Verdict
    session_id: str | None = None
    link: str | None = None
    reason: str | None = None
    hint: str | None = None
    started_at: datetime | None = None
    stopped_at: datetime | None = None
    checks: tuple[CheckOutcome, ...] = ()
    run_location: str = ""
    counts: bool = True
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class QuorumOutcome:
    """Whether enough instances of a matrix passed."""

    profile: str
    needed: int
    passed: int
    total: int

    @property
    def reached(self) -> bool:
        """Whether the profile passes."""
        return self.passed >= self.needed


@dataclass(frozen=True, slots=True)
class Subject:
    """What an apply tested, and for whom; empty if that is not known."""

    account: str = ""
    project: str = ""
    scope: str = ""
    environment: str = ""
    commit: str = ""
    branch: str = ""
    author: str = ""
    ci_run: str = ""  # its address


@dataclass(frozen=True, slots=True)
class ApplyOutcome(_Timed):
    """The outcome of an apply; it is ``detached`` if sessions still run, as asked."""

    apply_id: str
    started_at: datetime
    stopped_at: datetime
    instances: tuple[InstanceOutcome, ...]
    quorums: tuple[QuorumOutcome, ...] = ()
    exit_code: int = 0
    interrupted: bool = False
    detached: bool = False
    tested: Subject = Subject()
