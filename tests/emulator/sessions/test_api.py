"""The endpoints over a socket: who is let in, what is found, and what is refused."""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import replace
from typing import Any

import pytest

from runner.emulator.world.world import Check, Ending, PrivateLocation, World, default_world
from tests.emulator.conftest import Start, Wire

ENDPOINTS = [
    ("GET", "/v1/test-sessions"),
    ("POST", "/v1/test-sessions/trigger"),
    ("GET", f"/v1/test-sessions/{uuid.UUID(int=1)}"),
    ("GET", f"/v1/test-sessions/{uuid.UUID(int=1)}/completion"),
    ("POST", f"/v1/test-sessions/{uuid.UUID(int=1)}/cancel"),
    ("GET", f"/v1/test-sessions/{uuid.UUID(int=1)}/results/{uuid.UUID(int=2)}"),
    ("GET", "/v1/locations"),
    ("GET", "/v1/private-locations"),
    ("GET", "/v1/accounts/me"),
    ("GET", "/v1/checks"),
    ("GET", "/v1/check-statuses"),
    ("GET", "/next/accounts"),
    ("GET", "/__emulator__/sessions"),
]


def world_of(*checks: Check, **settings: Any) -> World:
    return replace(default_world(), checks=checks, **settings)


def check(name: str, kind: str = "API", outcome: str = "passed", **rest: Any) -> Check:
    identity = str(uuid.uuid5(uuid.NAMESPACE_URL, name))
    ending = Ending(outcomes=(outcome,), duration=rest.pop("duration", 1))
    return Check(id=identity, name=name, type=kind, ending=ending, **rest)


def final(session: Any) -> dict[str, str]:
    """Return the last result's status of each check."""
    return {r["name"]: r["status"] for r in session["results"] if r["resultType"] == "FINAL"}


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
@pytest.mark.parametrize("header", [None, "Bearer wrong", "Basic cu_emulator", "Bearer", ""])
def test_without_a_valid_key_nothing_is_told(
    wire: Wire, method: str, path: str, header: str | None
) -> None:
    headers = {} if header is None else {"Authorization": header}
    del wire.http.headers["Authorization"]

    answer = wire.http.request(method, path, headers=headers, json={})

    assert answer.status_code == 401
    assert answer.json()["error"] == "Unauthorized"
    assert "cu_emulator" not in answer.text


@pytest.mark.parametrize(("method", "path"), ENDPOINTS[:-1])
def test_another_account_is_forbidden(wire: Wire, method: str, path: str) -> None:
    answer = wire.http.request(
        method, path, headers={"x-checkly-account": str(uuid.UUID(int=9))}, json={}
    )

    assert answer.status_code == 403
    assert answer.json() == {
        "statusCode": 403,
        "error": "Forbidden",
        "message": "This API key has no access to the account.",
    }


def test_the_account_may_be_left_out_but_not_be_nonsense(wire: Wire) -> None:
    wire.http.headers["x-checkly-account"] = "nonsense"
    refused = wire.http.get("/v1/accounts/me")
    del wire.http.headers["x-checkly-account"]
    allowed = wire.http.get("/v1/accounts/me")

    assert (refused.status_code, allowed.status_code) == (400, 200)
    assert '"x-checkly-account"' in refused.json()["message"]


@pytest.mark.parametrize(("method", "path"), ENDPOINTS[2:6])
def test_what_is_unknown_is_not_found(wire: Wire, method: str, path: str) -> None:
    answer = wire.http.request(method, path, json={} if method == "POST" else None)

    assert answer.status_code == 404
    assert answer.json()["error"] == "Not Found"


def test_an_unknown_result_is_not_found(wire: Wire) -> None:
    session = wire.start()

    answer = wire.http.get(f"/v1/test-sessions/{session}/results/{uuid.UUID(int=2)}")

    assert answer.status_code == 404


@pytest.mark.parametrize("path", ["/v1/test-sessions/x", "/v1/test-sessions/x/completion"])
def test_an_id_that_is_none_is_a_bad_request(wire: Wire, path: str) -> None:
    answer = wire.http.get(path)

    assert answer.status_code == 400
    assert '"testSessionId"' in answer.json()["message"]


def test_ids_are_found_in_any_case(wire: Wire) -> None:
    session = wire.start()

    assert wire.get(session.upper())["testSessionId"] == session


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": ""}, "name"),
        ({"runLocation": "mars-1"}, "runLocation"),
        ({"target": {"matchTags": ["smoke"]}}, "target.matchTags[0]"),
        ({"retryStrategy": {"type": "FIXED", "maxRetries": 99}}, "retryStrategy.maxRetries"),
    ],
)
def test_a_bad_trigger_is_refused_by_field_and_starts_nothing(
    wire: Wire, body: dict[str, Any], field: str
) -> None:
    answer = wire.trigger(**body)

    assert answer.status_code == 400
    assert answer.json()["message"].startswith(f'"{field}": ')
    assert wire.emulator.sessions == []


