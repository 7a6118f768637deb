"""One instance on its way through an apply: its attempt, its session and its outcome."""

from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from runner.engine.control.context import Context
from runner.engine.journal import Journal
from runner.engine.lookup.reconcile import doubt_from, window_from
from runner.engine.results import outcomes, verdicts
from runner.engine.results.verdicts import Judgement
from runner.errors import RunnerError
from runner.listing import counted
from runner.models.contract.request import TriggerTestSessionRequest
from runner.models.contract.settings import Settings
from runner.models.events import SessionStarted
from runner.models.outcome import CheckOutcome, InstanceOutcome, without_links
from runner.models.plan import PlannedInstance
from runner.models.record import Attempt, Phase, Record, plausible
from runner.models.response import Session
from runner.models.verdict import Verdict
from runner.source import Span

#: A state document never needs more checks than a person could look through.
MAX_CHECKS: Final = 10_000
NOT_STARTED: Final = "Interrupted before it was started."
_KNOWN_FAILURES: Final = "Everything that failed also failed last time."


@dataclass(slots=True, eq=False)
class Run:
    """One instance that is applied or waited for."""

    journal: Journal
    attempt: Attempt  # what the state keeps of it
    settings: Settings  # the runner's own keys of its profile
    request: TriggerTestSessionRequest | None = None  # ``None`` if an earlier apply has sent it
    before: Record | None = None  # its last apply, with which its checks are compared
    span: Span | None = None  # where its profile is, if the file was at hand
    is_stored: bool = False  # whether the state has the attempt
    matching: int | None = None  # how many checks it matches, if the plan knows all of them
    session: Session | None = None  # as it was last seen
    is_gone: bool = False  # whether the API has no such session any more
    is_ended: bool = False  # whether the API said so once, whatever it says later
    outcome: InstanceOutcome | None = None

    @classmethod
    def of_planned(cls, journal: Journal, planned: PlannedInstance) -> "Run":
        """Make the run of an instance that is to be started."""
        assert planned.instance is not None  # noqa: S101 # removed ones are not started
        request, settings = planned.instance.request(), planned.instance.settings
        attempt = Attempt(
            apply_id=journal.locks.apply_id,
            instance=planned.name,
            profile=planned.profile,
            phase=Phase.INTENT,
            request=planned.request,
            lookup=outcomes.lookup_of(request),
            settings=settings.model_dump(mode="json", by_alias=True, exclude_unset=True),
            intent_at=journal.context.clock.now(),
            checks=list(planned.passed_earlier),
            by=journal.context.owner,
            commit=request.metadata.commit_id,
            branch=request.metadata.branch_name,
        )
        run = cls(journal, attempt, settings, request, planned.record, planned.instance.span)
        drift = planned.checks
        if drift is not None and drift.complete and not planned.passed_earlier:
            run.matching = len(drift.matched)
        return run

    @classmethod
    def of_attempt(
        cls, journal: Journal, attempt: Attempt, record: Record | None, span: Span | None = None
    ) -> "Run":
        """Make the run of an attempt that an earlier apply left, from the state alone.

        Its last apply is known only while ``record`` is still its own: that keeps the checks of
        the one before until the attempt has an outcome.
        """
        try:
            settings = Settings.model_validate(attempt.settings)
        except ValidationError:  # a later release wrote it; its gates are not known here
            settings = Settings()
        run = cls(journal, attempt, settings, span=span, is_stored=True)
        if record is not None and record.apply_id == attempt.apply_id and record.checks:
            run.before = record
        if attempt.phase is Phase.STARTED:
            an_id, link = attempt.session_id or "", attempt.link or ""
            run.session = Session(id=an_id, link=link, started_at=attempt.started_at)
        return run

    @property
    def context(self) -> Context:
        """The outside world."""
        return self.journal.context

    @property
    def name(self) -> str:
        """The instance's name."""
        return self.attempt.instance

    @property
    def profile(self) -> str:
        """The name of the instance's profile."""
        return self.attempt.profile

    @property
    def seen(self) -> Session:
        """Its session as it was last seen; there has to be one."""
        assert self.session is not None  # noqa: S101 # it was started
        return self.session

    @property
    def session_id(self) -> str:
        """The id by which its session was started or adopted, whatever an answer says."""
        return self.attempt.session_id or (self.session.id if self.session else "")

    @property
    def elapsed(self) -> float:
        """Seconds since its session started.

        By the server's clock, but never more than by this machine's since the intent: a start
        that the server puts into the far past must not end a session at once.
        """
        now, attempt = self.context.clock.now(), self.attempt
        by_server = self.context.client.server_now() or now
        by_server_age = by_server - (attempt.started_at or attempt.intent_at)
        return max(0.0, min(by_server_age, now - attempt.intent_at).total_seconds())

    @property
    def is_over(self) -> bool:
        """Whether its session has ended."""
        return self.session is not None and (self.is_ended or verdicts.is_over(self.session))

    # ------------------------------------------------------------ steps

    def see(self, session: Session, *, is_ended: bool = False) -> None:
        """Process an answer about its session; one that has ended does not run again."""
        if self.session is not None:
            if self.is_ended and not verdicts.is_over(session):
                session = session.model_copy(update={"status": self.session.status})
            session = verdicts.with_vanished(self.session, session)
        self.session = session
        self.is_ended |= is_ended or verdicts.is_over(session)

    async def intend(self) -> None:
        """Store that its trigger is about to be sent.

        The window in which its session may be made begins with the first of all sends: should its
        session appear late, beside that of a second one, both are seen.

        Raises:
            StateError: It can't be stored, or the lock was lost; nothing may be sent.
        """
        window = window_from(self.context)
        update = {"intent_at": self.context.clock.now(), "window_to": window}
        if self.attempt.window_from is None:
            update |= {"window_from": window, "doubt_from": doubt_from(self.context)}
        attempt = self.attempt.model_copy(update=update)
        self.attempt = await self.journal.put(attempt, durable=True)
        self.is_stored = True

    async def begin(self, session: Session, *, adopted: bool = False) -> None:
        """Store that its session exists, and report it."""
        context = self.context
        self.session, self.is_stored = session, True
        context.observed.sessions.add(session.id)
        update = {
            "phase": Phase.STARTED,
            "session_id": context.redact(session.id),
            "link": context.redact(session.link) if context.options.lasting_links else None,
            "started_at": plausible(session.started_at, context.clock.now()),
        }
        self.attempt = await self.journal.keep(self.attempt.model_copy(update=update), durable=True)
        context.report(SessionStarted, self.name, session.id, session.link, adopted)

    async def take_over(self, earlier: "Run") -> None:
        """Continue with the session of an earlier run."""
        intent_at = earlier.attempt.intent_at
        self.attempt = self.attempt.model_copy(update={"intent_at": intent_at})
        session = earlier.seen.model_copy(update={"id": earlier.session_id})
        await self.begin(session, adopted=True)

    async def store(self, outcome: InstanceOutcome) -> None:
        """Store an outcome: of a session that ran, or of one that definitely never was.

        What was not started is stored too, so that the rest is not taken for the whole.
        """
        redact = self.context.redact
        update = {
            "phase": Phase.FINISHED,
            "stopped_at": plausible(outcome.stopped_at, self.context.clock.now()),
            "verdict": outcome.verdict,
            "reason": None if outcome.reason is None else redact(outcome.reason),
            "checks": [outcomes.as_record(check, redact) for check in outcome.checks[:MAX_CHECKS]],
        }
        attempt = self.attempt.model_copy(update=update)
        self.attempt = await self.journal.keep(attempt, durable=False)

    async def finish(self, outcome: InstanceOutcome) -> None:
        """Take an outcome, and store it if the intent is stored."""
        if self.is_stored:
            await self.store(outcome)
        self.outcome = outcome

    async def close(self, verdict: Verdict, reason: str, *, hint: str | None = None) -> None:
        """Finish it without a session."""
        await self.finish(self.outcome_as(verdict, reason, hint=hint))

    async def leave(self, outcome: InstanceOutcome) -> InstanceOutcome:
        """Stop following it; if its session may go on, it stays open for ``wait``."""
        self.outcome = outcome
        if outcome.verdict not in {Verdict.RUNNING, Verdict.UNKNOWN} or outcome.stopped_at:
            await self.finish(outcome)
        return outcome

    # ------------------------------------------------------------ outcomes

    def outcome_as(
        self, verdict: Verdict, reason: str | None = None, *, counts: bool = True, **more: Any
    ) -> InstanceOutcome:
        """Build its outcome; ``more`` are fields of ``InstanceOutcome``."""
        return InstanceOutcome(
            name=self.name,
            profile=self.profile,
            verdict=verdict,
            reason=reason,
            run_location=self.attempt.lookup.run_location,
            span=self.span,
            counts=counts and outcomes.counts_with(self.settings, verdict),
            **more,
        )

    def not_started(self, error: RunnerError) -> InstanceOutcome:
        """Build the outcome of a start that ``error`` prevented."""
        return self.outcome_as(Verdict.NOT_STARTED, error.message, hint=error.hint)

    def of_session(
        self, judgement: Judgement | None = None, *, hint: str | None = None
    ) -> InstanceOutcome:
        """Build the outcome of its session as it was last seen.

        ``judgement`` is given if something other than the results decides.
        """
        session, context, checks = self.seen, self.context, self.checks()
        # What was lost sight of, or has a result still to come, may be asked for again.
        is_open = judgement is not None or verdicts.is_pending(session)
        judgement = judgement or verdicts.judge(session, checks, self.settings)
        reason = None if judgement.reason is None else context.redact(judgement.reason)
        if reason is None and (earlier := self._passed_earlier):
            reason = f"{counted(len(earlier), 'check')} passed earlier at this commit."
        is_known = context.options.fail_on_new and verdicts.fails_as_before(judgement, checks)
        is_closed = self.is_over and not (is_open and judgement.verdict is Verdict.UNKNOWN)
        return self.outcome_as(
            judgement.verdict,
            _KNOWN_FAILURES if is_known else reason,
            counts=not is_known,
            session_id=self.session_id or None,
            link=session.link or self.attempt.link if context.options.lasting_links else None,
            hint=hint,
            started_at=self.attempt.started_at,
            stopped_at=(session.stopped_at or context.clock.now()) if is_closed else None,
            checks=checks,
        )

    def current_outcome(self) -> InstanceOutcome:
        """Return its outcome, or the one of being left as it is now."""
        if self.outcome is not None:
            return self.outcome
        if not self.attempt.is_open:
            return self.as_stored()
        if self.session is not None:
            return self.of_session(Judgement(Verdict.RUNNING, "Interrupted while it ran."))
        if self.is_stored:
            reason = "Interrupted; `runner wait` finds out whether it was started."
            return self.outcome_as(Verdict.UNKNOWN, reason)
        return self.outcome_as(Verdict.NOT_STARTED, NOT_STARTED)

    def as_stored(self) -> InstanceOutcome:
        """Build the outcome that its attempt has in the state."""
        attempt = self.attempt
        unended = {Phase.INTENT: Verdict.UNKNOWN, Phase.STARTED: Verdict.RUNNING}
        return self.outcome_as(
            unended.get(attempt.phase) or attempt.verdict or Verdict.UNKNOWN,
            attempt.reason,
            session_id=attempt.session_id,
            link=attempt.link,
            started_at=attempt.started_at,
            stopped_at=attempt.stopped_at,
            checks=outcomes.as_outcomes(attempt.checks),
        )

    def checks(self) -> tuple[CheckOutcome, ...]:
        """Return the checks of its session as it was last seen, compared with the last apply.

        Those that passed earlier at the same commit and did not run again come last.
        """
        if self.session is None:
            return ()
        seen = verdicts.check_outcomes(
            self.session,
            over=self.is_over,
            before=None if self.before is None else self.before.checks,
            quarantine=self.settings.quarantine,
            today=self.context.clock.now().date(),
            commit=self.attempt.commit,
            redact=self.context.redact,
        )
        if not self.context.options.lasting_links:
            seen = tuple(map(without_links, seen))
        known = {check.check_id for check in seen}
        return (*seen, *(check for check in self._passed_earlier if check.check_id not in known))

    @property
    def _passed_earlier(self) -> tuple[CheckOutcome, ...]:
        return (
            ()
            if self.attempt.phase is Phase.FINISHED
            else outcomes.as_outcomes(self.attempt.checks)
        )
