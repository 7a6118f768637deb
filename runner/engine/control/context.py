"""The outside world as the engine is handed it, and the options of an apply."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias

from runner.checkly.client import Checkly
from runner.engine.control.shutdown import Stop
from runner.errors import RunnerError
from runner.models.clock import Clock
from runner.models.events import Emit, Notice
from runner.models.outcome import InstanceOutcome, Subject
from runner.models.record import Initiator
from runner.models.response import Session
from runner.state.state import State


@dataclass(frozen=True, slots=True)
class ApplyOptions:
    """How an apply goes about its work; times are seconds.

    Attributes:
        concurrency: Sessions that run at once, at most.
        keep_going: Whether to apply the rest where an instance is blocked.
        detach: Whether to leave once all sessions have started.
        lock_timeout: How long to wait for a lock that somebody else holds.
        new: Whether to start a session though one of an unfinished apply runs that is the same.
        settle_seconds: How long a session whose trigger's answer was lost is looked for.
        grace_seconds: How long a session is followed after it was cancelled.
        poll_seconds: How long one poll may take; the API allows 30 at most.
        late_seconds: How long a session that has ended is asked for results still to come.
        lost_seconds: How long a session is followed without a single answer.
        fail_on_new: Whether failed checks count only if they did not fail the last time.
        lasting_links: Whether links lead somewhere once this process has ended; others are told
            only when a session starts.
    """

    concurrency: int = 10
    keep_going: bool = False
    detach: bool = False
    lock_timeout: float = 0.0
    new: bool = False
    settle_seconds: float = 30.0
    grace_seconds: float = 15.0
    poll_seconds: float = 30.0
    late_seconds: float = 30.0
    lost_seconds: float = 300.0
    fail_on_new: bool = False
    lasting_links: bool = True


#: A clock that is further off says nothing of when a session was made.
_SANE_OFFSET = timedelta(hours=12)


@dataclass(slots=True)
class Learnt:
    """What is learnt on the way.

    Attributes:
        sessions: Ids of sessions that belong to somebody already, so that no lookup adopts them.
        offset: How far the clock of the sessions is ahead of this machine's, at least.
    """

    sessions: set[str] = field(default_factory=set)
    offset: timedelta | None = None

    def start(self, session: Session, now: datetime) -> None:
        """Take note of a session that was started just before ``now``."""
        offset = (session.started_at or now) - now
        if session.started_at is not None and abs(offset) < _SANE_OFFSET:
            self.offset = offset


@dataclass(frozen=True, slots=True)
class Context:
    """The outside world, as it was handed in.

    Attributes:
        client: The API.
        state: Where intents, sessions and outcomes are kept.
        clock: Tells the time.
        emit: Is told of everything that happens.
        stop: Set by signals.
        owner: Who applies.
        redact: Masks secrets in what came from outside.
        options: How to go about it.
        tested: What is tested, for the reports.
        keep: Keeps the files of what failed, where that is wanted.
        learnt: What is learnt on the way.
    """

    client: Checkly
    state: State
    clock: Clock
    emit: Emit
    stop: Stop
    owner: Initiator
    redact: Callable[[str], str]
    options: ApplyOptions
    tested: Subject = field(default_factory=Subject)
    keep: "Keep | None" = None
    learnt: Learnt = field(default_factory=Learnt)

    def notice(self, text: str, instance: str | None = None, *, is_warning: bool = False) -> None:
        """Tell the user something in passing."""
        self.emit(Notice(self.clock.now(), text, instance, is_warning))

    def warn(self, error: RunnerError, instance: str | None = None) -> None:
        """Tell the user of an error that the apply goes on after."""
        text = f"{error.message} {error.hint}" if error.hint else error.message
        self.notice(text, instance, is_warning=True)


Keep: TypeAlias = Callable[[Context, InstanceOutcome], Awaitable[InstanceOutcome]]