@pytest.mark.parametrize(("status", "code"), [(404, None), (403, "ERR_NO_MATCHING_CHECKS")])
def test_no_matching_checks(serve: Start, status: int, code: str | None) -> None:
    wire = serve(replace(default_world(), no_matching_checks=status))

    answer = wire.trigger(target={"matchTags": [["nothing-has-this"]]})

    assert answer.status_code == status
    assert answer.json().get("errorCode") == code
    assert "No matching checks" in answer.json()["message"]
    assert wire.emulator.sessions == []


def test_a_plan_that_is_used_up_asks_for_payment(serve: Start) -> None:
    wire = serve(replace(default_world(), session_limit=1))
    wire.start()

    answer = wire.trigger()

    assert answer.status_code == 402
    assert answer.json()["error"] == "Payment Required"


def test_a_running_session_shows_what_is_known(serve: Start) -> None:
    wire = serve(world_of(check("Quick", duration=1), check("Slow", duration=50)), time_scale=0)
    session = wire.start()
    wire.emulator.advance(10)

    shown = wire.get(session)

    assert (shown["status"], shown["stoppedAt"], shown["timeElapsed"]) == ("RUNNING", None, 10_000)
    quick, slow = shown["results"]
    assert (quick["resultType"], quick["status"], quick["responseTime"]) == (
        "FINAL",
        "PASSED",
        1000,
    )
    assert (slow["resultType"], slow["status"], slow["responseTime"]) == (
        "PENDING",
        "RUNNING",
        None,
    )
    assert slow["startedAt"] is not None
    assert slow["stoppedAt"] is None


def test_a_twenty_minute_session_takes_no_time_at_all(serve: Start) -> None:
    wire = serve(world_of(check("Slow", duration=1200)), virtual_time=True)
    begin = time.monotonic()

    ended = wire.finish(wire.start())

    assert ended["timeElapsed"] == 1_200_000
    assert wire.emulator.counts["completion"] >= 40
    assert time.monotonic() - begin < 5


def test_completion_says_408_in_time_and_200_at_the_end(serve: Start) -> None:
    wire = serve(world_of(check("Quick", duration=1.5)))
    session = wire.start()
    begin = time.monotonic()

    first = wire.completion(session, wait=1)
    waited = time.monotonic() - begin
    second = wire.completion(session)

    assert (first.status_code, first.json()["error"]) == (408, "Request Timeout")
    assert 0.9 < waited < 1.4
    assert second.status_code == 200
    assert second.json() == wire.get(session)


@pytest.mark.parametrize("wait", [0, 31, "soon", "inf", "nan", -1])
def test_completion_waits_between_1_and_30_seconds(wire: Wire, wait: Any) -> None:
    answer = wire.completion(wire.start(), wait=wait)

    assert answer.status_code == 400
    assert '"maxWaitSeconds"' in answer.json()["message"]


def test_retries_show_as_attempts_with_their_errors(serve: Start) -> None:
    flaky = check("Flaky", outcome="flaky", failures=2, error="boom")
    wire = serve(world_of(flaky), virtual_time=True)

    ended = wire.finish(wire.start(retryStrategy={"type": "LINEAR", "baseBackoffSeconds": 5}))

    assert ended["status"] == "PASSED"
    assert [r["resultType"] for r in ended["results"]] == ["ATTEMPT", "ATTEMPT", "FINAL"]
    assert [r["status"] for r in ended["results"]] == ["FAILED", "FAILED", "PASSED"]
    assert ended["timeElapsed"] == (1 + 5 + 1 + 10 + 1) * 1000
    assert len(ended["errorGroupIds"]) == 1
    assert ended["results"][2]["errorGroupIds"] == []


def test_the_same_error_is_the_same_group_in_every_session(serve: Start) -> None:
    wire = serve(world_of(check("A", outcome="failed"), check("B", outcome="failed")))

    first, second = (wire.finish(wire.start()) for _ in range(2))

    assert first["errorGroupIds"] == second["errorGroupIds"]
    assert len(first["errorGroupIds"]) == 2


@pytest.mark.parametrize(
    ("outcome", "status", "flags"),
    [
        ("passed", "PASSED", set()),
        ("degraded", "PASSED", {"isDegraded"}),
        ("failed", "FAILED", {"hasFailures"}),
        ("aborted", "FAILED", {"hasFailures", "hasErrors", "aborted"}),
        ("cancelled", "CANCELLED", set()),
        ("flaky", "FAILED", {"hasFailures"}),
    ],
)
def test_endings_show_in_status_and_flags(
    serve: Start, outcome: str, status: str, flags: set[str]
) -> None:
    wire = serve(world_of(check("A", outcome=outcome)), virtual_time=True)

    ended = wire.finish(wire.start())

    [result] = ended["results"]
    assert (ended["status"], result["status"]) == (status, status)
    names = ("hasErrors", "hasFailures", "isDegraded", "aborted")
    assert {name for name in names if result[name]} == flags


