"""Follow one session to its end, or until its time or the patience is over."""

from dataclasses import dataclass
from enum import Enum, auto

from runner.checkly.retry import may_ask_again
from runner.engine.control.context import Context
from runner.engine.control.shutdown import unless, within
from runner.engine.results.failure_details import explained
from runner.engine.results.verdicts import Judgement, is_pending
from runner.engine.run import Run
from runner.errors import ApiError, CannotRun, Interrupted, RunnerError, Unreachable
from runner.models.events import SessionCancelling, SessionProgress
from runner.models.outcome import InstanceOutcome
from runner.models.response import Session
from runner.models.verdict import Verdict

#: A poll that was answered sooner than this, without an end, is followed by a pause.
_SOON = 0.5
_PAUSE = 1.0
#: A session that was just started may not be known everywhere at once.
_KNOWN_SECONDS = 15.0
#: A poll is this short where few sessions run, so that people see their checks end; where many
#: do, requests are too dear for that.
_LOOK = 3.0
#: So often the completion endpoint may fail, while the session itself can be read, before that
#: is all that is asked for.
_MISSES = 3
WAIT_HINT = "`runner wait` follows it further."


class _End(Enum):
    """Why a session is no longer followed."""

    OVER = auto()
    LATE = auto()
    LOST = auto()


@dataclass(slots=True)
class _Watch:
    """A run whose session is followed.

    Attributes:
        misses: How often the completion endpoint failed where the session itself could be read.
    """

    run: Run
    context: Context
    began_at: float
    heard_at: float
    misses: int = 0
    trouble: RunnerError | None = None

    async def until(self, deadline: float) -> _End:
        """Follow until it is over, the deadline has come, or no answer does."""
        clock = self.context.clock
        while not self.run.is_over:
            left = deadline - clock.monotonic()
            try:
                await within(clock, left, self._poll(left))
            except TimeoutError:
                return _End.LATE
            except CannotRun as error:
                self.trouble = error
                if self._is_hopeless(error):
                    return _End.LOST
                self.context.notice(f"{error.message} Asking again.", self.run.name)
                await clock.sleep(min(_PAUSE, max(0.0, deadline - clock.monotonic())))
        return _End.OVER

    async def _poll(self, left: float) -> None:
        """One poll; a server that answers at once that it is not over is not asked in a rush."""
        context, clock, run = self.context, self.context.clock, self.run
        asked_at = clock.monotonic()
        longest = context.options.poll_seconds
        wait = min(longest, max(_LOOK, context.options.concurrency / 2))
        answer, is_missed = None, self.misses >= _MISSES
        if not is_missed:
            try:
                answer = await context.client.completion(run.session_id, min(wait, max(1.0, left)))
            except (ApiError, Unreachable) as error:
                self.trouble, is_missed = error, True
        if answer is not None:
            self._see(answer, is_ended=True)
        elif is_missed or wait < longest:
            # A poll that timed out says nothing of the checks that have ended.
            self._see(await context.client.session(run.session_id))
            self.misses += is_missed
        else:
            self.heard_at = clock.monotonic()
        if not run.is_over and self.heard_at - asked_at < _SOON:
            await clock.sleep(wait if is_missed else _PAUSE)

    def _is_hopeless(self, error: RunnerError) -> bool:
        """Whether asking again after ``error`` is of no use, or was of none for too long."""
        now = self.context.clock.monotonic()
        if isinstance(error, ApiError) and error.status == 404:
            return now - self.began_at > _KNOWN_SECONDS
        silent = now - self.heard_at
        return not may_ask_again(error) or silent > self.context.options.lost_seconds

    async def look(self, seconds: float) -> bool:
        """See how it is now; says whether an answer came within ``seconds``."""
        try:
            asking = self.context.client.session(self.run.session_id)
            self._see(await within(self.context.clock, seconds, asking))
        except TimeoutError:
            return False
        except CannotRun as error:
            self.trouble = error
            return False
        return True

    async def complete(self) -> bool:
        """Wait for results that come after the end; says whether the API told any at all."""
        clock, options = self.context.clock, self.context.options
        until = clock.monotonic() + options.late_seconds
        is_told = bool(self.session.results) or await self.look(options.grace_seconds)
        while is_pending(self.session) and (left := until - clock.monotonic()) > 0:
            await clock.sleep(min(_PAUSE, left))
            await self.look(max(left, _PAUSE))
        return is_told

    @property
    def session(self) -> Session:
        """The session as it was last seen."""
        assert self.run.session is not None  # noqa: S101 # it is followed
        return self.run.session

    def _see(self, session: Session, *, is_ended: bool = False) -> None:
        """Take in an answer, and tell of the checks it has."""
        self.heard_at = self.context.clock.monotonic()
        self.run.see(session, is_ended=is_ended)
        if session.results and not self.run.is_over:
            now = self.context.clock.now()
            self.context.emit(SessionProgress(now, self.run.name, self.run.checks()))


