"""Follow one session to its end, or until its time-out, or until the API stays silent."""

from contextlib import suppress
from typing import Final

from runner.checkly.retry import may_ask_again
from runner.engine.results.failure_details import explained
from runner.engine.results.verdicts import Judgement, is_pending
from runner.engine.run import Run
from runner.errors import ApiError, CannotRun, Interrupted, Unreachable
from runner.models.clock import unless, within
from runner.models.events import SessionCancelling, SessionProgress
from runner.models.outcome import InstanceOutcome
from runner.models.response import Session
from runner.models.verdict import Verdict

#: A poll that was answered sooner than this, without an end, is followed by a pause.
_SOON: Final = 0.5
_PAUSE: Final = 1.0
#: A session that was just started may not be known everywhere at once.
_KNOWN_SECONDS: Final = 15.0
#: Polls are this short while few sessions run, so that people see their checks end; with many
#: sessions, that would take too many requests.
_LOOK: Final = 3.0
#: How often the completion endpoint may fail, while the session itself can be read, before only
#: the session is asked for.
_MISSES: Final = 3
_WAIT_HINT: Final = "`runner wait` continues to follow it."


async def follow(run: Run) -> InstanceOutcome:
    """Follow a session, cancel it when its time is over, and judge it."""
    return await _Watch(run).outcome()


