"""The record of each check over time: pass and flake rates, durations and its last failure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import takewhile
from operator import attrgetter
from statistics import median, quantiles
from typing import Final, NamedTuple

from runner.models.history import PastApply
from runner.models.record import Attempt, CheckRecord
from runner.models.verdict import Verdict

#: Verdicts that say something of a check.
_JUDGED: Final = frozenset({Verdict.PASSED, Verdict.FLAKY, Verdict.DEGRADED, Verdict.FAILED})


class CheckRun(NamedTuple):
    """One check in one past session.

    Attributes:
        failed: Whether its last attempt failed.
        is_flaky: Whether it passed only after a failed attempt, or failed at a commit at which
            it passed as well.
    """

    attempt: Attempt
    check: CheckRecord
    failed: bool
    is_flaky: bool

    @property
    def ended_at(self) -> datetime:
        """When the session ended, or at least began."""
        return self.attempt.stopped_at or self.attempt.intent_at


class CheckStats(NamedTuple):
    """One check of the account, in all sessions that ran it.

    Attributes:
        runs: Newest first, at least one.
        pass_rate, flake_rate: Shares of the runs that did not fail and that were flaky, from 0
            to 1.
        failures_in_a_row: How many of the newest runs failed without a pass in between.
        last_failure, last_flake: The newest run that failed, and the newest that was flaky.
        p50, p95: Durations in seconds that half and 95 % of the runs stay under.
        slowdown: Median of the newer half of the durations over that of the older half.
    """

    name: str
    check_id: str | None
    profiles: tuple[str, ...]
    runs: tuple[CheckRun, ...]
    pass_rate: float
    flake_rate: float
    failures_in_a_row: int
    last_failure: CheckRun | None
    last_flake: CheckRun | None
    p50: float | None
    p95: float | None
    slowdown: float | None


def check_stats(newest_first: Iterable[PastApply]) -> list[CheckStats]:
    """Return the checks of past applies, those with most failures and flakes first."""
    runs: dict[str, list[tuple[Attempt, CheckRecord]]] = {}
    for past in newest_first:
        for attempt in past.attempts:
            for check in attempt.checks:
                if check.verdict in _JUDGED:
                    runs.setdefault(check.id or f"name:{check.name}", []).append((attempt, check))
    found = [_stats(list(_runs(each))) for each in runs.values()]
    return sorted(found, key=lambda each: (each.pass_rate, -each.flake_rate, each.name))


def _runs(tried: Sequence[tuple[Attempt, CheckRecord]]) -> Iterator[CheckRun]:
    passed_at = {
        (attempt.instance, attempt.commit)
        for attempt, check in tried
        if attempt.commit and check.verdict is not Verdict.FAILED
    }
    for attempt, check in tried:
        failed = check.verdict is Verdict.FAILED
        passed_too = failed and (attempt.instance, attempt.commit) in passed_at
        yield CheckRun(attempt, check, failed, passed_too or check.verdict is Verdict.FLAKY)


def _stats(runs: Sequence[CheckRun]) -> CheckStats:
    failures = [run for run in runs if run.failed]
    flakes = [run for run in runs if run.is_flaky]
    seconds = [run.check.seconds for run in reversed(runs) if run.check.seconds is not None]
    p50 = median(seconds) if seconds else None
    older, newer = seconds[: len(seconds) // 2], seconds[len(seconds) // 2 :]
    has_slowdown = len(seconds) >= 4 and median(older) > 0
    return CheckStats(
        name=runs[0].check.name,
        check_id=runs[0].check.id,
        profiles=tuple(dict.fromkeys(run.attempt.profile for run in runs)),
        runs=tuple(runs),
        pass_rate=1 - len(failures) / len(runs),
        flake_rate=len(flakes) / len(runs),
        failures_in_a_row=len(list(takewhile(attrgetter("failed"), runs))),
        last_failure=next(iter(failures), None),
        last_flake=next(iter(flakes), None),
        p50=p50,
        p95=quantiles(seconds, n=20, method="inclusive")[-1] if len(seconds) > 1 else p50,
        slowdown=median(newer) / median(older) if has_slowdown else None,
    )
