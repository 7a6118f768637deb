"""Write the steps of an apply into the state, each before or right after it is taken."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime

from runner.engine.control.context import Context
from runner.errors import StateError
from runner.models.record import Attempt, Record
from runner.state.journal import ApplyJournal
from runner.state.locks import Locks


@dataclass(slots=True)
class Journal:
    """The attempts of one apply, and those of earlier ones that it settles."""

    context: Context
    locks: Locks
    troubled: bool = False  # whether something could not be written after a session had started
    has_begun: bool = False  # whether a new apply began, whose records are the newest
    _applies: dict[str, ApplyJournal] = field(default_factory=dict)
    _archived: list[Record] = field(default_factory=list)

    async def begin(self, planned: Mapping[str, str], started_at: datetime) -> None:
        """Begin the journal of a new apply; ``planned`` maps instances to profiles."""
        own = self.locks.apply_id
        self._applies[own] = await self.context.state.begin(
            own, self.locks, dict(planned), self.context.owner, started_at
        )
        self.has_begun = True

    async def take_over(self) -> list[Attempt]:
        """Continue the journals of earlier applies that left some of the locked instances open.

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

    def attempts(self) -> list[Attempt]:
        """Return all attempts of these applies, and what those that are over never started."""
        return [each for journal in self._applies.values() for each in journal.past().attempts]

    async def put(self, attempt: Attempt, *, durable: bool) -> Attempt:
        """Write an attempt, and wait until it is written if it has to be ``durable``.

        Raises:
            StateError: It can't be written, or the lock was lost.
        """
        journal = self._applies.get(attempt.apply_id)
        if journal is None:
            raise StateError(
                f"The apply {attempt.apply_id} is still running.",
                hint="Wait until it has ended, or until its locks have expired.",
            )
        if not attempt.fence:
            fence = self.locks.fence(attempt.instance)
            attempt = attempt.model_copy(update={"fence": fence})
        await journal.put(attempt, durable=durable)
        return attempt

    async def keep(self, attempt: Attempt, *, durable: bool) -> Attempt:
        """Write an attempt whose session exists; a failure is reported and stops nothing."""
        try:
            return await self.put(attempt, durable=durable)
        except StateError as error:
            self._tell(error, attempt.instance)
            return attempt

    def archive(self, record: Record, now: datetime) -> None:
        """Mark the record of an instance whose profile is gone."""
        with self._reporting(record.instance):
            fence = self.locks.fence(record.instance)
            self._archived.append(record.model_copy(update={"archived_at": now, "fence": fence}))

    async def flush(self) -> None:
        """Write what was noted so far."""
        await asyncio.gather(*(journal.flush() for journal in self._applies.values()))

    async def end(self, exit_codes: Mapping[str, int]) -> None:
        """Write the rest, close each apply that has nothing open, and move the records on."""
        state = self.context.state
        for apply_id, journal in self._applies.items():
            with self._reporting():
                await journal.end(exit_codes.get(apply_id))
        with self._reporting():
            refused = await state.keep(self.locks, self._applies.values(), self._archived)
            with suppress(StateError):  # the next apply can do it as well
                await state.fold_if_many()
            for name in sorted({*(refused if self.has_begun else ()), *self.locks.lost}):
                text = f"The record of {name} is unchanged: a later apply may have written it."
                self._tell(StateError(text, hint="See `runner status`."), name)

    @contextmanager
    def _reporting(self, instance: str | None = None) -> Iterator[None]:
        """Report an error of the state instead of raising it."""
        try:
            yield
        except StateError as error:
            self._tell(error, instance)

    def _tell(self, error: StateError, instance: str | None) -> None:
        self.troubled = True
        self.context.warn(error, instance)
