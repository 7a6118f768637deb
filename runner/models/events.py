"""Events of an apply, as values: the engine emits them, reporters show them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from runner.models.outcome import ApplyOutcome, CheckOutcome, InstanceOutcome


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened; ``at`` is aware and in UTC, by the engine's clock."""

    at: datetime


@dataclass(frozen=True, slots=True)
class PlanMade(Event):
    """The plan is known.

    Attributes:
        actions: Each instance with its action: ``create``, ``update``, ``rerun``, ``removed``.
        drifted: The instances whose target matches different checks than last time.
    """

    apply_id: str
    actions: tuple[tuple[str, str], ...]
    drifted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ApplyStarted(Event):
    """The apply has its locks and begins; ``instances`` in the order of their start."""

    apply_id: str
    instances: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SessionStarted(Event):
    """A session exists; it is ``adopted`` if it was looked up or already ran."""

    instance: str
    session_id: str
    link: str
    adopted: bool = False


@dataclass(frozen=True, slots=True)
class SessionProgress(Event):
    """The checks of a running session have changed; running ones are among them."""

    instance: str
    checks: tuple[CheckOutcome, ...]


@dataclass(frozen=True, slots=True)
class SessionCancelling(Event):
    """A session is being cancelled, and why (``timeout``, ``interrupt``)."""

    instance: str
    why: str


@dataclass(frozen=True, slots=True)
class InstanceFinished(Event):
    """An instance has its outcome."""

    outcome: InstanceOutcome


@dataclass(frozen=True, slots=True)
class Notice(Event):
    """There is something to know besides the outcome, in one sentence: a retry, a wait."""

    text: str
    instance: str | None = None
    is_warning: bool = False


@dataclass(frozen=True, slots=True)
class RequestMade(Event):
    """A request was made to the API; ``status`` is ``None`` if no answer came."""

    method: str
    path: str
    status: int | None
    seconds: float
    error: str | None = None


@dataclass(frozen=True, slots=True)
class ApplyInterrupted(Event):
    """A signal came; ``outcome`` is what is known, should there be no time for the end."""

    outcome: ApplyOutcome


@dataclass(frozen=True, slots=True)
class ApplyFinished(Event):
    """The apply is over."""

    outcome: ApplyOutcome


Emit: TypeAlias = Callable[[Event], None]
