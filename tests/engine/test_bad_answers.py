"""Answers that no server should give: a verdict comes of them, and never a traceback."""

import asyncio
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.checkly.account import Credentials
from runner.checkly.client import Checkly, ClientOptions
from runner.checkly.retry import Backoff
from runner.engine.apply import apply
from runner.engine.context import ApplyOptions, Context
from runner.engine.shutdown import Stop
from runner.models.apply_id import new_apply_id
from runner.models.clock import SystemClock
from runner.models.outcome import ApplyOutcome
from runner.models.record import Attempt
from runner.models.verdict import Verdict
from runner.state.state import open_state
from tests.checkly.scripted import answer, scripted
from tests.engine.bench import ME, only, planned

ID = "11111111-2222-4333-8444-555555555555"
CLIENT = ClientOptions(
    answer_seconds=5.0, patience_seconds=0.05, backoff=Backoff(base=0.001, most=0.01)
)
OPTIONS = ApplyOptions(settle_seconds=0.05, grace_seconds=0.2, poll_seconds=1.0, lost_seconds=0.1)

Completion = Callable[[], bytes]


def applied(
    folder: Path, completion: Completion, timeout: float = 60.0, **more: Any
) -> tuple[ApplyOutcome, Attempt]:
    """Apply to a server whose completion answers ``completion``, and read the state back."""

    def script(request: str) -> bytes:
        if "/trigger" in request:
            return answer({"testSessionId": ID, "status": "RUNNING", **more}, 201)
        return completion() if "/completion" in request else answer({})

    async def main() -> tuple[ApplyOutcome, Attempt]:
        clock = SystemClock()
        state = open_state(None, host="h", account="a", scope="s", folder=folder)
        async with scripted(script) as server:
            someone = Credentials("key", "a", server.url)
            async with Checkly(
                someone, clock=clock, rng=random.Random(1), emit=lambda _: None, options=CLIENT
            ) as client:
                context = Context(
                    client=client,
                    state=state,
                    clock=clock,
                    emit=lambda _: None,
                    stop=Stop(clock),
                    owner=ME,
                    redact=lambda text: text,
                    options=OPTIONS,
                )
                an_id = new_apply_id(clock.now(), random.Random())
                instance = planned(timeout_seconds=timeout)
                outcome = await apply([instance], apply_id=an_id, context=context)
        (attempt,) = await state.attempts(an_id)
        return outcome, attempt

    return asyncio.run(main())


def test_ten_thousand_results_are_a_verdict(tmp_path: Path) -> None:
    results = [
        {"checkId": str(n), "name": f"check {n}", "resultType": "FINAL", "status": "PASSED"}
        for n in range(10_000)
    ]
    body = answer({"testSessionId": ID, "status": "PASSED", "results": results})
    outcome, attempt = applied(tmp_path, lambda: body)
    assert only(outcome).verdict is Verdict.PASSED
    assert len(attempt.checks) == 10_000


def test_a_huge_answer_leaves_the_outcome_unknown_and_the_attempt_open(tmp_path: Path) -> None:
    body = answer(b"x" * 40_000_000)
    outcome, attempt = applied(tmp_path, lambda: body)
    assert (only(outcome).verdict, outcome.exit_code) == (Verdict.UNKNOWN, 3)
    assert attempt.verdict is None


def test_names_and_ids_from_hell_are_kept_as_data(tmp_path: Path) -> None:
    name = "\x1b]0;x\x07::error::\r\n\u202e\x00|<b>"
    failed = {"resultType": "FINAL", "status": "FAILED", "name": name}
    results = [{**failed, "testSessionResultId": "../../etc", "checkId": "\x00"}]
    body = answer({"status": "FAILED", "results": results, "testSessionLink": "javascript:1"})
    outcome, attempt = applied(tmp_path, lambda: body)
    instance = only(outcome)
    assert instance.verdict is Verdict.FAILED
    assert not instance.link
    assert attempt.checks[0].name == name


def test_a_start_in_the_far_past_does_not_time_a_session_out(tmp_path: Path) -> None:
    results = [{"name": "home", "resultType": "FINAL", "status": "PASSED"}]
    body = answer({"status": "PASSED", "results": results})
    outcome, _ = applied(tmp_path, lambda: body, startedAt="1970-01-01T00:00:00Z")
    assert only(outcome).verdict is Verdict.PASSED


@pytest.mark.parametrize("status", ["RUNNING", "PAUSED", None])
def test_an_end_that_is_none_is_not_asked_for_in_a_rush(tmp_path: Path, status: Any) -> None:
    times: list[datetime] = []

    def completion() -> bytes:
        times.append(datetime.now(UTC))
        return answer({"status": status})

    outcome, _ = applied(tmp_path, completion, timeout=1.5)
    assert only(outcome).verdict in {Verdict.UNKNOWN, Verdict.TIMED_OUT}
    assert len(times) < 8


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
FIELDS = {
    name: JSON | st.sampled_from(["PASSED", "FAILED", "FINAL", "2026-08-01T00:00:00Z"])
    for name in ("testSessionId", "status", "name", "startedAt", "stoppedAt", "testSessionLink")
}
RESULT = st.fixed_dictionaries(
    {},
    optional={
        name: JSON | st.sampled_from(["PASSED", "FAILED", "FINAL", "ATTEMPT", ID])
        for name in (
            "testSessionResultId",
            "checkId",
            "name",
            "status",
            "resultType",
            "startedAt",
            "isDegraded",
            "hasErrors",
            "responseTime",
        )
    },
)
BODIES = st.fixed_dictionaries({}, optional={**FIELDS, "results": st.lists(RESULT | JSON) | JSON})


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(body=BODIES | JSON)
def test_any_json_comes_to_a_verdict(tmp_path: Path, body: Any) -> None:
    sound = answer(json.dumps(body).encode())
    outcome, attempt = applied(tmp_path, lambda: sound, timeout=1.5)
    assert isinstance(only(outcome).verdict, Verdict)
    assert attempt.session_id == ID