def test_a_failure_outweighs_a_cancellation(serve: Start) -> None:
    wire = serve(
        world_of(check("A", outcome="failed"), check("B", outcome="cancelled")), virtual_time=True
    )

    assert wire.finish(wire.start())["status"] == "FAILED"


def test_outcomes_can_change_from_session_to_session_and_place_to_place(serve: Start) -> None:
    broken = Ending(outcomes=("failed",))
    changing = replace(
        check("A"), ending=Ending(outcomes=("failed", "passed")), by_location={"us-east-1": broken}
    )
    wire = serve(world_of(changing), virtual_time=True)

    here = [wire.finish(wire.start())["status"] for _ in range(3)]
    there = wire.finish(wire.start(runLocation="us-east-1"))["status"]

    assert here == ["FAILED", "PASSED", "PASSED"]
    assert there == "FAILED"


def test_cancel_stops_playwright_runs_and_no_others(serve: Start) -> None:
    wire = serve(
        world_of(
            check("Suite", "PLAYWRIGHT", duration=100),
            check("Done", "PLAYWRIGHT", duration=1),
            check("Page", "BROWSER", duration=100),
        ),
        time_scale=0,
    )
    session = wire.start()
    wire.emulator.advance(10)

    answer = wire.cancel(session)
    still = wire.get(session)
    wire.emulator.advance(100)
    ended = wire.get(session)

    assert (answer.status_code, answer.content) == (204, b"")
    assert still["status"] == "RUNNING"
    assert final(still) == {"Suite": "CANCELLED", "Done": "PASSED"}
    assert ended["status"] == "CANCELLED"
    assert final(ended) == {"Suite": "CANCELLED", "Done": "PASSED", "Page": "PASSED"}


def test_cancel_takes_the_sequences_it_is_told(serve: Start) -> None:
    wire = serve(
        world_of(check("A", "PLAYWRIGHT", duration=9), check("B", "PLAYWRIGHT", duration=9)),
        time_scale=0,
    )
    session = wire.start()
    [entry] = wire.http.get("/v1/test-sessions").json()["entries"]

    wire.cancel(session, {"sequenceId": [entry["running"][1].upper()]})

    assert final(wire.get(session)) == {"B": "CANCELLED"}
    [entry] = wire.http.get("/v1/test-sessions").json()["entries"]
    assert (len(entry["running"]), len(entry["cancelled"])) == (1, 1)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"sequenceId": []}', b'{"sequenceIds": []}'])
def test_cancel_needs_a_json_object(wire: Wire, body: bytes) -> None:
    session = wire.start()

    answer = wire.http.post(
        f"/v1/test-sessions/{session}/cancel",
        content=body,
        headers={"Content-Type": "application/json"},
    )

    assert answer.status_code == 400


def test_cancel_wakes_those_who_wait(serve: Start) -> None:
    wire = serve(world_of(check("Suite", "PLAYWRIGHT", duration=5000)))
    session = wire.start()
    second = Wire(wire.emulator)
    with second.http:
        begin = time.monotonic()
        timer = threading.Timer(0.3, lambda: second.cancel(session))
        timer.start()
        ended = wire.completion(session)
        timer.join()

    assert ended.json()["status"] == "CANCELLED"
    assert time.monotonic() - begin < 3


def test_a_private_location_without_an_agent_never_starts(serve: Start) -> None:
    wire = serve(virtual_time=True)
    private = wire.start(runLocation="warehouse", target={"matchTags": [["smoke"]]})
    public = wire.start(runLocation="office-berlin", target={"matchTags": [["smoke"]]})

    waiting = wire.completion(private)
    [result, *_] = wire.get(private)["results"]

    assert waiting.status_code == 408
    assert (result["resultType"], result["startedAt"]) == ("PENDING", None)
    assert wire.finish(public)["status"] == "PASSED"


@pytest.mark.parametrize("kind", ["API", "BROWSER", "MULTI_STEP", "PLAYWRIGHT", "AGENTIC", "TCP"])
@pytest.mark.parametrize("outcome", ["passed", "failed"])
def test_results_tell_details_by_type(serve: Start, kind: str, outcome: str) -> None:
    wire = serve(world_of(check("A", kind, outcome, error="boom")), virtual_time=True)
    session = wire.start(runLocation="office-berlin")
    [result] = wire.finish(session)["results"]

    detail = wire.http.get(
        f"/v1/test-sessions/{session}/results/{result['testSessionResultId']}"
    ).json()

    assert detail.items() >= result.items()
    assert detail["id"] == result["testSessionResultId"]
    assert detail["attempts"] == 1
    assert detail["privateLocationId"] is not None
    own = [key for key in detail if key.endswith("CheckResult")]
    assert len(own) == (0 if kind == "TCP" else 1)
    if kind not in {"API", "TCP"}:
        assert ("boom" in str(detail[own[0]])) == (outcome == "failed")


