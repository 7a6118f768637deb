"""The OpenAPI document is valid, holds the facts of Checkly's API, and checks what it should."""

from __future__ import annotations

from typing import Any

import pytest
from openapi_spec_validator import validate

from runner.emulator.files.resources import schema_path
from runner.emulator.files.yamlfile import load_plain
from runner.emulator.transport.contract import Violation, load_contract, to_json_schema

DOCUMENT = load_plain(schema_path("checkly-api.openapi.yaml"))
SCHEMAS = DOCUMENT["components"]["schemas"]


def test_it_is_a_valid_openapi_3_document() -> None:
    assert DOCUMENT["openapi"].startswith("3.0.")
    validate(DOCUMENT)


def test_it_has_the_endpoints_that_are_used() -> None:
    endpoints = {
        (method, path): set(map(int, item["responses"]))
        for path, methods in DOCUMENT["paths"].items()
        for method, item in methods.items()
    }

    refused = {400, 401, 403, 429}
    session = "/v1/test-sessions/{testSessionId}"
    assert endpoints == {
        ("post", "/v1/test-sessions/trigger"): refused | {201, 402, 404, 413},
        ("get", "/v1/test-sessions"): refused | {200, 402},
        ("get", session): refused | {200, 404},
        ("get", f"{session}/completion"): refused | {200, 404, 408},
        ("post", f"{session}/cancel"): refused | {204, 404, 413},
        ("get", f"{session}/results/{{testSessionResultId}}"): refused | {200, 404},
        ("get", "/v1/locations"): refused | {200},
        ("get", "/v1/private-locations"): refused | {200},
        ("get", "/v1/accounts/me"): refused | {200, 404},
        ("get", "/v1/checks"): refused | {200},
    }


def test_the_trigger_asks_for_a_name_and_a_location_and_knows_the_rest() -> None:
    trigger = SCHEMAS["TriggerTestSessionRequest"]

    assert trigger["required"] == ["name", "runLocation"]
    assert set(trigger["properties"]) == {
        "name",
        "runLocation",
        "target",
        "environmentVariables",
        "retryStrategy",
        "refreshCache",
        "metadata",
    }
    assert set(trigger["properties"]["target"]["properties"]) == {
        "matchTags",
        "checkId",
        "allowDeactivated",
    }
    assert trigger["properties"]["environmentVariables"]["maxItems"] == 50


@pytest.mark.parametrize("name", ["status", "checkType", "resultType"])
def test_a_result_may_have_any_known_value(name: str) -> None:
    schema = SCHEMAS["TestSessionResult"]["properties"][name]
    if "$ref" in schema:
        schema = SCHEMAS[schema["$ref"].rpartition("/")[2]]

    assert (
        set(schema["enum"])
        == {
            "status": {"RUNNING", "FAILED", "PASSED", "CANCELLED"},
            "resultType": {"FINAL", "ATTEMPT", "PENDING"},
            "checkType": {
                "AGENTIC",
                "API",
                "BROWSER",
                "HEARTBEAT",
                "ICMP",
                "MULTI_STEP",
                "TCP",
                "PLAYWRIGHT",
                "URL",
                "DNS",
                "SSL",
                "GRPC",
                "TRACEROUTE",
            },
        }[name]
    )


def check(body: Any) -> str:
    """Return what the contract has against the body of a trigger; empty when it is fine."""
    try:
        load_contract().operations["triggerTestSession"].check_body(body)
    except Violation as violation:
        return str(violation)
    return ""


def with_variable(**variable: Any) -> Any:
    return {"name": "a", "runLocation": "b", "environmentVariables": [variable]}


def with_retry(**strategy: Any) -> Any:
    return {"name": "a", "runLocation": "b", "retryStrategy": strategy}


