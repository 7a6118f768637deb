"""Past applies for tests of everything that is made from history."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from runner.models.history import PastApply
from runner.models.record import Attempt, CheckRecord, Initiator, Lookup, Phase
from runner.models.verdict import Verdict

NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)
BY = Initiator(user="ada", host="ci-7", pid=42, ci_url="https://ci.example.com/runs/9")


def checked(name: str, verdict: Verdict, *, seconds: float = 2.0, error: str = "") -> CheckRecord:
    return CheckRecord(
        id=f"id-{name}", name=name, verdict=verdict, seconds=seconds, error=error or None
    )


def tried(
    number: int, *checks: CheckRecord, instance: str = "smoke", commit: str | None = None
) -> Attempt:
    """The attempt of apply ``number``, an hour after the one before it."""
    start = NOON + timedelta(hours=number)
    failed = any(check.verdict is Verdict.FAILED for check in checks)
    return Attempt(
        apply_id=f"A{number:03}",
        instance=instance,
        profile=instance.partition("[")[0],
        phase=Phase.FINISHED,
        request={},
        lookup=Lookup(name=instance, run_location="eu-west-1"),
        intent_at=start,
        started_at=start,
        stopped_at=start + timedelta(seconds=40),
        verdict=Verdict.FAILED if failed else Verdict.PASSED,
        link=f"https://app.checklyhq.com/s{number}",
        checks=list(checks),
        by=BY,
        commit=commit or f"{number:07}abc",
        branch="main",
    )


def past(*attempts: Attempt) -> PastApply:
    return PastApply(attempts[0].apply_id, attempts)


def history(name: str, verdicts: Sequence[Verdict], error: str = "") -> list[PastApply]:
    """Applies of one check, newest first; ``verdicts`` are oldest first."""
    made = [
        past(tried(number, checked(name, verdict, error=error)))
        for number, verdict in enumerate(verdicts)
    ]
    return made[::-1]