async def follow(run: Run) -> InstanceOutcome:
    """Follow a session, cancel it when its time is over, and judge it."""
    now = run.context.clock.monotonic()
    watch = _Watch(run, run.context, began_at=now, heard_at=now)
    if run.is_over and not watch.session.results:  # a trigger's answer may say so of itself
        run.see(watch.session.model_copy(update={"status": "", "stopped_at": None}))
    deadline = now + run.settings.timeout_seconds - run.elapsed
    try:
        end = await unless(run.context.stop.gently, watch.until(deadline))
        if end is _End.OVER:
            if not await unless(run.context.stop.gently, watch.complete()):
                return _lost(watch)
            outcome = await explained(run.context, run.of_session())
            return await run.context.keep(run.context, outcome) if run.context.keep else outcome
    except Interrupted:
        return await _cut_off(watch)
    return _lost(watch) if end is _End.LOST else await _late(watch)


async def _late(watch: _Watch) -> InstanceOutcome:
    """Its time is over, but the session may have ended in time, unheard."""
    run = watch.run
    if not await watch.look(run.context.options.grace_seconds):
        return _lost(watch)
    if run.is_over:
        return run.of_session()
    trouble = await _cancel(watch, "timeout")
    limit = f"{run.settings.timeout_seconds:g} s"
    reason = f"It did not end within its timeoutSeconds ({limit})."
    if not run.is_over:
        reason += f" It runs on: {trouble}"
    judgement = Judgement(Verdict.TIMED_OUT, reason)
    return run.of_session(judgement, hint="Raise timeoutSeconds if it needs longer.")


async def _cut_off(watch: _Watch) -> InstanceOutcome:
    """A signal came: cancel, and see for a short while what comes of it."""
    if not await watch.context.stop.may_cancel():
        return watch.run.of_session(Judgement(Verdict.RUNNING, "Left running."), hint=WAIT_HINT)
    trouble = await _cancel(watch, "interrupt")
    if watch.run.is_over:
        return watch.run.of_session()
    reason = f"Interrupted; it runs on: {trouble}"
    return watch.run.of_session(Judgement(Verdict.RUNNING, reason), hint=WAIT_HINT)


async def _cancel(watch: _Watch, why: str) -> str:
    """Cancel the session, and follow it for the time of grace; says why it may run on."""
    context, name = watch.context, watch.run.name
    context.emit(SessionCancelling(context.clock.now(), name, why))
    over = context.clock.monotonic() + context.options.grace_seconds
    trouble = "the API cancels Playwright and agentic checks only."
    try:
        cancelling = context.client.cancel(watch.run.session_id)
        await within(context.clock, context.options.grace_seconds, cancelling)
    except TimeoutError:
        trouble = "no answer came to its cancellation."
        context.notice("No answer came to its cancellation.", name, is_warning=True)
    except CannotRun as error:
        trouble = f"it could not be cancelled: {error.message}"
        context.warn(error, name)
    await watch.until(over)
    return trouble


def _lost(watch: _Watch) -> InstanceOutcome:
    """The API no longer answers, so how the session ends is not known."""
    trouble = watch.trouble
    reason = "How it ended is not known" + (f": {trouble.message}" if trouble else ".")
    return watch.run.of_session(Judgement(Verdict.UNKNOWN, reason), hint=WAIT_HINT)