class _Watch:
    """Follows the session of one run."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._context = run.context
        self._clock = run.context.clock
        self._options = run.context.options
        self._began_at = self._heard_at = self._clock.monotonic()
        #: How often the completion endpoint failed although the session itself could be read.
        self._misses = 0
        self._trouble: CannotRun | None = None

    async def outcome(self) -> InstanceOutcome:
        """Follow it, and return its outcome."""
        run, gently = self._run, self._context.stop.gently
        if run.is_over and not run.seen.results:  # the answer to a trigger may already say so
            run.see(run.seen.model_copy(update={"status": "", "stopped_at": None}))
        deadline = self._began_at + run.settings.timeout_seconds - run.elapsed
        try:
            is_told = await unless(gently, self._to_the_end(deadline))
        except Interrupted:
            return await self._interrupted()
        except TimeoutError:
            return await self._detailed(await self._late())
        except CannotRun:
            is_told = False
        return await self._detailed(run.of_session()) if is_told else self._lost()

    async def _to_the_end(self, deadline: float) -> bool:
        """Follow it until its last result; return whether the API had any at all.

        Raises:
            TimeoutError: It still runs after the deadline.
            CannotRun: The API no longer answers.
        """
        try:
            await self._until(deadline)
        except TimeoutError:  # it may have ended in time, unnoticed
            if not await self._look(self._options.grace_seconds):
                return False
            if not self._run.is_over:
                raise
        return await self._complete()

    async def _detailed(self, outcome: InstanceOutcome) -> InstanceOutcome:
        """Add the errors and files of what failed; a signal cuts that off."""
        context, gently = self._context, self._context.stop.gently
        with suppress(Interrupted):
            outcome = await unless(gently, explained(context, outcome))
            if context.keep:
                outcome = await unless(gently, context.keep(context, outcome))
        return outcome

    async def _until(self, deadline: float) -> None:
        """Follow it until it is over.

        Raises:
            TimeoutError: The deadline has come.
            CannotRun: The API no longer answers.
        """
        while not self._run.is_over:
            left = deadline - self._clock.monotonic()
            try:
                await within(self._clock, left, self._poll(left))
            except CannotRun as error:
                self._trouble = error
                if self._is_hopeless(error):
                    raise
                self._context.notice(f"{error.message} Asking again.", self._run.name)
                left = deadline - self._clock.monotonic()
                await self._clock.sleep(min(_PAUSE, max(0.0, left)))

    async def _poll(self, left: float) -> None:
        """Poll once, and pause if the server answered at once that it is not over."""
        client, an_id = self._context.client, self._run.session_id
        asked_at = self._clock.monotonic()
        longest = self._options.poll_seconds
        wait = min(longest, max(_LOOK, self._options.concurrency / 2))
        answer, is_missed = None, self._misses >= _MISSES
        if not is_missed:
            try:
                answer = await client.completion(an_id, min(wait, max(1.0, left)))
            except (ApiError, Unreachable) as error:
                self._trouble, is_missed = error, True
        if answer is not None:
            self._see(answer, is_ended=True)
        elif is_missed or wait < longest:
            # A poll that timed out says nothing of the checks that have ended.
            self._see(await client.session(an_id))
            self._misses += is_missed
        else:
            self._heard_at = self._clock.monotonic()
        if not self._run.is_over and self._heard_at - asked_at < _SOON:
            await self._clock.sleep(wait if is_missed else _PAUSE)

    def _is_hopeless(self, error: CannotRun) -> bool:
        """Return whether asking again is useless, or has been for too long."""
        now = self._clock.monotonic()
        if isinstance(error, ApiError) and error.status == 404:
            return now - self._began_at > _KNOWN_SECONDS
        return not may_ask_again(error) or now - self._heard_at > self._options.lost_seconds

    async def _look(self, seconds: float) -> bool:
        """See how it is now; return whether an answer came within ``seconds``."""
        asking = self._context.client.session(self._run.session_id)
        try:
            self._see(await within(self._clock, seconds, asking))
        except (TimeoutError, CannotRun) as error:
            self._trouble = error if isinstance(error, CannotRun) else self._trouble
            return False
        return True

    async def _complete(self) -> bool:
        """Wait for results that come after the end; return whether the API had any at all."""
        until = self._clock.monotonic() + self._options.late_seconds
        is_told = bool(self._run.seen.results) or await self._look(self._options.grace_seconds)
        while is_pending(self._run.seen) and (left := until - self._clock.monotonic()) > 0:
            await self._clock.sleep(min(_PAUSE, left))
            await self._look(max(left, _PAUSE))
        return is_told

    def _see(self, session: Session, *, is_ended: bool = False) -> None:
        """Process an answer, and report the checks it has."""
        self._heard_at = self._clock.monotonic()
        self._run.see(session, is_ended=is_ended)
        if session.results and not self._run.is_over:
            self._context.report(SessionProgress, self._run.name, self._run.checks())

    async def _late(self) -> InstanceOutcome:
        """Cancel it, since its time is up."""
        run = self._run
        trouble = await self._cancel("timeout")
        reason = f"It did not end within its timeoutSeconds ({run.settings.timeout_seconds:g} s)."
        if not run.is_over:
            reason += f" It is still running: {trouble}"
        judgement = Judgement(Verdict.TIMED_OUT, reason)
        return run.of_session(judgement, hint="Raise timeoutSeconds if it needs longer.")

    async def _interrupted(self) -> InstanceOutcome:
        """Cancel it after a signal, and keep following it for a short while."""
        run, reason = self._run, "Left running."
        if await self._context.stop.may_cancel():
            trouble = await self._cancel("interrupt")
            if run.is_over:
                return run.of_session()
            reason = f"Interrupted; it is still running: {trouble}"
        return run.of_session(Judgement(Verdict.RUNNING, reason), hint=_WAIT_HINT)

    async def _cancel(self, why: str) -> str:
        """Cancel the session and follow it for the grace period; return why it may still run."""
        context, name, grace = self._context, self._run.name, self._options.grace_seconds
        context.report(SessionCancelling, name, why)
        over = self._clock.monotonic() + grace
        trouble = "the API can cancel Playwright and agentic checks only."
        try:
            await within(self._clock, grace, context.client.cancel(self._run.session_id))
        except TimeoutError:
            trouble = "the request to cancel it was not answered."
            context.notice("The request to cancel it was not answered.", name, is_warning=True)
        except CannotRun as error:
            trouble = f"it could not be cancelled: {error.message}"
            context.warn(error, name)
        with suppress(TimeoutError, CannotRun):
            await self._until(over)
        return trouble

    def _lost(self) -> InstanceOutcome:
        """The API no longer answers, so the session's end is unknown."""
        reason = f": {self._trouble.message}" if self._trouble else "."
        judgement = Judgement(Verdict.UNKNOWN, f"How it ended is not known{reason}")
        return self._run.of_session(judgement, hint=_WAIT_HINT)
