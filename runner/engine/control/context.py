"""The outside world of an apply, and its options."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from runner.checkly.client import Checkly
from runner.engine.control.shutdown import Stop
from runner.errors import RunnerError
from runner.models.clock import Clock
from runner.models.events import Emit, Event, Notice
from runner.models.outcome import InstanceOutcome, Subject
from runner.models.record import Initiator
from runner.models.response import Session
from runner.source import Span
from runner.state.state import State


@dataclass(frozen=True, slots=True)
class ApplyOptions:
    """The options of an apply; times are in seconds."""

    concurrency: int = 10  # sessions that run at once, at most
    keep_going: bool = False  # apply the rest if an instance is blocked
    detach: bool = False  # leave once all sessions have started
    lock_timeout: float = 0.0  # how long to wait for a lock that another process holds
    new: bool = False  # start a session even if an unfinished apply runs the same one
    settle_seconds: float = 30.0  # how long to look for a session after a lost answer
    grace_seconds: float = 15.0  # how long a session is followed after it was cancelled
    poll_seconds: float = 30.0  # how long one poll may take; the API allows 30 at most
    late_seconds: float = 30.0  # how long to wait for results after the end of a session
    lost_seconds: float = 300.0  # how long a session is followed without a single answer
    fail_on_new: bool = False  # failed checks count only if they did not fail the last time
    lasting_links: bool = True  # links outlive this process; others are reported at the start only


#: A clock that is further off says nothing about when a session was made.
_SANE_OFFSET = timedelta(hours=12)


@dataclass(slots=True)
class Observed:
    """What an apply has seen of sessions so far."""

    sessions: set[str] = field(default_factory=set)  # ids that are taken: no lookup adopts them
    offset: timedelta | None = None  # how far the sessions' clock is ahead of ours, at least

    def start(self, session: Session, now: datetime) -> None:
        """Note a session that was started just before ``now``."""
        offset = (session.started_at or now) - now
        if session.started_at is not None and abs(offset) < _SANE_OFFSET:
            self.offset = offset


@dataclass(frozen=True, slots=True)
class Context:
    """The outside world of an apply."""

    client: Checkly
    state: State
    clock: Clock
    emit: Emit
    stop: Stop  # set by signals
    owner: Initiator
    redact: Callable[[str], str]  # masks secrets in texts from outside
    options: ApplyOptions
    tested: Subject = field(default_factory=Subject)
    places: Mapping[str, Span] = field(default_factory=dict)  # of profiles in the file, by name
    keep: "Keep | None" = None  # keeps the files of what failed
    observed: Observed = field(default_factory=Observed)

    def report(self, event: Callable[..., Event], *about: Any) -> None:
        """Emit an event that happens now."""
        self.emit(event(self.clock.now(), *about))

    def notice(self, text: str, instance: str | None = None, *, is_warning: bool = False) -> None:
        """Report something worth knowing."""
        self.report(Notice, text, instance, is_warning)

    def warn(self, error: RunnerError, instance: str | None = None) -> None:
        """Report an error that does not stop the apply."""
        text = f"{error.message} {error.hint}" if error.hint else error.message
        self.notice(text, instance, is_warning=True)


Keep: TypeAlias = Callable[[Context, InstanceOutcome], Coroutine[Any, Any, InstanceOutcome]]
