"""Following one session to its end, or until its time or the patience is over."""

from dataclasses import dataclass
from enum import Enum, auto

from runner.checkly.retry import may_ask_again
from runner.engine.context import Context
from runner.engine.failure_details import explained
from runner.engine.run import Run
from runner.engine.shutdown import unless, within
from runner.engine.verdicts import Judgement, is_over
from runner.errors import ApiError, CannotRun, Interrupted, RunnerError
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
WAIT_HINT = "`runner wait` follows it further."


class _End(Enum):
    """Why a session is no longer followed."""

    OVER = auto()
    LATE = auto()
    LOST = auto()


@dataclass(slots=True)
class _Watch:
    """A run whose session is followed."""

    run: Run
    context: Context
    began_at: float
    heard_at: float
    trouble: RunnerError | None = None

    @property
    def session(self) -> Session:
        """The session as it was last seen."""
        assert self.run.session is not None  # noqa: S101 # it is followed
        return self.run.session

    async def until(self, deadline: float) -> _End:
        """Follow until it is over, the deadline has come, or no answer does."""
        clock = self.context.clock
        while not is_over(self.session):
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
        context, clock = self.context, self.context.clock
        asked_at = clock.monotonic()
        longest = context.options.poll_seconds
        wait = min(longest, max(_LOOK, context.options.concurrency / 2))
        answer = await context.client.completion(self.run.session_id, min(wait, max(1.0, left)))
        if answer is None and wait < longest:
            # The answer of a poll in vain says nothing of the checks that have ended.
            answer = await context.client.session(self.run.session_id)
        self.heard_at = clock.monotonic()
        if answer is not None:
            self.see(answer)
        if not is_over(self.session) and self.heard_at - asked_at < _SOON:
            await clock.sleep(_PAUSE)

    def _is_hopeless(self, error: RunnerError) -> bool:
        """Whether asking again after ``error`` is of no use, or was of none for too long."""
        now = self.context.clock.monotonic()
        if isinstance(error, ApiError) and error.status == 404:
            return now - self.began_at > _KNOWN_SECONDS
        silent = now - self.heard_at
        return not may_ask_again(error) or silent > self.context.options.lost_seconds

    async def look(self, seconds: float) -> None:
        """See how it is now, if an answer comes within ``seconds``."""
        work = self.context.client.session(self.run.session_id)
        self.see(await within(self.context.clock, seconds, work))
        self.heard_at = self.context.clock.monotonic()

    def see(self, session: Session) -> None:
        """Take in an answer, and tell of the checks it has."""
        self.run.session = session
        if session.results and not is_over(session):
            now = self.context.clock.now()
            self.context.emit(SessionProgress(now, self.run.name, self.run.checks()))


async def follow(run: Run) -> InstanceOutcome:
    """Follow a session, cancel it when its time is over, and judge it."""
    now = run.context.clock.monotonic()
    watch = _Watch(run, run.context, began_at=now, heard_at=now)
    watch.see(watch.session)
    deadline = now + run.settings.timeout_seconds - run.elapsed
    try:
        end = await unless(run.context.stop.gently, watch.until(deadline))
    except Interrupted:
        return await _cut_off(watch)
    if end is _End.OVER:
        outcome = await explained(run.context, run.of_session())
        return await run.context.keep(run.context, outcome) if run.context.keep else outcome
    return _lost(watch) if end is _End.LOST else await _late(watch)


async def _late(watch: _Watch) -> InstanceOutcome:
    """Its time is over, but the session may have ended in time, unheard."""
    run = watch.run
    try:
        await watch.look(run.context.options.grace_seconds)
    except TimeoutError:
        return _lost(watch)
    except CannotRun as error:
        watch.trouble = error
        return _lost(watch)
    if is_over(watch.session):
        return run.of_session()
    await _cancel(watch, "timeout")
    limit = f"{run.settings.timeout_seconds:g} s"
    reason = f"It did not end within its timeoutSeconds ({limit})."
    if not is_over(watch.session):
        reason += " It could not be cancelled and runs on: the API cancels Playwright runs only."
    judgement = Judgement(Verdict.TIMED_OUT, reason)
    return run.of_session(judgement, hint="Raise timeoutSeconds if it needs longer.")


async def _cut_off(watch: _Watch) -> InstanceOutcome:
    """A signal came: cancel, and see for a short while what comes of it."""
    await _cancel(watch, "interrupt")
    if is_over(watch.session):
        return watch.run.of_session()
    reason = "Interrupted; it runs on, as the API cancels Playwright runs only."
    return watch.run.of_session(Judgement(Verdict.RUNNING, reason), hint=WAIT_HINT)


async def _cancel(watch: _Watch, why: str) -> None:
    """Cancel the session, and follow it for the time of grace."""
    context, name = watch.context, watch.run.name
    context.emit(SessionCancelling(context.clock.now(), name, why))
    over = context.clock.monotonic() + context.options.grace_seconds
    try:
        cancelling = context.client.cancel(watch.run.session_id)
        await within(context.clock, context.options.grace_seconds, cancelling)
    except TimeoutError:
        context.notice("No answer came to its cancellation.", name, is_warning=True)
    except CannotRun as error:
        context.warn(error, name)
    await watch.until(over)


def _lost(watch: _Watch) -> InstanceOutcome:
    """The API no longer answers, so how the session ends is not known."""
    trouble = watch.trouble
    reason = "How it ended is not known" + (f": {trouble.message}" if trouble else ".")
    return watch.run.of_session(Judgement(Verdict.UNKNOWN, reason), hint=WAIT_HINT)
