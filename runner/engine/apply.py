"""Apply a plan: locks, starts in order, following, verdicts, records."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

from runner.engine.control.context import Context
from runner.engine.follow import follow
from runner.engine.frame import Frame
from runner.engine.lookup.lookup_groups import LookupGroup
from runner.engine.needs import Gate, by_member, gates
from runner.engine.recovery import settle_earlier
from runner.engine.results.outcomes import is_same_request
from runner.engine.results.verdicts import Judgement
from runner.engine.run import NOT_STARTED, Run
from runner.engine.trigger import start
from runner.errors import Interrupted
from runner.models.clock import unless
from runner.models.outcome import ApplyOutcome, InstanceOutcome
from runner.models.plan import Action, PlannedInstance
from runner.models.record import Lookup, Phase, Record
from runner.models.verdict import Verdict

Admit: TypeAlias = Callable[[Mapping[str, Record]], Awaitable[None]]
"""Called with the current records once the locks are held; what it raises prevents the apply."""


async def apply(
    planned: Sequence[PlannedInstance],
    *,
    apply_id: str,
    context: Context,
    admit: Admit | None = None,
) -> ApplyOutcome:
    """Start the planned sessions, follow them to the end and judge them.

    Removed instances are archived. Templates read ``apply_id`` as ``run.id``.

    Raises:
        UsageError: Instances need one another in a cycle.
        CannotRun: It can't be done, and nothing was sent.
        Interrupted: A signal came before anything was sent.
    """
    return await _Apply(context, apply_id, planned, admit).run()


class _Apply(Frame):
    def __init__(
        self,
        context: Context,
        apply_id: str,
        planned: Sequence[PlannedInstance],
        admit: Admit | None,
    ) -> None:
        names = [each.name for each in planned]
        super().__init__(context, apply_id, names, context.clock.now())
        self.admit = admit
        self.removed = [each for each in planned if each.action is Action.REMOVED]
        self.runs = [
            Run.of_planned(self.journal, each) for each in planned if each.instance is not None
        ]
        self.blocked = {each.name: each.blocked for each in planned if each.blocked}
        blocking = (each.name for each in planned if each.is_blocking)
        self.stopped_by = "" if context.options.keep_going else next(blocking, "")
        self.gates = gates(self.runs)
        self.members = by_member(self.gates)
        self.lookup_groups: dict[Lookup, LookupGroup] = defaultdict(LookupGroup)
        self.running: dict[str, Run] = {}
        self.slots = asyncio.Semaphore(context.options.concurrency)

    async def prepare(self) -> None:
        """Settle what earlier applies left, and begin the journal of this one."""
        records = await self.records(self.names)
        if self.admit is not None:
            await self.admit(records)
        if left := await self.journal.take_over():
            runs = [Run.of_attempt(self.journal, a, records.get(a.instance)) for a in left]
            await settle_earlier(runs)
            records = await self.records(self.names)
            if not self.context.options.new:
                self.running = {run.name: run for run in runs if _may_run(run)}
        for run in self.runs:
            run.before = records.get(run.name)
        planned = {run.name: run.profile for run in self.runs}
        await self.journal.begin(planned, self.context.clock.now())

    async def work(self) -> None:
        async with asyncio.TaskGroup() as group:
            for run in self.runs:
                group.create_task(self._one(run))

    async def _one(self, run: Run) -> None:
        self.note(run, await self._outcome(run))

    def note(self, run: Run, outcome: InstanceOutcome) -> None:
        for gate in self.members.get(run.name, ()):
            gate.note(outcome)
        super().note(run, outcome)

    async def _outcome(self, run: Run) -> InstanceOutcome:
        if reason := self.blocked.get(run.name):
            return run.outcome_as(Verdict.FAILED, reason)
        if self.stopped_by:
            reason = f"{self.stopped_by} is blocked; --keep-going applies the rest."
            return run.outcome_as(Verdict.SKIPPED, reason)
        try:
            for gate in self.gates[run.name]:
                await unless(self.context.stop.gently, gate.decided.wait())
                if not gate.is_met:
                    return run.outcome_as(Verdict.SKIPPED, _unmet(gate))
        except Interrupted:
            return run.outcome_as(Verdict.NOT_STARTED, NOT_STARTED)
        async with self.slots:
            return await self._session(run)

    async def _session(self, run: Run) -> InstanceOutcome:
        earlier = self.running.get(run.name)
        if earlier is not None and is_same_request(run.attempt, earlier.attempt):
            self.context.notice(
                f"Following the session that the apply {earlier.attempt.apply_id} left running;"
                " --new starts another.",
                run.name,
            )
            await run.take_over(earlier)
        else:
            earlier = None
            await start(run, self.lookup_groups[run.attempt.lookup])
        if run.outcome is not None:
            return run.outcome
        if self.context.options.detach and run.name not in self.members:
            return run.of_session(Judgement(Verdict.RUNNING))
        outcome = await run.leave(await follow(run))
        if earlier is not None and run.attempt.phase is Phase.FINISHED:
            await earlier.finish(outcome)
        return outcome

    async def tidy(self) -> None:
        """Record what was not started, and archive the records of profiles that are gone."""
        stop, now = self.context.stop, self.context.clock.now()
        if not stop.at_once.is_set():
            unstored = [(run, run.outcome) for run in self.runs if not run.is_stored]
            await asyncio.gather(*(run.store(outcome) for run, outcome in unstored if outcome))
        if not (stop.gently.is_set() or self.stopped_by):
            for each in self.removed:
                if each.record is not None and each.record.archived_at is None:
                    self.journal.archive(each.record, now)


def _may_run(earlier: Run) -> bool:
    """Return whether the session of an earlier apply may still run."""
    return earlier.session is not None and not earlier.is_over and not earlier.is_gone


def _unmet(gate: Gate) -> str:
    if len(gate.instances) == 1:
        return f"It needs {gate.name}, which did not pass."
    return f"It needs {gate.needed} instances of {gate.name} to pass, and fewer did."
