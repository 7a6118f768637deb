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
from runner.models.record import Attempt, Lookup, Phase, Record
from runner.models.verdict import Verdict
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
        Locked: The apply, or another process that waits for it, is still at work.
        CannotRun: The state knows no apply, or state or API can't be reached.
        Interrupted: A signal came before anything was done.
    """
    state = context.state
    await unless(context.stop.gently, _until_nobody_is_at_work(context, apply_id))
    left = await state.left_open()
    if apply_id is not None:
        left = {apply_id: left.get(apply_id, [])}
    attempts = await _attempts(state, left)
    if apply_id is not None and not attempts:
        raise UsageError(
            f"There was no apply {apply_id} in this state.",
            hint="`runner history` lists them; --state and --scope say which state is meant.",
        )
    known = {attempt.apply_id for attempt in attempts}
    lost = [
        _never_started(context, an_id, name)
        for an_id, names in left.items()
        if an_id not in known
        for name in names
    ]
    newest: PastApply | None = None
    if not attempts and not lost:
        newest = await state.newest_apply()
        if newest is None:
            raise StateError(
                "This state has no apply to wait for.",
                hint="Where an apply ran on another machine, name its state: --state, --scope.",
            )
        attempts = list(newest.attempts)
    names = {attempt.instance for attempt in attempts if attempt.is_open}
    waiting = _Wait(context, attempts, lost, names.union(*left.values()))
    return waiting.repeat(newest) if newest and not names else await waiting.run()


def _never_started(context: Context, apply_id: str, instance: str) -> Attempt:
    """Make the attempt of an apply that was cut off before it wrote anything but its lock."""
    return Attempt(
        apply_id=apply_id,
        instance=instance,
        profile=instance.partition("[")[0],
        phase=Phase.FINISHED,
        request={},
        lookup=Lookup(name=instance, run_location=""),
        intent_at=context.clock.now(),
        verdict=Verdict.NOT_STARTED,
        reason="Its apply was cut off before it was started.",
    )


async def _until_nobody_is_at_work(context: Context, apply_id: str | None) -> None:
    """Wait for the owner of the apply, or of the newest one, to end, or for its lease.

    Raises:
        Locked: The lease was renewed meanwhile.
    """
    state, clock = context.state, context.clock
    deadline: float | None = None
    while at_work := await state.at_work():
        wanted = apply_id or max(at_work)
        if apply_id is None and max(await state.left_open(), default="") > wanted:
            return  # an older one is at work, which is not the newest
        if wanted not in at_work:
            return
        if deadline is None:
            seconds = at_work[wanted] + _LEASE_MARGIN + context.options.lock_timeout
            deadline = clock.monotonic() + seconds
            context.notice(
                f"The apply {wanted} is at work, or its process is gone and its lock is not yet:"
                f" waiting {seconds:.0f} s at most."
            )
        if clock.monotonic() >= deadline:
            raise Locked(
                f"The apply {wanted} is still at work.",
                hint="Wait for its end, or pass a longer --lock-timeout.",
            )
        await clock.sleep(min(at_work[wanted], _LOOK_SECONDS))


async def _attempts(state: State, ids: Iterable[str]) -> list[Attempt]:
    found = await asyncio.gather(*map(state.apply, ids))
    return [attempt for past in found if past is not None for attempt in past.attempts]


class _Wait(Frame):
    def __init__(
        self,
        context: Context,
        attempts: Sequence[Attempt],
        lost: Sequence[Attempt],
        names: Collection[str],
    ) -> None:
        self.lost = lost
        self.ids = {attempt.apply_id for attempt in (*attempts, *lost)}
        began = min(attempt.intent_at for attempt in (*attempts, *lost))
        super().__init__(context, max(self.ids), names, began)
        self.runs = self._runs((*attempts, *lost), {})

    def _runs(self, attempts: Iterable[Attempt], records: Mapping[str, Record]) -> list[Run]:
        return [Run.of_attempt(self.journal, a, records.get(a.instance)) for a in attempts]

    def repeat(self, past: PastApply) -> ApplyOutcome:
        """Report once more how an apply ended that left nothing open."""
        context, ci_url = self.context, past.attempts[0].by.ci_url
        is_other = context.owner.ci_url is not None and ci_url != context.owner.ci_url
        other = " This CI run has applied nothing here." if is_other else ""
        text = f"Nothing is open.{other} This is how the newest apply, {self.id}, ended."
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
        # What was never started is reported only for applies that are over; this one holds locks.
        before = {(run.attempt.apply_id, run.name): run.attempt for run in self.runs}
        attempts = await _attempts(self.context.state, self.ids)
        now = {(attempt.apply_id, attempt.instance): attempt for attempt in attempts}
        found = [attempt for _, attempt in sorted((before | now).items())]
        self.runs = self._runs(found, await self.records({each.instance for each in found}))
        for run in self.runs:
            if run.attempt in self.lost:
                await run.store(run.as_stored())

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
            self.context.notice("Left at once; `runner wait` goes on from here.")
