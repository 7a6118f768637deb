"""Re-attaching to sessions that an earlier apply left, and finishing as it would have."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack

from runner.engine.context import Context, Job
from runner.engine.follow import follow
from runner.engine.journal import Journal, is_open
from runner.engine.outcomes import of_attempt
from runner.engine.recovery import elapsed, job_of, settle_all, started_of
from runner.engine.shutdown import unless
from runner.engine.summary import leave, sum_up
from runner.engine.trigger import Started
from runner.errors import Interrupted, UsageError
from runner.models.events import ApplyStarted, InstanceFinished
from runner.models.outcome import ApplyOutcome, InstanceOutcome
from runner.models.record import Attempt, Phase, Record
from runner.state.state import State


async def wait(apply_id: str | None, *, context: Context) -> ApplyOutcome | None:
    """Follow what an apply left running, settle what it left open, and judge the whole of it.

    Args:
        apply_id: The apply; ``None`` for every one that left something.
        context: The outside world.

    Returns:
        The outcome; ``None`` when there is nothing to wait for.

    Raises:
        UsageError: There was no apply of that id.
        Locked: Somebody else applies one of the instances, or waits for it.
        CannotRun: The API or the state can't be reached.
        Interrupted: A signal came before anything was done.
    """
    attempts = await _attempts(context.state, apply_id)
    if not attempts:
        return None
    return await _Wait(context, attempts).run()


async def _attempts(state: State, apply_id: str | None) -> list[Attempt]:
    """Every attempt of the apply, or of all that left something, oldest first."""
    if apply_id is not None:
        attempts = await state.attempts(apply_id)
        if not attempts:
            raise UsageError(
                f"There was no apply {apply_id} in this state.",
                hint="`runner history` lists them; --state and --scope say which state is meant.",
            )
        return attempts
    ids = sorted({attempt.apply_id for attempt in await state.unfinished()})
    found = await asyncio.gather(*map(state.attempts, ids))
    return [attempt for attempts in found for attempt in attempts]


class _Wait:
    def __init__(self, context: Context, attempts: Sequence[Attempt]) -> None:
        self.context = context
        self.attempts = list(attempts)
        self.id = max(attempt.apply_id for attempt in attempts)
        self.outcomes: dict[tuple[str, str], InstanceOutcome] = {}

    async def run(self) -> ApplyOutcome:
        context = self.context
        names = [each.instance for each in self.attempts if each.phase is not Phase.FINISHED]
        locks = context.state.lock(
            names,
            context.owner,
            self.id,
            timeout=context.options.lock_timeout,
            waiting=context.notice,
        )
        async with AsyncExitStack() as stack:
            await unless(context.stop.gently, stack.enter_async_context(locks))
            journal = Journal(context, locks)
            records = await unless(context.stop.gently, self._read(journal))
            instances = tuple(attempt.instance for attempt in self.attempts)
            context.emit(ApplyStarted(context.clock.now(), self.id, instances))
            try:
                await unless(context.stop.at_once, self._all(journal, records))
            except Interrupted:
                context.notice("Left at once; `runner wait` goes on from here.")
            await leave(context, stack)
        return self._sum_up(journal, records)

    async def _read(self, journal: Journal) -> dict[str, Record]:
        """Read the attempts again, now that nobody else writes them, and their records."""
        context = self.context
        if context.client.server_now() is None:
            await context.client.account()
        ids = sorted({attempt.apply_id for attempt in self.attempts})
        found = await asyncio.gather(*map(context.state.attempts, ids))
        self.attempts = [attempt for attempts in found for attempt in attempts]
        records = await context.state.records({each.instance for each in self.attempts})
        journal.newest.update({name: record.apply_id for name, record in records.items()})
        return records

    async def _all(self, journal: Journal, records: dict[str, Record]) -> None:
        intents = [each for each in self.attempts if each.phase is Phase.INTENT]
        settled = await settle_all(self.context, journal, intents, records)
        running = [started_of(each) for each in self.attempts if each.phase is Phase.STARTED]
        running += [each for each in settled if isinstance(each, Started)]
        for attempt, end in zip(intents, settled, strict=True):
            if isinstance(end, InstanceOutcome):
                self._note(attempt, end)
        async with asyncio.TaskGroup() as group:
            for started in running:
                job = job_of(started.attempt, records.get(started.attempt.instance))
                group.create_task(self._one(journal, job, started))

    async def _one(self, journal: Journal, job: Job, started: Started) -> None:
        seconds = elapsed(self.context, started.attempt)
        outcome = await follow(self.context, job, started, seconds)
        if not is_open(outcome):
            await journal.finished(started.attempt, outcome)
        self._note(started.attempt, outcome)

    def _note(self, attempt: Attempt, outcome: InstanceOutcome) -> None:
        self.outcomes[attempt.apply_id, attempt.instance] = outcome
        self.context.emit(InstanceFinished(self.context.clock.now(), outcome))

    def _sum_up(self, journal: Journal, records: dict[str, Record]) -> ApplyOutcome:
        ends = []
        for attempt in self.attempts:
            job = job_of(attempt, records.get(attempt.instance))
            outcome = self.outcomes.get((attempt.apply_id, attempt.instance))
            ends.append((job, outcome or of_attempt(job, attempt)))
        return sum_up(
            self.context,
            apply_id=self.id,
            started_at=min(attempt.intent_at for attempt in self.attempts),
            ends=ends,
            is_troubled=journal.troubled,
        )
