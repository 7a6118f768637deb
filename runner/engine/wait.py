"""Re-attach to sessions that an earlier apply left, and finish as it would have."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from runner.engine.control.context import Context
from runner.engine.follow import follow
from runner.engine.frame import Frame
from runner.engine.recovery import settle_all
from runner.engine.run import Run
from runner.engine.summary import INTERRUPTED
from runner.errors import Locked, StateError, UsageError
from runner.models.clock import unless
from runner.models.events import ApplyFinished
from runner.models.history import PastApply
from runner.models.outcome import ApplyOutcome
from runner.models.record import Attempt, Record
from runner.state.state import State

#: Seconds beyond a lease after which its holder must be alive.
_LEASE_MARGIN: Final = 3.0
_LOOK_SECONDS: Final = 1.0


async def wait(apply_id: str | None, *, context: Context) -> ApplyOutcome:
    """Follow what an apply left running, settle what it left open, and judge the whole of it.

    Without an ``apply_id`` every apply that left something is meant; with nothing open the outcome
    of the newest one is repeated.

    Raises:
        UsageError: There was no apply of that id.
        Locked: The apply, or another process that waits for it, is still running.
        CannotRun: The state knows no apply, or state or API can't be reached.
        Interrupted: A signal came before anything was done.
    """
    state = context.state
    await unless(context.stop.gently, _until_none_is_running(context, apply_id))
    left = await state.unfinished_applies()
    if apply_id is not None:
        left = {apply_id: left.get(apply_id, [])}
    attempts = await _attempts(state, left)
    newest: PastApply | None = None
    if not attempts and not any(left.values()):
        if apply_id is not None:
            raise UsageError(
                f"There is no apply {apply_id} in this state.",
                hint="`runner history` lists them; --state and --scope say which state is meant.",
            )
        newest = await state.newest_apply()
        if newest is None:
            raise StateError(
                "This state has no apply to wait for.",
                hint="If an apply ran on another machine, name its state with --state and --scope.",
            )
        attempts, left = list(newest.attempts), {newest.apply_id: []}
    names = {attempt.instance for attempt in attempts if attempt.is_open}
    waiting = _Wait(context, left, attempts, names.union(*left.values()))
    return waiting.repeat(newest) if newest and not names else await waiting.run()


async def _until_none_is_running(context: Context, apply_id: str | None) -> None:
    """Wait for the owner of the apply, or of the newest one, to end, or for its lease.

    Raises:
        Locked: The lease was renewed meanwhile.
    """
    state, clock = context.state, context.clock
    deadline: float | None = None
    while running := await state.running_applies():
        wanted = apply_id or max(running)
        if apply_id is None and max(await state.unfinished_applies(), default="") > wanted:
            return  # an older one is running, which is not the newest
        if wanted not in running:
            return
        if deadline is None:
            seconds = running[wanted] + _LEASE_MARGIN + context.options.lock_timeout
            deadline = clock.monotonic() + seconds
            context.notice(
                f"The apply {wanted} is still running, or its process is gone and its lock has not"
                f" expired yet: waiting for up to {seconds:.0f} s."
            )
        if clock.monotonic() >= deadline:
            raise Locked(
                f"The apply {wanted} is still running.",
                hint="Wait for its end, or pass a longer --lock-timeout.",
            )
        await clock.sleep(min(running[wanted], _LOOK_SECONDS))


async def _attempts(state: State, ids: Iterable[str]) -> list[Attempt]:
    found = await asyncio.gather(*map(state.apply, ids))
    return [attempt for past in found if past is not None for attempt in past.attempts]


class _Wait(Frame):
    def __init__(
        self,
        context: Context,
        ids: Iterable[str],
        attempts: Sequence[Attempt],
        names: Collection[str],
    ) -> None:
        self.ids = sorted(ids)
        began = min((each.intent_at for each in attempts), default=context.clock.now())
        super().__init__(context, self.ids[-1], names, began)
        self.runs = self._runs(attempts, {})

    def _runs(self, attempts: Iterable[Attempt], records: Mapping[str, Record]) -> list[Run]:
        journal, places = self.journal, self.context.places
        return [
            Run.of_attempt(journal, a, records.get(a.instance), places.get(a.profile))
            for a in attempts
        ]

    def repeat(self, past: PastApply) -> ApplyOutcome:
        """Report once more how an apply ended that left nothing open."""
        context, ci_url = self.context, past.attempts[0].by.ci_url
        is_other = context.owner.ci_url is not None and ci_url != context.owner.ci_url
        other = " This CI run has applied nothing here." if is_other else ""
        text = f"Nothing is left to wait for.{other} The newest apply, {self.id}, ended as follows."
        context.notice(text, is_warning=is_other)
        outcome = self.sum_up(self.runs)
        code = outcome.exit_code if past.exit_code is None else past.exit_code
        outcome = replace(
            outcome,
            exit_code=code,
            interrupted=code == INTERRUPTED,
            stopped_at=past.stopped_at or outcome.stopped_at,
        )
        self.announce()
        context.report(ApplyFinished, outcome)
        return outcome

    async def prepare(self) -> None:
        await self.journal.take_over()
        # This one holds the locks by now, so that the state takes the applies for running ones
        # and keeps back what they never started; the journals tell.
        known = [run.attempt for run in self.runs] + await _attempts(self.context.state, self.ids)
        known += [each for each in self.journal.attempts() if each.apply_id in self.ids]
        latest = {(attempt.apply_id, attempt.instance): attempt for attempt in known}
        found = [attempt for _, attempt in sorted(latest.items())]
        self.runs = self._runs(found, await self.records({each.instance for each in found}))

    async def work(self) -> None:
        open_ = [run for run in self.runs if run.attempt.is_open]
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
            self.context.notice("Exited at once; `runner wait` continues from here.")
