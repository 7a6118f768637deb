"""The private routes behind the official CLI."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx

    from tests.emulator.conftest import Wire


def trigger(wire: Wire, **body: Any) -> httpx.Response:
    given = {
        "name": "From the CLI",
        "runLocation": {"type": "PUBLIC", "region": "eu-west-1"},
        "targetTags": [["smoke"]],
        "environmentVariables": [],
        "repoInfo": None,
        "testRetryStrategy": None,
    } | body
    return wire.http.post("/next/test-sessions/trigger", json=given)


def test_a_trigger_tells_checks_and_their_sequences(wire: Wire) -> None:
    answer = trigger(
        wire, repoInfo={"branchName": "main", "commitId": "abc", "x": 1}, environment="staging"
    )

    told = answer.json()
    assert answer.status_code == 201
    assert set(told["sequenceIds"]) == {check["id"] for check in told["checks"]}
    shown = wire.get(told["testSessionId"])
    assert shown["metadata"] == {"branchName": "main", "commitId": "abc", "environment": "staging"}


def test_a_private_location_is_meant_by_its_slug(wire: Wire) -> None:
    answer = trigger(wire, runLocation={"type": "PRIVATE", "id": "x", "slugName": "office-berlin"})

    assert wire.emulator.sessions[0]["runLocation"] == "office-berlin"
    assert answer.status_code == 201


def test_no_matching_checks_is_forbidden_with_a_code(wire: Wire) -> None:
    answer = trigger(wire, targetTags=[["nothing"]])

    assert answer.status_code == 403
    assert answer.json()["errorCode"] == "ERR_NO_MATCHING_CHECKS"


@pytest.mark.parametrize(
    "body",
    [
        {"name": None},
        {"name": ""},
        {"runLocation": None},
        {"runLocation": {"type": "PUBLIC"}},
        {"runLocation": "mars-1"},
        {"targetTags": 7},
        {"targetTags": [[1]]},
        {"checkId": 5},
        {"repoInfo": "x"},
        {"testRetryStrategy": {"maxRetries": 1}},
        {"testRetryStrategy": {"type": "FIXED", "baseBackoffSeconds": "x"}},
    ],
)
def test_what_is_no_trigger_is_refused(wire: Wire, body: dict[str, Any]) -> None:
    assert trigger(wire, **body).status_code == 400


def test_a_body_that_is_no_object_is_refused(wire: Wire) -> None:
    assert wire.http.post("/next/test-sessions/trigger", json=[]).status_code == 400


def test_accounts_and_user(wire: Wire) -> None:
    account = wire.emulator.account_id

    assert [a["id"] for a in wire.http.get("/next/accounts").json()] == [account]
    assert wire.http.get(f"/next/accounts/{account}").json()["id"] == account
    assert wire.http.get(f"/next/accounts/{uuid.UUID(int=1)}").status_code == 404
    assert wire.http.get("/next/users/me").json()["name"]


def test_links_lead_to_sessions_and_results(wire: Wire) -> None:
    session = wire.start()
    [first, *_] = wire.get(session)["results"]

    link = wire.http.get(f"/next/test-sessions/{session}/link").json()["link"]
    links = wire.http.get(
        f"/next/test-sessions/{session}/results/{first['testSessionResultId']}/links"
    ).json()

    assert link == wire.get(session)["testSessionLink"]
    assert links["testResultLink"] == first["testSessionResultLink"]
    assert wire.http.get(f"/next/test-sessions/{uuid.UUID(int=1)}/link").status_code == 404


def test_statuses_say_how_the_checks_are(wire: Wire) -> None:
    statuses = {s["name"]: s for s in wire.http.get("/v1/check-statuses").json()}

    assert statuses["Newsletter sign-up"]["hasFailures"]
    assert statuses["Image resizing"]["isDegraded"]
    assert "Old checkout" not in statuses


def test_an_error_group_is_told_by_its_id(wire: Wire) -> None:
    [group] = wire.finish(wire.start(target={"matchTags": [["flaky"]]}))["errorGroupIds"]

    told = wire.http.get(f"/v1/test-session-error-groups/{group}")

    assert "Timeout 5000ms" in told.json()["rawErrorMessage"]
    assert wire.http.get(f"/v1/test-session-error-groups/{uuid.UUID(int=1)}").status_code == 404
