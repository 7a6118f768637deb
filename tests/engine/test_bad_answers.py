"""Answers that no server should give: a verdict comes of them, and never a traceback."""

import asyncio
import json
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.checkly.account import Credentials
from runner.checkly.client import Checkly
from runner.checkly.exchange import ClientOptions
from runner.checkly.retry import Backoff
from runner.engine.apply import apply
from runner.engine.control.context import ApplyOptions, Context
from runner.engine.control.shutdown import Stop
from runner.models.apply_id import new_apply_id
from runner.models.clock import Clock
from runner.models.outcome import ApplyOutcome
from runner.models.plan import CheckDrift
from runner.models.record import Attempt, Phase
from runner.models.verdict import Verdict
from runner.state.state import State
from runner.state.store.address import open_store
from tests.checkly.scripted import answer, scripted
from tests.engine.bench import ME, only, planned
from tests.state.conftest import attempts_of

ID = "11111111-2222-4333-8444-555555555555"
CLIENT = ClientOptions(
    answer_seconds=5.0, patience_seconds=0.05, backoff=Backoff(base=0.001, most=0.01)
)
OPTIONS = ApplyOptions(settle_seconds=0.05, grace_seconds=0.2, poll_seconds=1.0, lost_seconds=0.1)

Completion = Callable[[], bytes]


def applied(
    folder: Path,
    completion: Completion,
    *,
    get: Completion = lambda: answer({}),
    sessions: Any = (),
    trigger: Completion | None = None,
    checks: CheckDrift | None = None,
    late_seconds: float = 30.0,
    lost_seconds: float = 0.1,
    timeout: float = 60.0,
    fail_on_no_matching: bool = True,
    **more: Any,
) -> tuple[ApplyOutcome, Attempt]:
    """Apply to a server that answers as it is told to, and read the state back.

    Args:
        folder: Where the state is.
        completion: What the completion of the session answers.
        get: What the session itself answers.
        sessions: What the list of sessions answers.
        trigger: What the trigger answers; a session that runs if it is left out.
        checks: What the plan knows of the checks.
        late_seconds, lost_seconds: Options of the apply.
        timeout, fail_on_no_matching: Settings of the profile.
        more: Further fields of the trigger's answer.
    """

    def script(request: str) -> bytes:
        path = request.split()[1]
        if path.endswith("/trigger"):
            begun = answer({"testSessionId": ID, "status": "RUNNING", **more}, 201)
            return trigger() if trigger else begun
        if "/completion" in path:
            return completion()
        if "/v1/test-sessions?" in path:
            return answer(sessions or {"entries": []})
        return get() if ID in path else answer({"id": "a"})

    async def main() -> tuple[ApplyOutcome, Attempt]:
        clock = Clock()
        state = State(open_store(None, folder=folder), host="h", account="a", scope="s")
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
                    options=replace(OPTIONS, late_seconds=late_seconds, lost_seconds=lost_seconds),
                )
                an_id = new_apply_id(clock.now(), random.Random())
                instance = planned(
                    timeout_seconds=timeout, fail_on_no_matching=fail_on_no_matching
                )._replace(checks=checks)
                outcome = await apply([instance], apply_id=an_id, context=context)
        (attempt,) = await attempts_of(state, an_id)
        return outcome, attempt

    return asyncio.run(main())


FINAL = {"checkId": "1", "name": "home", "resultType": "FINAL", "status": "PASSED"}
FLAGS = {"hasErrors": False, "hasFailures": False, "aborted": False}
PASSED = {**FINAL, **FLAGS}
PENDING = {**PASSED, "resultType": "PENDING", "status": "RUNNING"}
TARDY = {**PENDING, "checkId": "2", "name": "login"}
RETRIED = {"resultType": "FINAL", "status": "PASSED"}
NO_ID = {"checkId": None, **RETRIED}
LOGIN = {**FINAL, "status": "FAILED", "checkId": "2", "name": "login"}
ENDED = "2026-08-01T12:00:05Z"


