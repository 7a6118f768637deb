"""Write the steps of an apply into the state, each before or right after it is taken."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from runner.engine.control.context import Context
from runner.errors import StateError
from runner.models.outcome import CheckOutcome, InstanceOutcome
from runner.models.record import Attempt, CheckRecord, Phase, Record, plausible
from runner.models.response import Session
from runner.state.journal import ApplyJournal
from runner.state.locks import Locks

#: A document never needs more checks than a person could look through.
MAX_CHECKS = 10_000


@dataclass(slots=True)
class Journal:
    """The attempts of one apply, and those of earlier ones that it settles.

    Attributes:
        troubled: Whether something could not be written after a session had started; the user
            was told.
        has_begun: Whether it is the journal of a new apply; the records of earlier ones may be
            those of later ones by now.
    """

    context: Context
    locks: Locks
    troubled: bool = False
    has_begun: bool = False
    _applies: dict[str, ApplyJournal] = field(default_factory=dict)
    _archived: list[Record] = field(default_factory=list)

    async def begin(self, planned: Mapping[str, str], started_at: datetime) -> None:
        """Make it the journal of a new apply of ``planned``, profiles by instances."""
        own = self.locks.apply_id
        self._applies[own] = await self.context.state.begin(
            own, self.locks, dict(planned), self.context.owner, started_at
        )
        self.has_begun = True

    async def take_over(self) -> list[Attempt]:
        """Go on in the journals of earlier applies that left some of the locked instances open.

        Returns:
            Their attempts without an outcome, oldest first.
        """
        left = []
        for apply_id, names in sorted(self.locks.inherited.items()):
            journal = await self.context.state.take_over(apply_id, self.locks, names)
            self._applies[apply_id] = journal
            for name in names:
                attempt = journal.attempts.get(name)
                if attempt is None:  # it was never started
                    self.locks.note(apply_id, name, is_open=False)
                elif attempt.is_open:
                    left.append(attempt)
        return left

    async def flush(self) -> None:
        """Write what was noted so far."""
        await asyncio.gather(*(journal.flush() for journal in self._applies.values()))

    async def end(self, exit_codes: Mapping[str, int]) -> None:
        """Write the rest, close each apply that has nothing open, and move the records on.

        Args:
            exit_codes: What each apply ended with, where that is known.
        """
        state = self.context.state
        for apply_id, journal in self._applies.items():
            try:
                await journal.end(exit_codes.get(apply_id))
            except StateError as error:
                self._tell(error, None)
        try:
            refused = await state.keep(self.locks, self._applies.values(), self._archived)
        except StateError as error:
            self._tell(error, None)
            return
        with suppress(StateError):  # the next apply does it as well
            await state.fold_if_many()
        for name in sorted({*(refused if self.has_begun else ()), *self.locks.lost}):
            text = f"The record of {name} stays as it is: a later apply may have written it."
            self._tell(StateError(text, hint="See `runner status`."), name)

    # ---------------------------------------------------------------- steps

    async def intend(self, attempt: Attempt) -> Attempt:
        """Store that a trigger is about to be sent.

        Raises:
            StateError: It can't be stored, or the lock was lost; so nothing may be sent.
        """
        return await self._put(attempt, durable=True)

    async def started(self, attempt: Attempt, session: Session) -> Attempt:
        """Store the id of a session."""
        started = attempt.model_copy(
            update={
                "phase": Phase.STARTED,
                "session_id": self._masked(session.id),
                "link": self._masked(session.link if self.context.options.lasting_links else None),
                "started_at": plausible(session.started_at, self.context.clock.now()),
            }
        )
        try:
            return await self._put(started, durable=True)
        except StateError as error:
            self._tell(error, attempt.instance)
            return started

    async def finished(self, attempt: Attempt, outcome: InstanceOutcome) -> Attempt:
        """Store an outcome: of a session that ran, or of one that surely never was.

        What was not started is stored too, so that nobody takes the rest for the whole.
        """
        finished = attempt.model_copy(
            update={
                "phase": Phase.FINISHED,
                "stopped_at": plausible(outcome.stopped_at, self.context.clock.now()),
                "verdict": outcome.verdict,
                "reason": self._masked(outcome.reason),
                "checks": [self._recorded(check) for check in outcome.checks[:MAX_CHECKS]],
            }
        )
        try:
            return await self._put(finished, durable=False)
        except StateError as error:
            self._tell(error, attempt.instance)
            return finished

    def archive(self, record: Record, now: datetime) -> None:
        """Mark the record of an instance whose profile is gone."""
        try:
            fence = self.locks.fence(record.instance)
        except StateError as error:
            self._tell(error, record.instance)
            return
        self._archived.append(record.model_copy(update={"archived_at": now, "fence": fence}))

    async def _put(self, attempt: Attempt, *, durable: bool) -> Attempt:
        journal = self._applies.get(attempt.apply_id)
        if journal is None:
            raise StateError(
                f"The apply {attempt.apply_id} is still at work.",
                hint="Wait until it has ended, or until its locks have.",
            )
        if not attempt.fence:
            fence = self.locks.fence(attempt.instance)
            attempt = attempt.model_copy(update={"fence": fence})
        await journal.put(attempt, durable=durable)
        return attempt

    def _recorded(self, check: CheckOutcome) -> CheckRecord:
        began = check.attempts[0].started_at if check.attempts else None
        ended = check.attempts[-1].stopped_at if check.attempts else None
        seconds = (ended - began).total_seconds() if began and ended else None
        error = (check.error or "").strip().partition("\n")[0][:500]
        since = check.failing_since
        return CheckRecord(
            id=self._masked(check.check_id),
            name=self.context.redact(check.name),
            verdict=check.verdict,
            attempts=max(len(check.attempts), 1),
            seconds=seconds,
            error=self._masked(error) or None,
            failures=since.applies if since else 0,
            failing_commit=since.commit if since else None,
        )

    def _masked(self, text: str | None) -> str | None:
        return text if text is None else self.context.redact(text)

    def _tell(self, error: StateError, instance: str | None) -> None:
        self.troubled = True
        self.context.warn(error, instance)