def test_a_network_error_is_told_in_the_result(serve: Start) -> None:
    wire = serve(
        world_of(check("A", "API", "failed", error="refused", network_error=True)),
        virtual_time=True,
    )
    session = wire.start()
    [result] = wire.finish(session)["results"]

    detail = wire.http.get(
        f"/v1/test-sessions/{session}/results/{result['testSessionResultId']}"
    ).json()

    assert detail["apiCheckResult"]["requestError"] == "refused"


def test_locations_and_account(wire: Wire) -> None:
    regions = {item["region"] for item in wire.http.get("/v1/locations").json()}
    account = wire.http.get("/v1/accounts/me").json()

    assert {"eu-west-1", "us-east-1"} <= regions
    assert account["id"] == wire.emulator.account_id


def test_private_locations_tell_their_agents_when_asked(serve: Start) -> None:
    alive = PrivateLocation(id="1", slug="a", name="A", agents=2)
    wire = serve(
        replace(default_world(), private_locations=(alive, replace(alive, slug="b", agents=0)))
    )

    brief = wire.http.get("/v1/private-locations").json()
    full = wire.http.get("/v1/private-locations", params={"versions": "true"}).json()

    assert [item["agentCount"] for item in brief] == [2, 0]
    assert "runningAgents" not in brief[0]
    assert [len(item["runningAgents"]) for item in full] == [1, 0]
    assert full[0]["runningAgents"][0]["count"] == 2


def test_answers_are_dated_by_the_emulators_own_clock(serve: Start) -> None:
    wire = serve(time_scale=0)
    before = wire.http.get("/v1/accounts/me").headers["Date"]
    wire.emulator.advance(86_400)
    after = wire.http.get("/v1/accounts/me").headers["Date"]

    assert before != after


def names(wire: Wire, **query: Any) -> list[str]:
    answer = wire.http.get("/v1/checks", params={"limit": 100} | query)
    assert answer.status_code == 200, answer.text
    return [item["name"] for item in answer.json()]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"tag": "flaky"}, {"Recommendations"}),
        ({"tag": ["flaky", "legacy"]}, {"Recommendations", "Old checkout"}),
        ({"tag[]": ["flaky", "legacy"]}, {"Recommendations", "Old checkout"}),
        ({"tag": "payments"}, {"Checkout", "Payment gateway"}),
        ({"checkType": "PLAYWRIGHT"}, {"Checkout"}),
        ({"search": "CHECKOUT"}, {"Checkout", "Old checkout"}),
        ({"status": "degraded"}, {"Image resizing"}),
        ({"status": "failing"}, {"Newsletter sign-up", "Old checkout"}),
        ({"apiCheckUrlFilterPattern": "staging."}, {"Newsletter sign-up", "Image resizing"}),
        ({"search": "no such"}, set()),
    ],
)
def test_checks_are_filtered(wire: Wire, query: dict[str, Any], expected: set[str]) -> None:
    assert set(names(wire, **query)) == expected


def test_checks_come_in_pages_with_their_total(wire: Wire) -> None:
    total = len(default_world().checks)
    first = wire.http.get("/v1/checks")
    pages = [names(wire, limit=7, page=page) for page in (1, 2, 3, 4)]

    assert len(first.json()) == 10
    assert first.headers["Content-Range"] == f"0-9/{total}"
    assert [len(page) for page in pages] == [7, 7, total - 14, 0]
    assert len({name for page in pages for name in page}) == total


def test_group_settings_are_applied_when_asked(wire: Wire) -> None:
    plain = wire.http.get("/v1/checks", params={"search": "Payment"}).json()[0]["tags"]
    applied = wire.http.get(
        "/v1/checks", params={"search": "Payment", "applyGroupSettings": "true"}
    ).json()[0]["tags"]

    assert plain == ["production"]
    assert applied == ["production", "payments", "critical"]


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 101},
        {"limit": "many"},
        {"limit": [1, 2]},
        {"page": 0},
        {"page": -1},
        {"checkType": "MAGIC"},
        {"status": "RUNNING"},
        {"applyGroupSettings": "yes"},
        {"apiCheckUrlFilterPattern": ""},
        {"unknown": 1},
    ],
)
def test_bad_parameters_are_named(wire: Wire, query: dict[str, Any]) -> None:
    answer = wire.http.get("/v1/checks", params=query)

    assert answer.status_code == 400
    assert f'"{next(iter(query))}"' in answer.json()["message"]