def session(status: str | None, *results: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"testSessionId": ID, "status": status, "results": list(results), **more}


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        (session("PASSED", {**PASSED, "name": "cut \ud83d"}), Verdict.PASSED),
        (session("TIMED_OUT", PASSED, stoppedAt=ENDED), Verdict.PASSED),
        (session("DEGRADED", {**PASSED, "isDegraded": True}), Verdict.DEGRADED),
        (session("passed", PASSED), Verdict.PASSED),
        (session(None, PASSED), Verdict.PASSED),
        (session("RUNNING", PASSED), Verdict.PASSED),
        (session("TIMED_OUT", {**PASSED, "status": "FAILED"}), Verdict.FAILED),
        (session("TIMED_OUT"), Verdict.UNKNOWN),
        (session("PASSED", hasFailures=True), Verdict.FAILED),
        (session("PASSED", PASSED, hasErrors=True), Verdict.FAILED),
        (session("PASSED", PASSED, aborted=True), Verdict.FAILED),
        (session("PASSED", {**PASSED, "hasFailures": True}), Verdict.FAILED),
        (session("PASSED", {**FINAL, "status": "FAILED"}, PASSED), Verdict.FAILED),
        (session("PASSED", PASSED, {**FINAL, "status": "FAILED"}), Verdict.FAILED),
    ],
    ids=lambda value: json.dumps(value)[60:130] if isinstance(value, dict) else str(value),
)
def test_what_completion_answers_is_the_end(
    tmp_path: Path, body: dict[str, Any], verdict: Verdict
) -> None:
    outcome, attempt = applied(tmp_path, lambda: answer(body), get=lambda: answer(body))
    assert (only(outcome).verdict, attempt.verdict) == (verdict, verdict)


@pytest.mark.parametrize(
    "sessions",
    [
        {"sessions": []},
        {"entries": None},
        {"entries": {}},
        {"entries": [], "nextId": 7},
        {"entries": [], "nextId": {"cursor": "c"}},
        {"entries": [{"id": "1", "name": "smoke"}]},
        {"entries": [{"id": "1", "name": "smoke", "region": None}]},
        {"entries": [{"id": "1", "name": "smoke", "region": 5}]},
        {"entries": [{"id": "1", "name": "smoke", "region": "eu-west-1", "environment": {}}]},
        {"entries": [{"id": "1", "name": "smoke", "region": "eu-west-1", "commitId": 5}]},
    ],
)
def test_a_list_that_may_lack_sessions_does_not_prove_that_there_is_none(
    tmp_path: Path, sessions: Any
) -> None:
    sent = []

    def lost() -> bytes:
        sent.append("trigger")
        return answer({}, 500)

    outcome, attempt = applied(tmp_path, lambda: b"", trigger=lost, sessions=sessions)
    assert (only(outcome).verdict, outcome.exit_code) == (Verdict.UNKNOWN, 3)
    assert (attempt.phase, sent) == (Phase.INTENT, ["trigger"])


def test_a_status_that_nobody_knows_is_named(tmp_path: Path) -> None:
    body = answer(session("TIMED_OUT"))
    outcome, _ = applied(tmp_path, lambda: body, get=lambda: body)
    assert only(outcome).reason == "It ended with the status 'TIMED_OUT' and without results."
    assert outcome.exit_code == 3


def test_a_result_that_comes_late_is_waited_for(tmp_path: Path) -> None:
    early, late = session("PASSED", PENDING), session("PASSED", {**FINAL, "status": "FAILED"})
    left = [early, early, late]
    outcome, _ = applied(
        tmp_path,
        lambda: answer(early),
        get=lambda: answer(left.pop(0) if len(left) > 1 else left[0]),
    )
    assert (only(outcome).verdict, outcome.exit_code) == (Verdict.FAILED, 1)