@pytest.mark.parametrize(
    "body",
    [
        {"name": "a", "runLocation": "b"},
        {"name": "a", "runLocation": "b", "retryStrategy": None},
        {"name": "a", "runLocation": "b", "target": {}},
        {"name": "a", "runLocation": "b", "target": {"matchTags": [[]], "checkId": []}},
        with_variable(key="K", value="v"),
        with_variable(key="K", value=None),
        with_variable(key="K", value="v", secret=False, locked=True),
        with_variable(key="K", value="", secret=True),
        with_variable(key="K", value=None, secret=True),
        with_retry(type="SINGLE_RETRY", baseBackoffSeconds=0, sameRegion=False),
        with_retry(type="FIXED", maxRetries=10, maxDurationSeconds=0),
        with_retry(type="LINEAR", onlyOn=["NETWORK_ERROR"]),
        with_retry(type="EXPONENTIAL", onlyOn=[], maxRetries=1.5, maxDurationSeconds=600),
        {"name": "a", "runLocation": "b", "metadata": {"branchName": None}},
        {"name": "a", "runLocation": "b", "metadata": {"github": {"reporting": True}}},
    ],
)
def test_what_the_contract_allows_passes(body: Any) -> None:
    assert check(body) == ""


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([], "body"),
        (None, "body"),
        ({"runLocation": "b"}, "body"),
        ({"name": "", "runLocation": "b"}, "name"),
        ({"name": 1, "runLocation": "b"}, "name"),
        ({"name": "a", "runLocation": ""}, "runLocation"),
        ({"name": "a", "runLocation": "b", "labels": {}}, "body"),
        ({"name": "a", "runLocation": "b", "target": {"tags": []}}, "target"),
        ({"name": "a", "runLocation": "b", "target": None}, "target"),
        (
            {"name": "a", "runLocation": "b", "target": {"matchTags": ["x"]}},
            "target.matchTags[0]",
        ),
        (
            {"name": "a", "runLocation": "b", "target": {"matchTags": [["x", ""]]}},
            "target.matchTags[0][1]",
        ),
        (
            {"name": "a", "runLocation": "b", "target": {"checkId": ["x"]}},
            "target.checkId[0]",
        ),
        (
            {"name": "a", "runLocation": "b", "target": {"allowDeactivated": "yes"}},
            "target.allowDeactivated",
        ),
        ({"name": "a", "runLocation": "b", "refreshCache": None}, "refreshCache"),
        (
            {
                "name": "a",
                "runLocation": "b",
                "environmentVariables": [{"key": "K", "value": "v"}] * 51,
            },
            "environmentVariables",
        ),
        (with_variable(key="", value="v"), "environmentVariables[0].key"),
        (with_variable(key="K"), "environmentVariables[0]"),
        (with_variable(key="K", value=""), "environmentVariables[0].value"),
        (with_variable(key="K", value=5), "environmentVariables[0].value"),
        (with_variable(key="K", value="v", locked="no"), "environmentVariables[0].locked"),
        (with_variable(key="K", value="v", secret="yes"), "environmentVariables[0].secret"),
        (with_retry(), "retryStrategy"),
        (with_retry(type="NONE"), "retryStrategy.type"),
        (with_retry(type="SINGLE_RETRY", maxRetries=1), "retryStrategy"),
        (with_retry(type="FIXED", maxRetries=0), "retryStrategy.maxRetries"),
        (with_retry(type="FIXED", maxRetries=11), "retryStrategy.maxRetries"),
        (with_retry(type="LINEAR", maxDurationSeconds=601), "retryStrategy.maxDurationSeconds"),
        (with_retry(type="FIXED", onlyOn=["TIMEOUT"]), "retryStrategy.onlyOn[0]"),
        (
            {"name": "a", "runLocation": "b", "metadata": {"environment": ""}},
            "metadata.environment",
        ),
        ({"name": "a", "runLocation": "b", "metadata": {"branch": "x"}}, "metadata"),
    ],
)
def test_what_breaks_the_contract_is_named_by_its_field(body: Any, field: str) -> None:
    assert check(body).startswith(f'"{field}": ')


def test_a_refusal_does_not_quote_the_value() -> None:
    assert "hunter2" not in check(with_variable(key="K", value=["hunter2"]))
    assert "hunter2" not in check(with_variable(key="K", value="v", secret="hunter2"))


def test_answers_are_checked_by_operation_and_status() -> None:
    contract = load_contract()
    me, cancel = contract.operations["getCurrentAccount"], contract.operations["cancelTestSession"]

    assert me.check_answer(200, {"id": "x", "somethingNew": 1}) == []
    assert me.check_answer(200, {"name": "x"}) != []
    assert me.check_answer(418, {}) == ["getCurrentAccount does not answer 418"]
    assert cancel.check_answer(204, None) == []
    assert cancel.check_answer(204, {}) != []


def test_a_parameter_that_is_missing_is_named() -> None:
    [session, *_] = load_contract().operations["getTestSession"].parameters

    with pytest.raises(Violation, match='"testSessionId" is required'):
        session.read([])


def test_an_incomplete_installation_is_told() -> None:
    with pytest.raises(FileNotFoundError, match=r"schemas/none\.json is missing"):
        schema_path("none.json")


def test_the_document_is_read_once() -> None:
    assert load_contract() is load_contract()


def test_nullable_without_a_type_stays_open() -> None:
    assert to_json_schema({"nullable": True}) == {}
    assert to_json_schema({"type": "string", "nullable": True}) == {"type": ["string", "null"]}
