"""Outcomes of instances: what is known of an ending, put into one value."""

from collections.abc import Sequence
from datetime import datetime

from runner.engine.context import Context, Job
from runner.engine.verdicts import Judgement, check_outcomes, is_over, judge
from runner.errors import RunnerError
from runner.models.outcome import Change, CheckOutcome, InstanceOutcome
from runner.models.record import Attempt, Phase
from runner.models.response import Session
from runner.models.verdict import Verdict

#: What ``allowFailure`` forgives.
FORGIVABLE = frozenset({Verdict.FAILED, Verdict.CANCELLED, Verdict.TIMED_OUT, Verdict.NO_MATCH})

KNOWN = "Nothing failed that did not fail the last time."


def counts(job: Job, verdict: Verdict) -> bool:
    """Whether ``verdict``, if it is no pass, fails the apply."""
    if verdict is Verdict.NO_MATCH and not job.settings.fail_on_no_matching:
        return False
    return not (job.settings.allow_failure and verdict in FORGIVABLE)


def fails_as_before(judgement: Judgement, checks: Sequence[CheckOutcome]) -> bool:
    """Whether a session failed by nothing but checks that failed the last time too."""
    failed = [c for c in checks if c.verdict is Verdict.FAILED and c.quarantine is None]
    return (
        judgement == Judgement(Verdict.FAILED)  # with a reason, it is not its checks alone
        and bool(failed)
        and all(check.change is Change.STILL_FAILING for check in failed)
    )


def without_session(
    job: Job,
    verdict: Verdict,
    reason: str,
    *,
    hint: str | None = None,
    stopped_at: datetime | None = None,
) -> InstanceOutcome:
    """The outcome of an instance that has no session, or none that is known."""
    return InstanceOutcome(
        name=job.name,
        profile=job.profile,
        verdict=verdict,
        reason=reason,
        hint=hint,
        stopped_at=stopped_at,
        run_location=job.run_location,
        counts=counts(job, verdict),
        span=job.span,
    )


def not_started(job: Job, error: RunnerError) -> InstanceOutcome:
    """The outcome of an instance that could not be started."""
    return without_session(job, Verdict.NOT_STARTED, error.message, hint=error.hint)


def of_session(
    context: Context,
    job: Job,
    attempt: Attempt,
    session: Session | None,
    judgement: Judgement | None = None,
    *,
    hint: str | None = None,
) -> InstanceOutcome:
    """The outcome of an instance whose session is known.

    Args:
        context: The outside world.
        job: The instance.
        attempt: Its attempt, with the session's id.
        session: The session as it was last seen, if it was.
        judgement: The verdict, where it is not the session that decides.
        hint: What to do next.
    """
    checks = () if session is None else checks_of(context, job, session)
    if judgement is None:
        judgement = (
            judge(session, checks, job.settings)
            if session is not None
            else Judgement(Verdict.UNKNOWN)
        )
    is_known = context.options.fail_on_new and fails_as_before(judgement, checks)
    return InstanceOutcome(
        name=job.name,
        profile=job.profile,
        verdict=judgement.verdict,
        session_id=attempt.session_id,
        link=(session.link if session is not None else None) or attempt.link,
        reason=KNOWN if is_known else judgement.reason,
        hint=hint,
        started_at=attempt.started_at,
        stopped_at=_stopped_at(context, session),
        checks=checks,
        run_location=job.run_location,
        counts=counts(job, judgement.verdict) and not is_known,
        span=job.span,
    )


def of_attempt(job: Job, attempt: Attempt) -> InstanceOutcome:
    """The outcome of an attempt as the state has it."""
    is_over = attempt.phase is Phase.FINISHED
    unknown = Verdict.RUNNING if attempt.phase is Phase.STARTED else Verdict.UNKNOWN
    verdict = (attempt.verdict if is_over else None) or unknown
    return InstanceOutcome(
        name=job.name,
        profile=job.profile,
        verdict=verdict,
        session_id=attempt.session_id,
        link=attempt.link,
        reason=attempt.reason,
        started_at=attempt.started_at,
        stopped_at=attempt.stopped_at,
        checks=tuple(
            CheckOutcome(name=check.name, verdict=check.verdict, check_id=check.id)
            for check in attempt.checks
            if check.verdict is not None
        ),
        run_location=job.run_location,
        counts=counts(job, verdict),
    )


def checks_of(context: Context, job: Job, session: Session) -> tuple[CheckOutcome, ...]:
    """The checks of a session as they are now, compared with the last apply."""
    return check_outcomes(
        session,
        before=None if job.before is None else job.before.checks,
        quarantine=job.settings.quarantine,
        today=context.clock.now().date(),
        redact=context.redact,
    )


def _stopped_at(context: Context, session: Session | None) -> datetime | None:
    if session is None or not is_over(session):
        return None
    return session.stopped_at or context.clock.now()