def test_a_result_that_comes_late_is_waited_for_even_after_the_time_of_the_session(
    tmp_path: Path,
) -> None:
    early, late = session("PASSED", PENDING), session("PASSED", {**FINAL, "status": "FAILED"})
    left = [early, early, late]
    outcome, _ = applied(
        tmp_path,
        lambda: answer(early, 408),
        get=lambda: answer(left.pop(0) if len(left) > 1 else left[0]),
        timeout=0.0001,
    )
    assert (only(outcome).verdict, outcome.exit_code) == (Verdict.FAILED, 1)


def test_a_result_that_stays_away_leaves_the_attempt_open(tmp_path: Path) -> None:
    body = answer(session("PASSED", PENDING))
    outcome, attempt = applied(tmp_path, lambda: body, get=lambda: body, late_seconds=0.1)
    assert (only(outcome).verdict, outcome.exit_code) == (Verdict.UNKNOWN, 3)
    assert only(outcome).reason == "1 check has no result yet."
    assert (attempt.phase, attempt.verdict) == (Phase.STARTED, None)


def test_a_status_from_after_the_end_does_not_make_it_run_again(tmp_path: Path) -> None:
    outcome, _ = applied(
        tmp_path,
        lambda: answer(session("FAILED", PENDING)),
        get=lambda: answer(session("RUNNING", PASSED)),
    )
    assert only(outcome).verdict is Verdict.FAILED


@pytest.mark.parametrize(
    ("answers", "verdict"),
    [
        ([session("PASSED"), session("RUNNING", PENDING)], Verdict.UNKNOWN),
        ([session("PASSED", PENDING), session("RUNNING", PASSED, TARDY)], Verdict.UNKNOWN),
        ([session("", PENDING, stoppedAt=ENDED), session("RUNNING", TARDY)], Verdict.UNKNOWN),
        ([session("PASSED", PENDING), session("RUNNING", LOGIN)], Verdict.FAILED),
        ([session("PASSED", PENDING), session("RUNNING", PASSED)], Verdict.PASSED),
        ([session("RUNNING", LOGIN, PENDING), session("PASSED", PASSED)], Verdict.FAILED),
        ([session("RUNNING", LOGIN), session("PASSED", {**PASSED, "name": ""})], Verdict.FAILED),
        (
            [session("RUNNING", LOGIN), session("PASSED", {**PASSED, "name": "login"})],
            Verdict.FAILED,
        ),
        ([session("RUNNING", LOGIN), session("PASSED", {**LOGIN, **NO_ID})], Verdict.PASSED),
        ([session("RUNNING", TARDY), session("PASSED", PASSED)], Verdict.PASSED),
        ([session("RUNNING", LOGIN), session("PASSED", {**TARDY, **RETRIED})], Verdict.PASSED),
        ([session("RUNNING", LOGIN), session("PASSED")], Verdict.NO_MATCH),
    ],
)
def test_what_was_seen_of_a_session_is_not_forgotten(
    tmp_path: Path, answers: list[dict[str, Any]], verdict: Verdict
) -> None:
    left = list(answers)
    outcome, _ = applied(
        tmp_path,
        lambda: answer({}, 404),
        get=lambda: answer(left.pop(0) if len(left) > 1 else left[0]),
        late_seconds=0.3,
        lost_seconds=60.0,
    )
    assert only(outcome).verdict is verdict


def test_an_end_without_results_is_asked_for_them(tmp_path: Path) -> None:
    outcome, _ = applied(
        tmp_path,
        lambda: answer(session("PASSED")),
        get=lambda: answer(session("PASSED", {**FINAL, "status": "FAILED"})),
    )
    assert only(outcome).verdict is Verdict.FAILED


def test_an_end_whose_results_can_not_be_read_stays_open(tmp_path: Path) -> None:
    outcome, attempt = applied(
        tmp_path, lambda: answer(session("PASSED")), get=lambda: answer(b"<", 500)
    )
    assert (only(outcome).verdict, outcome.exit_code) == (Verdict.UNKNOWN, 3)
    assert attempt.phase is Phase.STARTED


