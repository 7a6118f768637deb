"""Applying a plan: locks, starts in order, following, verdicts, records."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import replace

from runner.engine.context import Context, Job
from runner.engine.follow import follow
from runner.engine.journal import Journal, Order, is_open
from runner.engine.lookup_groups import TwinsByLookup
from runner.engine.needs import Gate, by_member, gates
from runner.engine.outcomes import of_session, without_session
from runner.engine.recovery import elapsed, leave_nothing_behind
from runner.engine.shutdown import unless
from runner.engine.summary import leave, sum_up
from runner.engine.trigger import Started, start
from runner.engine.verdicts import Judgement
from runner.errors import Interrupted
from runner.models.events import ApplyStarted, InstanceFinished
from runner.models.outcome import ApplyOutcome, InstanceOutcome
from runner.models.plan import Action, PlannedInstance
from runner.models.verdict import Verdict


async def apply(
    planned: Sequence[PlannedInstance], *, run_id: str, context: Context
) -> ApplyOutcome:
    """Start the planned sessions, follow them to the end and judge them.

    Args:
        planned: What to apply, in file order; removed instances are archived.
        run_id: Id of this apply (see ``runner.models.apply_id``); templates read it as
            ``run.id``.
        context: The outside world.

    Raises:
        UsageError: Instances need one another in a circle.
        Locked: Somebody else applies one of them.
        CannotRun: Before anything was sent, it was clear that it can't be done.
        Interrupted: A signal came before anything was sent.
    """
    return await _Apply(context, run_id, planned).run()


class _Apply:
    def __init__(self, context: Context, run_id: str, planned: Sequence[PlannedInstance]) -> None:
        self.context = context
        self.id = run_id
        self.started_at = context.clock.now()
        self.removed = [each for each in planned if each.action is Action.REMOVED]
        self.orders = [self._order(each) for each in planned if each.instance is not None]
        self.blocked = {each.name: each.blocked for each in planned if each.blocked}
        self.gates = gates([order.job for order in self.orders])
        self.members = by_member(self.gates)
        self.twins = TwinsByLookup()
        self.slots = asyncio.Semaphore(context.options.concurrency)
        self.running: dict[str, Started] = {}
        self.outcomes: dict[str, InstanceOutcome] = {}

    def _order(self, planned: PlannedInstance) -> Order:
        assert planned.instance is not None  # noqa: S101 # removed ones are not ordered
        request = planned.instance.request()
        job = Job(
            name=planned.name,
            profile=planned.profile,
            settings=planned.instance.settings,
            run_location=request.run_location,
            before=planned.record,
            span=planned.instance.span,
        )
        return Order(job, self.id, request, planned.request)

    async def run(self) -> ApplyOutcome:
        context = self.context
        names = [order.job.name for order in self.orders] + [each.name for each in self.removed]
        await unless(context.stop.gently, self._greet())
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
            await unless(context.stop.gently, self._catch_up(journal, names))
            self._emit_started()
            with suppress(Interrupted):
                await unless(context.stop.at_once, self._run_all(journal))
            await self._note_left_out(journal)
            await self._archive(journal)
            await leave(context, stack)
        return self._finish(journal)

    async def _greet(self) -> None:
        """Learn the server's clock, which lookups need, and whether it lets this key in."""
        if self.orders and self.context.client.server_now() is None:
            await self.context.client.account()

    async def _catch_up(self, journal: Journal, names: Sequence[str]) -> None:
        """Take over what is in the state by now, and settle what earlier applies left."""
        records = await self.context.state.records(names)
        journal.newest.update({name: record.apply_id for name, record in records.items()})
        left = await self.context.state.unfinished(journal.locks)
        if left:
            await leave_nothing_behind(self.context, journal, left, records)
            records = await self.context.state.records(names)
        self.orders = [
            replace(order, job=replace(order.job, before=records.get(order.job.name)))
            for order in self.orders
        ]

    def _emit_started(self) -> None:
        names = tuple(order.job.name for order in self.orders)
        self.context.emit(ApplyStarted(self.context.clock.now(), self.id, names))

    async def _run_all(self, journal: Journal) -> None:
        async with asyncio.TaskGroup() as group:
            for order in self.orders:
                group.create_task(self._run_one(journal, order))

    async def _run_one(self, journal: Journal, order: Order) -> None:
        outcome = await self._outcome(journal, order)
        self._note(outcome)

    def _note(self, outcome: InstanceOutcome) -> None:
        self.outcomes[outcome.name] = outcome
        for gate in self.members.get(outcome.name, ()):
            gate.note(outcome)
        self.context.emit(InstanceFinished(self.context.clock.now(), outcome))

    async def _outcome(self, journal: Journal, order: Order) -> InstanceOutcome:
        job, stop = order.job, self.context.stop
        if reason := self.blocked.get(job.name):
            return without_session(job, Verdict.FAILED, reason)
        try:
            for gate in self.gates[job.name]:
                await unless(stop.gently, gate.decided.wait())
                if not gate.is_met:
                    return without_session(job, Verdict.SKIPPED, _unmet(gate))
        except Interrupted:
            return without_session(job, Verdict.NOT_STARTED, "Interrupted before it was started.")
        async with self.slots:
            return await self._session(journal, order)

    async def _session(self, journal: Journal, order: Order) -> InstanceOutcome:
        context, job = self.context, order.job
        started = await start(context, journal, self.twins, order)
        if isinstance(started, InstanceOutcome):
            return started
        self.running[job.name] = started
        if context.options.detach and job.name not in self.members:
            return _running(context, job, started)
        outcome = await follow(context, job, started, elapsed(context, started.attempt))
        if not is_open(outcome):
            await journal.finished(started.attempt, outcome)
        return outcome

    async def _note_left_out(self, journal: Journal) -> None:
        """Put those that were skipped or not started into the history, where there is time."""
        if self.context.stop.at_once.is_set():
            return
        await asyncio.gather(
            *(
                journal.left_out(order, self.outcomes[order.job.name])
                for order in self.orders
                if order.job.name in self.outcomes and order.job.name not in journal.attempted
            )
        )

    async def _archive(self, journal: Journal) -> None:
        """Mark the records of profiles that are gone."""
        if self.context.stop.gently.is_set():
            return
        now = self.context.clock.now()
        for each in self.removed:
            if each.record is not None and each.record.archived_at is None:
                await journal.archive(each.record, now)

    def _finish(self, journal: Journal) -> ApplyOutcome:
        context = self.context
        for order in self.orders:
            if order.job.name not in self.outcomes:
                self._note(self._cut_off(order.job))
        return sum_up(
            context,
            apply_id=self.id,
            started_at=self.started_at,
            ends=[(order.job, self.outcomes[order.job.name]) for order in self.orders],
            is_troubled=journal.troubled,
        )

    def _cut_off(self, job: Job) -> InstanceOutcome:
        """The outcome of one that was under way when the second signal came."""
        if (started := self.running.get(job.name)) is not None:
            return _running(self.context, job, started, "Interrupted while it ran.")
        reason = "Interrupted; `runner wait` finds out whether it was started."
        return without_session(job, Verdict.UNKNOWN, reason)


def _running(
    context: Context, job: Job, started: Started, reason: str | None = None
) -> InstanceOutcome:
    judgement = Judgement(Verdict.RUNNING, reason)
    return of_session(context, job, started.attempt, started.session, judgement)


def _unmet(gate: Gate) -> str:
    if len(gate.instances) == 1:
        return f"{gate.name}, which it needs, did not pass."
    return f"Of {gate.name}, which it needs, {gate.needed} did not pass."
