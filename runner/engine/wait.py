"""Re-attaching to sessions that an earlier apply left, and finishing as it would have."""

import asyncio
from collections.abc import Collection, Mapping, Sequence

from runner.engine.context import Context
from runner.engine.follow import follow
from runner.engine.frame import Frame
from runner.engine.recovery import settle_all
from runner.engine.run import Run
from runner.errors import UsageError
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
    left = await context.state.left_open()
    ids = sorted(left) if apply_id is None else [apply_id]
    attempts = await _attempts(context.state, ids)
    if not attempts and apply_id is not None:
        raise UsageError(
            f"There was no apply {apply_id} in this state.",
            hint="`runner history` lists them; --state and --scope say which state is meant.",
        )
    names = {name for each in ids for name in left.get(each, ())}
    return await _Wait(context, ids, attempts, names).run() if attempts else None


async def _attempts(state: State, ids: Sequence[str]) -> list[Attempt]:
    found = await asyncio.gather(*map(state.attempts, ids))
    return [attempt for attempts in found for attempt in attempts]


class _Wait(Frame):
    def __init__(
        self,
        context: Context,
        ids: Sequence[str],
        attempts: Sequence[Attempt],
        names: Collection[str],
    ) -> None:
        began = min(attempt.intent_at for attempt in attempts)
        super().__init__(context, max(ids), names, began)
        self.ids = ids
        self.runs = self._runs(attempts, {})

    def _runs(self, attempts: Sequence[Attempt], records: Mapping[str, Record]) -> list[Run]:
        return [
            Run.of_attempt(self.context, self.journal, each, records.get(each.instance))
            for each in attempts
        ]

    async def prepare(self) -> None:
        await self.journal.take_over()
        attempts = await _attempts(self.context.state, self.ids)
        records = await self.records({attempt.instance for attempt in attempts})
        self.runs = self._runs(attempts, records)

    async def work(self) -> None:
        open_ = [run for run in self.runs if run.attempt.phase is not Phase.FINISHED]
        await settle_all([run for run in open_ if run.session is None])
        async with asyncio.TaskGroup() as group:
            for run in open_:
                if run.session is not None:
                    group.create_task(self._one(run))
                elif run.outcome is not None:
                    self.note(run, run.outcome)

    async def _one(self, run: Run) -> None:
        self.note(run, await run.leave(await follow(run)))

    async def tidy(self) -> None:
        if self.context.stop.at_once.is_set():
            self.context.notice("Left at once; `runner wait` goes on from here.")

    def cut_off(self, run: Run) -> InstanceOutcome:
        return run.as_stored()
