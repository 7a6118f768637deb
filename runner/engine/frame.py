"""The frame of ``apply`` and ``wait``: locks, journal, events and summary."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack, suppress
from datetime import datetime
from typing import Final

from runner.engine import summary
from runner.engine.control.context import Context
from runner.engine.journal import Journal
from runner.engine.run import Run
from runner.errors import ApiError, Interrupted, StateError
from runner.listing import counted
from runner.models.clock import ended, unless, within
from runner.models.events import (
    ApplyFinished,
    ApplyInterrupted,
    ApplyStarted,
    InstanceFinished,
)
from runner.models.outcome import ApplyOutcome, InstanceOutcome
from runner.models.record import Record

#: The status that refuses the key itself.
_UNAUTHORIZED: Final = 401
#: Seconds that leaving at once may take to release the locks; their leases expire on their own.
_LEAVE_SECONDS: Final = 2.0


class Frame(ABC):
    """One command that follows sessions: the ``runs`` of the apply ``id``."""

    def __init__(
        self, context: Context, apply_id: str, names: Iterable[str], started_at: datetime
    ) -> None:
        self.context = context
        self.id = apply_id
        self.names = tuple(names)
        self.started_at = started_at
        self.locks = context.state.lock(
            self.names,
            context.owner,
            apply_id,
            timeout=context.options.lock_timeout,
            waiting=context.notice,
        )
        self.journal = Journal(context, self.locks)
        self.runs: Sequence[Run] = ()

    @abstractmethod
    async def prepare(self) -> None:
        """Read the state, now that the locks are held, and set ``runs``."""

    @abstractmethod
    async def work(self) -> None:
        """Bring each of ``runs`` to its outcome; a second signal cuts it off."""

    @abstractmethod
    async def tidy(self) -> None:
        """Write what is left to write before the locks are released."""

    async def run(self) -> ApplyOutcome:
        """Run the command; whatever it raises is raised before anything is sent."""
        context, stop = self.context, self.context.stop
        await unless(stop.gently, self._greet())
        async with AsyncExitStack() as stack:
            await unless(stop.gently, stack.enter_async_context(self.locks))
            await unless(stop.gently, self.prepare())
            self.announce()
            warning = asyncio.ensure_future(self._warn_of_interruption())
            try:
                with suppress(Interrupted):
                    await unless(stop.at_once, self.work())
            finally:
                await ended(warning)
            for run in self.runs:
                if run.outcome is None and run.attempt.is_open:
                    self.note(run, run.current_outcome())
            await self.tidy()
            await self._leave(stack)
        outcome = self.sum_up(self.runs)
        context.report(ApplyFinished, outcome)
        return outcome

    def announce(self) -> None:
        """Report that the apply begins."""
        self.context.report(ApplyStarted, self.id, tuple(run.name for run in self.runs))

    async def records(self, names: Iterable[str]) -> dict[str, Record]:
        """Return the current records of ``names``."""
        await self.journal.flush()
        return await self.context.state.records(names)

    def note(self, run: Run, outcome: InstanceOutcome) -> None:
        """Take the outcome of a run, and report it."""
        run.outcome = outcome
        self.context.report(InstanceFinished, outcome)

    def sum_up(self, runs: Sequence[Run]) -> ApplyOutcome:
        """Build the outcome of an apply of ``runs`` as they are now."""
        context = self.context
        interrupted = context.stop.gently.is_set()
        quorums = summary.quorum_outcomes(runs)
        instances = summary.forgiven(runs, quorums)
        codes = [summary.code_of(outcome) for outcome in instances]
        codes += [summary.CANNOT_RUN] * self.journal.troubled
        codes += [summary.INTERRUPTED] * interrupted
        return ApplyOutcome(
            apply_id=self.id,
            started_at=self.started_at,
            stopped_at=context.clock.now(),
            instances=instances,
            quorums=quorums,
            exit_code=summary.worst(codes),
            interrupted=interrupted,
            detached=context.options.detach,
            tested=summary.tested(context.tested, runs),
        )

    async def _greet(self) -> None:
        """Learn the server's clock, which lookups need, and whether it accepts the key."""
        if self.runs and self.context.client.server_now() is None:
            try:
                await self.context.client.account()
            except ApiError as error:
                # A key that may not see the account may be able to start sessions all the same.
                if error.status == _UNAUTHORIZED:
                    raise

    async def _warn_of_interruption(self) -> None:
        """At the first signal, say what happens, and have reports written while there is time."""
        context, stop = self.context, self.context.stop
        await stop.gently.wait()
        waiting = [run for run in self.runs if run.outcome is None and run.attempt.is_open]
        if running := [run for run in waiting if run.session is not None]:
            seconds = context.options.grace_seconds
            offer = f" Press d within {stop.offer:g} s to leave them running." if stop.offer else ""
            context.notice(
                f"Interrupted: cancelling {counted(len(running), 'session')}, then following"
                f" for up to {seconds:g} s.{offer} Press Ctrl-C again to exit at once."
            )
        elif waiting:
            context.notice(
                "Interrupted: no more sessions are started. Press Ctrl-C again to exit at once."
            )
        context.report(ApplyInterrupted, self.sum_up(self.runs))

    async def _leave(self, stack: AsyncExitStack) -> None:
        """Write what is left and release the locks; those that can't be released expire."""
        context, held = self.context, stack.pop_all()
        runs: dict[str, list[Run]] = {}
        for run in self.runs:
            runs.setdefault(run.attempt.apply_id, []).append(run)
        codes = {an_id: self.sum_up(its).exit_code for an_id, its in runs.items()}

        async def leave() -> None:
            async with held:
                await self.journal.end(codes)

        try:
            if context.stop.at_once.is_set():
                await within(context.clock, _LEAVE_SECONDS, leave())
            else:
                await leave()
        except StateError as error:
            context.warn(error)
        except TimeoutError:
            context.notice(
                "The locks were not released; they expire on their own.", is_warning=True
            )
