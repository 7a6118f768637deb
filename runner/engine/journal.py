"""What an apply writes into the state: each step before, or right after, it is taken."""

from dataclasses import dataclass, field
from datetime import datetime

from runner.engine.context import Context
from runner.errors import StateError
from runner.models.outcome import CheckOutcome, InstanceOutcome
from runner.models.record import Attempt, CheckRecord, Phase, Record
from runner.models.response import Session
from runner.models.verdict import Verdict
from runner.state.locks import Locks

#: A document never needs more checks than a person could look through.
MAX_CHECKS = 10_000
#: Verdicts without a session that are still the last word on an instance.
TAKEN = frozenset({Verdict.NO_MATCH, Verdict.UNKNOWN})


@dataclass(slots=True)
class Journal:
    """The attempts of one apply.

    Attributes:
        newest: The last apply that the record of an instance is of: an older one that is still
            to be settled leaves the record alone.
        troubled: Whether something could not be written after a session had started; the user
            was told.
    """

    context: Context
    locks: Locks
    newest: dict[str, str] = field(default_factory=dict)
    troubled: bool = False

    async def intend(self, attempt: Attempt) -> None:
        """Store that a trigger is about to be sent.

        Raises:
            StateError: It can't be stored, or the lock was lost; so nothing may be sent.
        """
        self.locks.fence(attempt.instance)
        await self.context.state.put_attempt(attempt)

    async def left_out(self, attempt: Attempt, outcome: InstanceOutcome) -> None:
        """Store that an instance was not started, so that nobody takes the rest for the whole."""
        await self.finished(attempt, outcome)

    async def started(self, attempt: Attempt, session: Session, before: Record | None) -> Attempt:
        """Store the id of a session; its record keeps the last checks until there are new ones."""
        started = attempt.model_copy(
            update={
                "phase": Phase.STARTED,
                "session_id": session.id,
                "link": session.link,
                "started_at": session.started_at or self.context.clock.now(),
            }
        )
        await self._write(started, [] if before is None else before.checks)
        return started

    async def finished(self, attempt: Attempt, outcome: InstanceOutcome) -> Attempt:
        """Store an outcome: of a session that ran, or of one that surely never was."""
        finished = attempt.model_copy(
            update={
                "phase": Phase.FINISHED,
                "stopped_at": outcome.stopped_at or self.context.clock.now(),
                "verdict": outcome.verdict,
                "reason": outcome.reason,
                "checks": [_recorded(check) for check in outcome.checks[:MAX_CHECKS]],
            }
        )
        await self._write(finished, finished.checks)
        return finished

    async def archive(self, record: Record, now: datetime) -> None:
        """Mark the record of an instance whose profile is gone."""
        try:
            fence = self.locks.fence(record.instance)
            await self.context.state.put_record(
                record.model_copy(update={"archived_at": now, "fence": fence})
            )
        except StateError as error:
            self._tell(error, record.instance)

    async def _write(self, attempt: Attempt, checks: list[CheckRecord]) -> None:
        """Store an attempt and, where the server took it, the record."""
        try:
            record = self._record(attempt, checks)
        except StateError as error:
            self._tell(error, attempt.instance)
            record = None
        try:
            await self.context.state.put_attempt(attempt, record)
        except StateError as error:
            self._tell(error, attempt.instance)
        else:
            if record is not None:
                self.newest[attempt.instance] = attempt.apply_id

    def _record(self, attempt: Attempt, checks: list[CheckRecord]) -> Record | None:
        """The record that an attempt leaves, if it does.

        Raises:
            StateError: The lock was lost, so it may leave none.
        """
        is_newest = self.newest.get(attempt.instance, "") <= attempt.apply_id
        if not is_newest or not (attempt.session_id or attempt.verdict in TAKEN):
            return None
        return record_of(attempt, checks, self.locks.fence(attempt.instance))

    def _tell(self, error: StateError, instance: str) -> None:
        self.troubled = True
        self.context.warn(error, instance)


def record_of(attempt: Attempt, checks: list[CheckRecord], fence: int) -> Record:
    """The record that an attempt leaves."""
    return Record(
        instance=attempt.instance,
        profile=attempt.profile,
        apply_id=attempt.apply_id,
        request=attempt.request,
        applied_at=attempt.started_at or attempt.intent_at,
        session_id=attempt.session_id,
        link=attempt.link,
        stopped_at=attempt.stopped_at,
        verdict=attempt.verdict,
        reason=attempt.reason,
        checks=checks,
        by=attempt.by,
        commit=attempt.commit,
        branch=attempt.branch,
        fence=fence,
    )


def _recorded(check: CheckOutcome) -> CheckRecord:
    return CheckRecord(id=check.check_id, name=check.name, verdict=check.verdict)
