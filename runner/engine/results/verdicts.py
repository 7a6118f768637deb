"""Judge the results of a session: from answers to verdicts; pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain

from runner.listing import counted
from runner.models.contract.settings import Quarantine, Settings
from runner.models.outcome import Change, CheckAttempt, CheckOutcome, FailingSince
from runner.models.record import CheckRecord
from runner.models.response import Result, Session
from runner.models.verdict import Verdict
from runner.plan.target_match import unmet

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
    """A verdict on a whole session, with a reason if the verdict alone does not say it."""

    verdict: Verdict
    reason: str | None = None


def is_over(session: Session) -> bool:
    """Return whether a session has ended, by its own words alone."""
    status = _status(session.status)
    return status is not Verdict.RUNNING if status else session.stopped_at is not None


def is_pending(session: Session) -> bool:
    """Return whether the result of a check is still to come."""
    return any(map(_is_pending, session.results))


def with_vanished(before: Session, now: Session) -> Session:
    """Return ``now`` with the results of checks that had ended in ``before`` and are missing.

    An answer without any results says nothing of them.
    """
    ids = {result.check_id for result in now.results if result.check_id}
    names = {result.name for result in now.results}
    without_id = {result.name for result in now.results if not result.check_id}
    gone = [
        result
        for result in before.results
        if not (result.check_id in ids or _is_pending(result))
        and result.name not in (without_id if result.check_id else names)
    ]
    return now.model_copy(update={"results": now.results + gone}) if now.results else now


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
    """Return the checks of a session with all their attempts, in the order the API lists them.

    ``over`` tells whether it has ended; ``before`` are the checks of the last apply, ``None`` if
    there was none; ``quarantine`` forgives failures up to and including its day.
    """
    groups: dict[tuple[str, str | int], list[Result]] = defaultdict(list)
    for number, result in enumerate(session.results):
        key = ("id", result.check_id) if result.check_id else ("name", result.name)
        groups[key if key[1] else ("result", result.id or number)].append(result)
    by_id = {check.id: check for check in before or () if check.id}
    by_name = {check.name: check for check in before or ()}
    forgiven = {each.check: each for each in quarantine if each.is_in_force(today)}
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
    """Return the verdict on a session that has ended: the worst that applies."""
    return next(chain(_failures(checks, settings), _ends(session, checks), _passes(checks)))


def _failures(checks: Sequence[CheckOutcome], settings: Settings) -> Iterator[Judgement]:
    counting = [check.verdict for check in checks if check.quarantine is None]
    if broken := unmet(settings.expect_checks, [check.name for check in checks]):
        yield Judgement(Verdict.FAILED, broken)
    if Verdict.FAILED in counting:
        yield Judgement(Verdict.FAILED)
    if settings.fail_on_degraded and (degraded := counting.count(Verdict.DEGRADED)):
        are = counted(degraded, "check is", "checks are")
        yield Judgement(Verdict.FAILED, f"{are} degraded, and failOnDegraded is set.")


def _ends(session: Session, checks: Sequence[CheckOutcome]) -> Iterator[Judgement]:
    """Yield what else keeps a session without failed checks from passing."""
    counting = [check.verdict for check in checks if check.quarantine is None]
    status = _status(session.status)
    if status is Verdict.CANCELLED or Verdict.CANCELLED in counting:
        yield Judgement(Verdict.CANCELLED)
    if lost := counting.count(Verdict.UNKNOWN):
        have = counted(lost, "check has", "checks have")
        which = "no result yet" if is_pending(session) else "no result that can be read"
        yield Judgement(Verdict.UNKNOWN, f"{have} {which}.")
    if not checks and status in {None, Verdict.RUNNING}:
        said = f"the status {session.status!r}" if session.status else "no status"
        yield Judgement(Verdict.UNKNOWN, f"It ended with {said} and without results.")
    if session.aborted and not any(result.aborted for result in session.results):
        yield Judgement(Verdict.FAILED, "Checkly says that it was aborted.")
    says_so = status is Verdict.FAILED or session.has_errors or session.has_failures
    if (says_so or session.aborted) and not _count_forgiven(checks):
        yield Judgement(Verdict.FAILED, "Checkly says that it failed, though no check did.")
    if not checks:  # nothing was tested, and that is never a pass
        yield Judgement(Verdict.NO_MATCH, "It ended without any check results.")


def _passes(checks: Sequence[CheckOutcome]) -> Iterator[Judgement]:
    verdicts = {check.verdict for check in checks}
    yield from map(Judgement, (v for v in (Verdict.DEGRADED, Verdict.FLAKY) if v in verdicts))
    if forgiven := _count_forgiven(checks):
        are = counted(forgiven, "failure is", "failures are")
        yield Judgement(Verdict.PASSED, f"{are} quarantined.")
    yield Judgement(Verdict.PASSED)


def _count_forgiven(checks: Sequence[CheckOutcome]) -> int:
    return sum(c.quarantine is not None and c.verdict is Verdict.FAILED for c in checks)


def fails_as_before(judgement: Judgement, checks: Sequence[CheckOutcome]) -> bool:
    """Return whether a session failed only because of checks that also failed the last time."""
    failed = [c for c in checks if c.verdict is Verdict.FAILED and c.quarantine is None]
    return (
        judgement == Judgement(Verdict.FAILED)  # with a reason, it is not only its checks
        and bool(failed)
        and all(check.change is Change.STILL_FAILING for check in failed)
    )


def _check(results: list[Result], *, over: bool, redact: Callable[[str], str]) -> CheckOutcome:
    """Judge one check: the worst of its results counts, whatever their order.

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
    """Judge one result by the worst that its status and its flags say."""
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
    """Return why a check's failure is forgiven, if it is quarantined by its name or its id."""
    found = quarantine.get(check.name) or quarantine.get(check.check_id or "")
    if found is None:
        return None
    return f"{found.reason} ({found.owner}, until {found.until.isoformat()})"
