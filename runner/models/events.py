"""Events of an apply, as values: the engine emits them, reporters show them.

Every event carries ``at``, an aware datetime in UTC from the engine's clock.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from runner.models.outcome import ApplyOutcome, CheckOutcome, InstanceOutcome


@dataclass(frozen=True, slots=True)
class PlanMade:
    """It is known what is to be done.

    Attributes:
        actions: Each instance with its action: ``create``, ``update``, ``rerun``, ``removed``.
        drifted: The instances whose target matches other checks than the last time.
    """

    at: datetime
    apply_id: str
    actions: tuple[tuple[str, str], ...]
    drifted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ApplyStarted:
    """The apply has its locks and begins; ``instances`` in the order of their start."""

    at: datetime
    apply_id: str
    instances: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SessionStarted:
    """A session exists. ``adopted`` when it was found by looking it up or already ran."""

    at: datetime
    instance: str
    session_id: str
    link: str
    adopted: bool = False


@dataclass(frozen=True, slots=True)
class SessionProgress:
    """What is known of a running session's checks by now (running ones included)."""

    at: datetime
    instance: str
    checks: tuple[CheckOutcome, ...]


@dataclass(frozen=True, slots=True)
class SessionCancelling:
    """A session is being cancelled, and why (``timeout``, ``interrupt``)."""

    at: datetime
    instance: str
    why: str


@dataclass(frozen=True, slots=True)
class InstanceFinished:
    """An instance has its outcome."""

    at: datetime
    outcome: InstanceOutcome


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to know besides the outcome, in one sentence: a retry, a wait, a doubt."""

    at: datetime
    text: str
    instance: str | None = None
    is_warning: bool = False


@dataclass(frozen=True, slots=True)
class RequestMade:
    """A request to the API, for ``-v``: status is ``None`` where no answer came."""

    at: datetime
    method: str
    path: str
    status: int | None
    seconds: float
    error: str | None = None


@dataclass(frozen=True, slots=True)
class ApplyInterrupted:
    """A signal came: ``outcome`` as it stands, should there be no time for the end."""

    at: datetime
    outcome: ApplyOutcome


@dataclass(frozen=True, slots=True)
class ApplyFinished:
    """The apply is over."""

    at: datetime
    outcome: ApplyOutcome


Event: TypeAlias = (
    PlanMade
    | ApplyStarted
    | SessionStarted
    | SessionProgress
    | SessionCancelling
    | InstanceFinished
    | Notice
    | RequestMade
    | ApplyInterrupted
    | ApplyFinished
)
Emit: TypeAlias = Callable[[Event], None]
