"""The record of each check over time: pass and flake rates, durations and its last failure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median, quantiles
from typing import Final

from runner.models.history import PastApply
from runner.models.record import Attempt, CheckRecord
from runner.models.verdict import Verdict

#: Verdicts that say something of a check.
_JUDGED: Final = frozenset({Verdict.PASSED, Verdict.FLAKY, Verdict.DEGRADED, Verdict.FAILED})


@dataclass(frozen=True, slots=True)
class CheckRun:
    """One check in one past session.

    Attributes:
        is_flaky: Whether it passed only after a failed attempt, or failed at a commit at which
            it passed as well.
    """

    attempt: Attempt
    check: CheckRecord
    verdict: Verdict
    is_flaky: bool

    @property
    def failed(self) -> bool:
        """Whether its last attempt failed."""
        return self.verdict is Verdict.FAILED


@dataclass(frozen=True, slots=True)
class CheckStats:
    """One check of the account, in all sessions that ran it.

    Attributes:
        runs: Newest first, at least one.
    """

    name: str
    check_id: str | None
    profiles: tuple[str, ...]
    runs: tuple[CheckRun, ...]

    @property
    def pass_rate(self) -> float:
        """Share of runs that did not fail, from 0 to 1."""
        return 1 - sum(run.failed for run in self.runs) / len(self.runs)

    @property
    def flake_rate(self) -> float:
        """Share of runs that were flaky, from 0 to 1."""
        return sum(run.is_flaky for run in self.runs) / len(self.runs)

    @property
    def seconds(self) -> list[float]:
        """Durations that are known, oldest first."""
        return [run.check.seconds for run in reversed(self.runs) if run.check.seconds is not None]

    @property
    def p50(self) -> float | None:
        """Median duration in seconds."""
        return median(self.seconds) if self.seconds else None

    @property
    def p95(self) -> float | None:
        """Duration in seconds that 95 % of the runs stay under."""
        known = self.seconds
        return quantiles(known, n=20, method="inclusive")[-1] if len(known) > 1 else self.p50

    @property
    def slowdown(self) -> float | None:
        """Median of the newer half of the durations over that of the older half."""
        known = self.seconds
        if len(known) < 4 or not (before := median(known[: len(known) // 2])):
            return None
        return median(known[len(known) // 2 :]) / before

    @property
    def last_failure(self) -> CheckRun | None:
        """The newest run that failed."""
        return next((run for run in self.runs if run.failed), None)

    @property
    def last_flake(self) -> CheckRun | None:
        """The newest run that was flaky."""
        return next((run for run in self.runs if run.is_flaky), None)

    @property
    def failures_in_a_row(self) -> int:
        """How many of the newest runs failed without a pass in between."""
        return next((n for n, run in enumerate(self.runs) if not run.failed), len(self.runs))


def check_stats(newest_first: Iterable[PastApply]) -> list[CheckStats]:
    """The checks of past applies, those with most failures and flakes first."""
    runs: dict[str, list[tuple[Attempt, CheckRecord, Verdict]]] = {}
    for past in newest_first:
        for attempt in past.attempts:
            for check in attempt.checks:
                if check.verdict in _JUDGED:
                    key = check.id or f"name:{check.name}"
                    runs.setdefault(key, []).append((attempt, check, check.verdict))
    found = [_stats(each) for each in runs.values()]
    return sorted(found, key=lambda each: (each.pass_rate, -each.flake_rate, each.name))


def _stats(runs: Sequence[tuple[Attempt, CheckRecord, Verdict]]) -> CheckStats:
    passed_at = {
        (attempt.instance, attempt.commit)
        for attempt, _, verdict in runs
        if attempt.commit and verdict is not Verdict.FAILED
    }
    newest = runs[0][1]
    return CheckStats(
        name=newest.name,
        check_id=newest.id,
        profiles=tuple(dict.fromkeys(attempt.profile for attempt, *_ in runs)),
        runs=tuple(
            CheckRun(
                attempt,
                check,
                verdict,
                verdict is Verdict.FLAKY
                or (verdict is Verdict.FAILED and (attempt.instance, attempt.commit) in passed_at),
            )
            for attempt, check, verdict in runs
        ),
    )


def when(run: CheckRun) -> datetime:
    """When a run ended, or at least began."""
    return run.attempt.stopped_at or run.attempt.intent_at
