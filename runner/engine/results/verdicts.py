"""Judge the results of a session: from answers to verdicts; pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from runner.listing import counted
from runner.models.contract.settings import Quarantine, Settings
from runner.models.outcome import Change, CheckAttempt, CheckOutcome, FailingSince
from runner.models.record import CheckRecord
from runner.models.response import Result, Session
from runner.models.verdict import Verdict
from runner.plan.expect_checks import unmet

_PENDING = "PENDING"
_ATTEMPT = "ATTEMPT"
_STATUSES = {
    "PASSED": Verdict.PASSED,
    "FAILED": Verdict.FAILED,
    "CANCELLED": Verdict.CANCELLED,
    "RUNNING": Verdict.RUNNING,
}
#: Of several results of one check, the first of these decides.
_GRAVEST = (
    Verdict.FAILED,
    Verdict.CANCELLED,
    Verdict.UNKNOWN,
    Verdict.RUNNING,
    Verdict.DEGRADED,
    Verdict.PASSED,
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict on a whole session, and why, where the verdict alone does not say."""

    verdict: Verdict
    reason: str | None = None


def is_over(session: Session) -> bool:
    """Whether a session has ended, by its own words alone."""
    status = _status(session.status)
    return status is not Verdict.RUNNING if status else session.stopped_at is not None


def is_pending(session: Session) -> bool:
    """Whether the result of a check is still to come."""
    return any(map(_is_pending, session.results))


def check_outcomes(
    session: Session,
    *,
    over: bool,
    before: Sequence[CheckRecord] | None,
    quarantine: Iterable[Quarantine],
    today: date,
    commit: str | None,
    redact: Callable[[str], str],
) -> tuple[CheckOutcome, ...]:
    """The checks of a session, each with all its attempts, in the order the API lists them.

    Args:
        session: The session.
        over: Whether it has ended.
        before: The checks of the last apply; ``None`` if there was none.
        quarantine: Checks whose failures are forgiven.
        today: The day on which a quarantine is still in force, or not.
        commit: The commit that is tested.
        redact: Masks secrets in the names that came from outside.
    """
    groups: dict[tuple[str, str], list[Result]] = {}
    for number, result in enumerate(session.results):
        key = ("id", result.check_id) if result.check_id else ("name", result.name)
        groups.setdefault(key if key[1] else ("result", result.id or str(number)), []).append(
            result
        )
    known = {(check.id, check.name): check for check in before or ()}
    by_id = {an_id: check for (an_id, _), check in known.items() if an_id}
    by_name = {check.name: check for check in known.values()}
    forgiven = {each.check: each for each in quarantine if today <= each.until}
    outcomes = []
    for results in groups.values():
        check = _check(results, over=over, redact=redact)
        last = by_id.get(check.check_id or "") or by_name.get(check.name)
        outcomes.append(
            replace(
                check,
                change=None if before is None else _change(check.verdict, last),
                failing_since=_failing_since(check.verdict, last, commit),
                seconds_before=last.seconds if last else None,
                quarantine=_forgiven(check, forgiven),
            )
        )
    return tuple(outcomes)


def judge(session: Session, checks: Sequence[CheckOutcome], settings: Settings) -> Judgement:
    """The verdict on a session that has ended: the gravest thing that is true of it."""
    if broken := unmet(settings.expect_checks, [check.name for check in checks]):
        return Judgement(Verdict.FAILED, broken)
    by_checks = _by_failures(checks, settings) or _by_ends(session, checks)
    return by_checks or _by_session(session, checks)


def fails_as_before(judgement: Judgement, checks: Sequence[CheckOutcome]) -> bool:
    """Whether a session failed by nothing but checks that failed the last time too."""
    failed = [c for c in checks if c.verdict is Verdict.FAILED and c.quarantine is None]
    return (
        judgement == Judgement(Verdict.FAILED)  # with a reason, it is not its checks alone
        and bool(failed)
        and all(check.change is Change.STILL_FAILING for check in failed)
    )


def _check(results: list[Result], *, over: bool, redact: Callable[[str], str]) -> CheckOutcome:
    """One check: the gravest of its results counts, whatever their order.

    Only an attempt is superseded, by a result that is not one.
    """
    final = [result for result in results if result.result_type != _ATTEMPT] or results
    last = min(final, key=lambda result: _GRAVEST.index(_attempt(result, over=over)))
    attempts = tuple(
        CheckAttempt(
            verdict=_attempt(result, over=over),
            result_id=result.id,
            link=result.link,
            started_at=result.started_at,
            stopped_at=result.stopped_at,
            response_time=result.response_time,
        )
        for result in [each for each in results if each is not last] + [last]
    )
    verdict = attempts[-1].verdict
    if verdict is Verdict.PASSED and any(a.verdict is Verdict.FAILED for a in attempts[:-1]):
        verdict = Verdict.FLAKY
    return CheckOutcome(
        name=redact(last.name) or last.check_id or "(no name)",
        verdict=verdict,
        check_id=last.check_id,
        check_type=last.check_type,
        run_location=last.run_location,
        link=last.link,
        attempts=attempts,
        error_groups=tuple(last.error_group_ids),
    )