def test_a_trigger_that_answers_with_the_end_is_followed_all_the_same(tmp_path: Path) -> None:
    body = answer(session("FAILED", {**FINAL, "status": "FAILED"}))
    outcome, _ = applied(tmp_path, lambda: body, status="PASSED", stoppedAt=ENDED)
    assert only(outcome).verdict is Verdict.FAILED


@pytest.mark.parametrize("status", [404, 500, 200])
def test_a_completion_that_never_works_is_replaced_by_the_session(
    tmp_path: Path, status: int
) -> None:
    running, over = session("RUNNING", PENDING), session("PASSED", PASSED)
    left = [running, running, running, over]
    outcome, _ = applied(
        tmp_path,
        lambda: answer(b"<html>", status),
        get=lambda: answer(left.pop(0) if len(left) > 1 else left[0]),
        lost_seconds=60.0,
    )
    assert only(outcome).verdict is Verdict.PASSED


def test_answers_on_another_session_are_no_news_of_this_one(tmp_path: Path) -> None:
    other = answer({**session("PASSED", PASSED), "testSessionId": ID.replace("1", "9")})
    outcome, attempt = applied(tmp_path, lambda: other, get=lambda: other)
    assert (only(outcome).verdict, outcome.exit_code) == (Verdict.UNKNOWN, 3)
    assert "not about the session that was asked for" in (only(outcome).reason or "")
    assert attempt.phase is Phase.STARTED


def refused(folder: Path, body: Any, status: int, **settings: Any) -> ApplyOutcome:
    outcome, _ = applied(
        folder, lambda: answer({}), trigger=lambda: answer(body, status), **settings
    )
    return outcome


OWN_404 = {"statusCode": 404, "error": "Not Found", "message": "No checks for you"}


def test_no_match_quotes_the_server(tmp_path: Path) -> None:
    outcome = refused(tmp_path, OWN_404, 404)
    assert (only(outcome).verdict, outcome.exit_code) == (Verdict.NO_MATCH, 1)
    assert "No checks for you" in (only(outcome).reason or "")
    body = {"statusCode": 404, "message": "No checks match in this location"}
    assert only(refused(tmp_path / "b", body, 404)).verdict is Verdict.NO_MATCH


@pytest.mark.parametrize(
    "body",
    [
        b"<html><title>Not here</title>",
        {"statusCode": 404, "message": "Private location not found"},
        {"statusCode": 404, "message": "Route POST:/v1/test-sessions/trigger not found"},
        {"statusCode": 404, "message": "Cannot POST /v1/test-sessions/trigger"},
        {"statusCode": 404, "error": "Not Found", "message": "Account not found"},
        {"title": "Not Found", "status": 404},
        ["not there"],
        "not there",
    ],
)
def test_another_404_is_trouble_even_where_no_match_is_allowed(tmp_path: Path, body: Any) -> None:
    outcome = refused(tmp_path, body, 404, fail_on_no_matching=False)
    assert (only(outcome).verdict, outcome.exit_code) == (Verdict.NOT_STARTED, 3)
    assert "ot " in (only(outcome).reason or "")


def test_no_match_against_a_complete_plan_is_trouble(tmp_path: Path) -> None:
    drift = CheckDrift(("home", "login"))
    outcome = refused(tmp_path, OWN_404, 404, checks=drift, fail_on_no_matching=False)
    assert (only(outcome).verdict, outcome.exit_code) == (Verdict.NOT_STARTED, 3)
    assert "But 2 checks of the account match it." in (only(outcome).reason or "")
    vague = CheckDrift(("home", "login"), complete=False)
    assert only(refused(tmp_path, OWN_404, 404, checks=vague)).verdict is Verdict.NO_MATCH


def test_the_reason_after_the_last_try_is_the_last_trouble(tmp_path: Path) -> None:
    reason = only(refused(tmp_path, {"message": "Out of order"}, 500)).reason or ""
    assert reason.startswith("The trigger was sent 3 times and no matching session was found.")
    assert "the API had an internal error (500, saying: Out of order)" in reason


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
