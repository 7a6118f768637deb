"""What came of an apply: the one value that all reports are made from."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from runner.models.verdict import Verdict
from runner.source import Span


class Change(StrEnum):
    """How a check's verdict compares with the last time."""

    NEW = "new"
    NEWLY_FAILING = "newly failing"
    STILL_FAILING = "still failing"
    FIXED = "fixed"
    STILL_PASSING = "still passing"


@dataclass(frozen=True, slots=True)
class CheckAttempt:
    """One attempt of a check. Times are aware datetimes, ``response_time`` is milliseconds."""

    verdict: Verdict
    result_id: str
    link: str
    started_at: datetime | None
    stopped_at: datetime | None
    response_time: float | None


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """One check of a session after its last attempt.

    Attributes:
        check_id: The API's id, where it told one.
        check_type: As the API spells it, ``BROWSER`` for one; may be a type not known here.
        attempts: Oldest first; the last one decides.
        error: Why it failed, if that is known; may have several lines.
        quarantine: Why its failure does not count (reason, owner, until), if it is quarantined.
        change: How it compares with the last apply; ``None`` where there was none.
    """

    name: str
    verdict: Verdict
    check_id: str | None = None
    check_type: str = ""
    run_location: str = ""
    link: str = ""
    attempts: tuple[CheckAttempt, ...] = ()
    error: str | None = None
    quarantine: str | None = None
    change: Change | None = None


@dataclass(frozen=True, slots=True)
class InstanceOutcome:
    """What came of one instance.

    Attributes:
        reason: Why it ended so, in one sentence, where the verdict alone does not say.
        counts: Whether a verdict that is no pass fails the apply: false where ``allowFailure``
            or a quorum forgives it.
        span: Where its profile stands in the file, if the file was at hand.
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
class ApplyOutcome:
    """What came of an apply.

    Attributes:
        exit_code: What the process ends with, the worst of all.
        detached: Whether it ended while sessions still run, as asked.
    """

    apply_id: str
    started_at: datetime
    stopped_at: datetime
    instances: tuple[InstanceOutcome, ...]
    quorums: tuple[QuorumOutcome, ...] = ()
    exit_code: int = 0
    interrupted: bool = False
    detached: bool = False
    warnings: tuple[str, ...] = ()
