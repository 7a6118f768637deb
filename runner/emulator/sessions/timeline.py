"""Work out in advance, without a clock, when each attempt of a check starts and ends, and how."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from runner.emulator.world.world import Check

FAILING = frozenset({"failed", "aborted"})


@dataclass(frozen=True, slots=True)
class Attempt:
    """One run of a check.

    Attributes:
        id: Its result's id.
        starts: When it starts, in Unix seconds; infinity when it never does.
        ends: When it ends.
        outcome: passed, failed, degraded, cancelled or aborted.
        location: Where it runs.
        created: When it was scheduled.
    """

    id: str
    starts: float
    ends: float
    outcome: str
    location: str
    created: float


@dataclass(frozen=True, slots=True)
class Run:
    """A check within a session: its attempts, in order. The last one counts."""

    check: Check
    sequence_id: str
    attempts: tuple[Attempt, ...]

    @property
    def ends(self) -> float:
        """When the last attempt ends."""
        return self.attempts[-1].ends

    def visible(self, now: float) -> Sequence[Attempt]:
        """Return the attempts that are known at `now`: the ended ones and the one that follows."""
        shown = 1
        while shown < len(self.attempts) and self.attempts[shown].created <= now:
            shown += 1
        return self.attempts[:shown]

    def cancelled(self, now: float) -> Run:
        """Return the run as it goes on after it was stopped at `now`."""
        known = list(self.visible(now))
        last = known[-1]
        if last.ends <= now:
            return self
        known[-1] = replace(last, ends=now, starts=min(last.starts, now), outcome="cancelled")
        return replace(self, attempts=tuple(known))


def plan_run(
    check: Check,
    *,
    start: float,
    location: str,
    outcome: str,
    retry: Mapping[str, Any] | None,
    regions: Sequence[str],
    new_id: Callable[[], str],
) -> Run:
    """Work out the run of a check.

    Args:
        check: The check.
        start: When the session starts, in Unix seconds.
        location: Where the session runs.
        outcome: How the check ends this time, as a world spells it.
        retry: The request's retry strategy; None for no retries.
        regions: Other public regions, for retries that leave their region.
        new_id: Makes the ids of results.
    """
    duration = check.ending_at(location).duration
    if outcome == "never":
        return Run(
            check, new_id(), (Attempt(new_id(), start, math.inf, "passed", location, start),)
        )
    attempts: list[Attempt] = []
    begin = created = start
    where = location
    for delay in [*_delays(retry), None]:
        result = _outcome(check, outcome, len(attempts))
        attempts.append(Attempt(new_id(), begin, begin + duration, result, where, created))
        if result not in FAILING or delay is None or retry is None:
            break
        if "NETWORK_ERROR" in (retry.get("onlyOn") or ()) and not check.network_error:
            break
        created = begin + duration
        begin = created + delay
        if begin - start > retry.get("maxDurationSeconds", 600):
            break
        where = _next_region(retry, location, regions, len(attempts))
    return Run(check, new_id(), tuple(attempts))


def never_starting(check: Check, *, start: float, location: str, new_id: Callable[[], str]) -> Run:
    """Return the run of a check whose location has no agent."""
    return Run(check, new_id(), (Attempt(new_id(), math.inf, math.inf, "passed", location, start),))


def _outcome(check: Check, outcome: str, failed: int) -> str:
    if outcome != "flaky":
        return outcome
    return "failed" if failed < check.failures else "passed"


def _delays(retry: Mapping[str, Any] | None) -> list[float]:
    """Return the pauses before each retry, in seconds, as Checkly's documentation gives them."""
    if retry is None:
        return []
    base = max(0.0, retry.get("baseBackoffSeconds", 60))
    count = 1 if retry["type"] == "SINGLE_RETRY" else int(retry.get("maxRetries", 2))
    match retry["type"]:
        case "LINEAR":
            return [base * nth for nth in range(1, count + 1)]
        case "EXPONENTIAL":
            return [min(base, 1e6) ** nth for nth in range(1, count + 1)]
        case _:
            return [base] * count


def _next_region(retry: Mapping[str, Any], location: str, regions: Sequence[str], nth: int) -> str:
    others = [region for region in regions if region != location]
    if retry.get("sameRegion", True) or not others or location not in regions:
        return location
    return others[(nth - 1) % len(others)]
