"""Attempts over time: retries by the request's own strategy, and what is known at a moment."""

from __future__ import annotations

import math
from typing import Any

import pytest

from runner.emulator.sessions.ids import Ids
from runner.emulator.sessions.timeline import Run, never_starting, plan_run
from runner.emulator.world.world import Check, Ending

REGIONS = ["eu-west-1", "us-east-1", "us-west-1"]


def plan(outcome: str = "failed", retry: dict[str, Any] | None = None, **check: Any) -> Run:
    return plan_run(
        Check(id="1", name="a", type="API", ending=Ending(duration=2), **check),
        start=1000.0,
        location="eu-west-1",
        outcome=outcome,
        retry=retry,
        regions=REGIONS,
        new_id=Ids(1),
    )


def starts(run: Run) -> list[float]:
    return [attempt.starts - 1000 for attempt in run.attempts]


def outcomes(run: Run) -> list[str]:
    return [attempt.outcome for attempt in run.attempts]


@pytest.mark.parametrize(
    ("retry", "expected"),
    [
        (None, [0]),
        ({"type": "FIXED"}, [0, 62, 124]),
        ({"type": "FIXED", "baseBackoffSeconds": 10, "maxRetries": 3}, [0, 12, 24, 36]),
        ({"type": "LINEAR", "baseBackoffSeconds": 10, "maxRetries": 3}, [0, 12, 34, 66]),
        ({"type": "EXPONENTIAL", "baseBackoffSeconds": 3, "maxRetries": 3}, [0, 5, 16, 45]),
        ({"type": "SINGLE_RETRY"}, [0, 62]),
        ({"type": "SINGLE_RETRY", "baseBackoffSeconds": 0}, [0, 2]),
        ({"type": "FIXED", "baseBackoffSeconds": -5, "maxRetries": 1}, [0, 2]),
        ({"type": "FIXED", "baseBackoffSeconds": 60, "maxDurationSeconds": 100}, [0, 62]),
        ({"type": "EXPONENTIAL", "baseBackoffSeconds": 1e308, "maxRetries": 10}, [0]),
        ({"type": "LINEAR", "baseBackoffSeconds": 1e308, "maxRetries": 10}, [0]),
        ({"type": "FIXED", "onlyOn": ["NETWORK_ERROR"]}, [0]),
        ({"type": "FIXED", "onlyOn": []}, [0, 62, 124]),
    ],
)
def test_a_failing_check_is_repeated_by_the_strategy(
    retry: dict[str, Any] | None, expected: list[float]
) -> None:
    assert starts(plan(retry=retry)) == expected


def test_network_errors_are_repeated_where_only_they_are() -> None:
    retry = {"type": "FIXED", "onlyOn": ["NETWORK_ERROR"], "maxRetries": 1}

    assert starts(plan(retry=retry, network_error=True)) == [0, 62]


def test_a_flaky_check_passes_after_its_failures() -> None:
    retry = {"type": "FIXED", "baseBackoffSeconds": 0, "maxRetries": 5}

    assert outcomes(plan("flaky", retry, failures=2)) == ["failed", "failed", "passed"]
    assert outcomes(plan("flaky", None, failures=2)) == ["failed"]


@pytest.mark.parametrize("outcome", ["passed", "degraded", "cancelled"])
def test_only_failures_are_repeated(outcome: str) -> None:
    assert outcomes(plan(outcome, {"type": "FIXED"})) == [outcome]


def test_an_aborted_check_is_repeated() -> None:
    assert outcomes(plan("aborted", {"type": "SINGLE_RETRY"})) == ["aborted", "aborted"]


def test_retries_may_leave_their_region() -> None:
    retry = {"type": "FIXED", "sameRegion": False, "maxRetries": 3}

    assert [a.location for a in plan(retry=retry).attempts] == [
        "eu-west-1",
        "us-east-1",
        "us-west-1",
        "us-east-1",
    ]


def test_attempts_become_known_one_after_the_other() -> None:
    run = plan(retry={"type": "FIXED", "baseBackoffSeconds": 10, "maxRetries": 1})

    assert len(run.visible(1001)) == 1
    assert len(run.visible(1002)) == 2  # the next one waits for its turn
    assert run.ends == 1014


def test_stopping_ends_the_attempt_in_progress_and_drops_the_rest() -> None:
    run = plan(retry={"type": "FIXED", "baseBackoffSeconds": 10, "maxRetries": 1})

    during, between, afterwards = (run.cancelled(moment) for moment in (1001, 1005, 1014))

    assert outcomes(during) == ["cancelled"]
    assert during.ends == 1001
    assert outcomes(between) == ["failed", "cancelled"]
    assert between.attempts[1].starts == between.ends == 1005
    assert afterwards is run


def test_a_run_without_an_end() -> None:
    run = plan("never", {"type": "FIXED"})
    waiting = never_starting(run.check, start=1000, location="lab", new_id=Ids(1))

    assert run.ends == math.inf
    assert run.attempts[0].starts == 1000
    assert waiting.attempts[0].starts == math.inf