def _attempt(result: Result, *, over: bool) -> Verdict:
    """The verdict on one result: the gravest thing that its status and its flags say."""
    verdict = _status(result.status)
    if _is_pending(result):
        return Verdict.UNKNOWN if over else Verdict.RUNNING
    flags = (result.has_errors, result.has_failures, result.aborted)
    if verdict is Verdict.CANCELLED:  # which has errors, and is aborted, of itself
        return Verdict.FAILED if result.has_failures else verdict
    if verdict is Verdict.FAILED or any(flags):
        return Verdict.FAILED
    if verdict is None and None in flags:
        return Verdict.UNKNOWN
    return Verdict.DEGRADED if result.is_degraded else Verdict.PASSED


def _is_pending(result: Result) -> bool:
    if result.result_type == _ATTEMPT:
        return False
    return result.result_type == _PENDING or _status(result.status) is Verdict.RUNNING


def _status(text: str) -> Verdict | None:
    return _STATUSES.get(text.strip().upper())


def _change(verdict: Verdict, last: CheckRecord | None) -> Change | None:
    if last is None:
        return Change.NEW
    judged = (Verdict.FAILED, Verdict.PASSED, Verdict.FLAKY, Verdict.DEGRADED)
    if verdict not in judged or last.verdict not in judged:
        return None
    if verdict is Verdict.FAILED:
        return Change.STILL_FAILING if last.verdict is Verdict.FAILED else Change.NEWLY_FAILING
    return Change.FIXED if last.verdict is Verdict.FAILED else Change.STILL_PASSING


def _failing_since(
    verdict: Verdict, last: CheckRecord | None, commit: str | None
) -> FailingSince | None:
    if verdict is not Verdict.FAILED:
        return None
    if last is None or last.verdict is not Verdict.FAILED:
        return FailingSince(1, commit)
    return FailingSince(max(last.failures, 1) + 1, last.failing_commit)


def _forgiven(check: CheckOutcome, quarantine: dict[str, Quarantine]) -> str | None:
    """Why a check's failure is forgiven, if it is quarantined by its name or its id."""
    found = quarantine.get(check.name) or quarantine.get(check.check_id or "")
    if found is None:
        return None
    return f"{found.reason} ({found.owner}, until {found.until.isoformat()})"


def _by_failures(checks: Sequence[CheckOutcome], settings: Settings) -> Judgement | None:
    counting = [check.verdict for check in checks if check.quarantine is None]
    if Verdict.FAILED in counting:
        return Judgement(Verdict.FAILED)
    degraded = counting.count(Verdict.DEGRADED)
    if degraded and settings.fail_on_degraded:
        are = counted(degraded, "check is", "checks are")
        return Judgement(Verdict.FAILED, f"{are} degraded, and failOnDegraded is set.")
    return None


def _by_ends(session: Session, checks: Sequence[CheckOutcome]) -> Judgement | None:
    """The verdict where something was cancelled, or is not known."""
    counting = [check.verdict for check in checks if check.quarantine is None]
    status = _status(session.status)
    if status is Verdict.CANCELLED or Verdict.CANCELLED in counting:
        return Judgement(Verdict.CANCELLED)
    if lost := counting.count(Verdict.UNKNOWN):
        have = counted(lost, "check has", "checks have")
        which = "no result yet" if is_pending(session) else "no result that can be read"
        return Judgement(Verdict.UNKNOWN, f"{have} {which}.")
    if not checks and (status is None or status is Verdict.RUNNING):
        said = f"the status {session.status!r}" if session.status else "no status"
        return Judgement(Verdict.UNKNOWN, f"It ended with {said} and without results.")
    return None


def _by_session(session: Session, checks: Sequence[CheckOutcome]) -> Judgement:
    """The verdict where no check that counts failed."""
    forgiven = [c for c in checks if c.quarantine is not None and c.verdict is Verdict.FAILED]
    flags = (session.has_errors, session.has_failures, session.aborted)
    if (_status(session.status) is Verdict.FAILED or any(flags)) and not forgiven:
        return Judgement(Verdict.FAILED, "Checkly says that it failed, though no check did.")
    if not checks:
        # Nothing was tested, and that is never a pass.
        return Judgement(Verdict.NO_MATCH, "It ended without the result of a single check.")
    verdicts = {check.verdict for check in checks}
    for verdict in (Verdict.DEGRADED, Verdict.FLAKY):
        if verdict in verdicts:
            return Judgement(verdict)
    if forgiven:
        are = counted(len(forgiven), "failure is", "failures are")
        return Judgement(Verdict.PASSED, f"{are} quarantined.")
    return Judgement(Verdict.PASSED)
