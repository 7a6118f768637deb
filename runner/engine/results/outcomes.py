"""Translate between settings, requests, records and outcomes; pure."""

from collections.abc import Callable, Iterable

from runner.models.contract.request import TriggerTestSessionRequest
from runner.models.contract.settings import Settings
from runner.models.outcome import CheckOutcome
from runner.models.record import Attempt, CheckRecord, Lookup
from runner.models.verdict import FORGIVABLE, Verdict


def counts_with(settings: Settings, verdict: Verdict) -> bool:
    """Return whether ``verdict``, if it is not a pass, fails the apply."""
    if verdict is Verdict.NO_MATCH and not settings.fail_on_no_matching:
        return False
    return not (settings.allow_failure and verdict in FORGIVABLE)


def as_outcomes(checks: Iterable[CheckRecord]) -> tuple[CheckOutcome, ...]:
    """Return the checks of a state document as outcomes."""
    return tuple(
        CheckOutcome(name=check.name, verdict=check.verdict, check_id=check.id)
        for check in checks
        if check.verdict is not None
    )


def as_record(check: CheckOutcome, redact: Callable[[str], str]) -> CheckRecord:
    """Return a check as the state keeps it, masked and short."""
    began = check.attempts[0].started_at if check.attempts else None
    ended = check.attempts[-1].stopped_at if check.attempts else None
    error = (check.error or "").strip().partition("\n")[0][:500]
    since = check.failing_since
    return CheckRecord(
        id=None if check.check_id is None else redact(check.check_id),
        name=redact(check.name),
        verdict=check.verdict,
        attempts=max(len(check.attempts), 1),
        seconds=(ended - began).total_seconds() if began and ended else None,
        error=redact(error) or None,
        failures=since.applies if since else 0,
        failing_commit=since.commit if since else None,
    )


def is_same_request(mine: Attempt, earlier: Attempt) -> bool:
    """Return whether two attempts sent the same, except for the apply's id in the name."""
    names = {each.lookup.name.replace(each.apply_id, "") for each in (mine, earlier)}
    same_place = mine.lookup == earlier.lookup.model_copy(update={"name": mine.lookup.name})
    return len(names) == 1 and same_place and mine.request == earlier.request


def lookup_of(request: TriggerTestSessionRequest) -> Lookup:
    """Return what tells the session of ``request`` apart in the list of sessions."""
    return Lookup(
        name=request.name,
        run_location=request.run_location,
        environment=request.metadata.environment or None,
        commit_id=request.metadata.commit_id,
        branch_name=request.metadata.branch_name,
    )
