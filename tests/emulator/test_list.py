"""Finding sessions: filters, cursor, and the order they come in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .conftest import Start, Wire


def found(wire: Wire, **query: Any) -> list[str]:
    answer = wire.http.get("/v1/test-sessions", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.json()["length"] == len(answer.json()["entries"])
    return [entry["name"] for entry in answer.json()["entries"]]


@pytest.fixture
def shop(serve: Start) -> Wire:
    """Five sessions, started one virtual minute apart."""
    wire = serve(time_scale=0)
    for name, tags, metadata in (
        ("alpha", ["smoke"], {"branchName": "main", "commitOwner": "ann"}),
        ("beta", ["smoke"], {"branchName": "dev", "commitOwner": "bob", "commitId": "abc123"}),
        ("gamma", ["regression"], {"commitMessage": "Fix the Basket", "environment": "staging"}),
        ("delta", ["nightly"], {"repoUrl": "https://example.com/shop"}),
        ("epsilon", ["smoke"], {}),
    ):
        wire.start(name=name, target={"matchTags": [tags]}, metadata=metadata)
        wire.emulator.advance(60)
    wire.start(name="zeta", target={"matchTags": [["smoke"]]})
    return wire


def test_the_newest_comes_first(shop: Wire) -> None:
    assert found(shop) == ["zeta", "epsilon", "delta", "gamma", "beta", "alpha"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"statuses": "RUNNING"}, ["zeta"]),
        ({"statuses": ["FAILED", "RUNNING"]}, ["zeta", "delta", "gamma"]),
        ({"statuses[]": ["CANCELLED"]}, []),
        ({"branches": ["main", "dev"]}, ["beta", "alpha"]),
        ({"branches[]": "main"}, ["alpha"]),
        ({"users": "ann"}, ["alpha"]),
        ({"users": "ann", "noUsers": "true"}, ["zeta", "epsilon", "delta", "gamma", "alpha"]),
        ({"noUsers": "true"}, ["zeta", "epsilon", "delta", "gamma", "beta", "alpha"]),
        ({"providers": "TRIGGER"}, ["zeta", "epsilon", "delta", "gamma", "beta", "alpha"]),
        ({"providers": ["GITHUB", "PW_REPORTER"]}, []),
        ({"textSearch": "BASKET"}, ["gamma"]),
        ({"textSearch": "abc123"}, ["beta"]),
        ({"textSearch": "eta"}, ["zeta", "beta"]),
        ({"textSearch": "example.com"}, ["delta"]),
        ({"errorGroupId": "none"}, []),
        ({"limit": 2}, ["zeta", "epsilon"]),
        ({"limit": ""}, ["zeta", "epsilon", "delta", "gamma", "beta", "alpha"]),
        ({"limit": 0}, []),
        ({"limit": -5}, []),
    ],
)
def test_sessions_are_filtered(shop: Wire, query: dict[str, Any], names: list[str]) -> None:
    assert found(shop, **query) == names


def test_sessions_are_filtered_by_time(shop: Wire) -> None:
    now = shop.emulator.now()

    assert found(shop, **{"from": now - 130}) == ["zeta", "epsilon", "delta"]
    assert found(shop, **{"from": now - 250, "to": now - 110}) == ["delta", "gamma", "beta"]


def test_sessions_are_filtered_by_error_group(shop: Wire) -> None:
    entries = shop.http.get("/v1/test-sessions").json()["entries"]
    [group] = {g for entry in entries if entry["name"] == "delta" for g in entry["errorGroupIds"]}

    assert found(shop, errorGroupId=group) == ["delta", "gamma"]


@pytest.mark.parametrize("limit", [0, 1, 2, 3, 5, 6, 7])
def test_pages_lead_through_all_sessions_once(shop: Wire, limit: int) -> None:
    names, cursor, pages = [], None, 0
    while pages == 0 or (cursor and limit):
        query = {"limit": limit} | ({"nextId": cursor} if cursor else {})
        answer = shop.http.get("/v1/test-sessions", params=query).json()
        names += [entry["name"] for entry in answer["entries"]]
        cursor = answer["nextId"]
        pages += 1

    assert names == ([] if limit == 0 else found(shop))
    assert pages == max(1, -(-6 // limit) if limit else 1)


def test_a_session_that_starts_in_between_does_not_shift_the_pages(shop: Wire) -> None:
    first = shop.http.get("/v1/test-sessions", params={"limit": 2}).json()
    shop.start(name="late")

    assert found(shop, limit=2, nextId=first["nextId"]) == ["delta", "gamma"]


@pytest.mark.parametrize(
    "cursor", ["x", "c2Vzc2lvbjox=", "!!!", "c2Vzc2lvbjotMQ", "ÿ", "b3RoZXI6MQ"]
)
def test_a_foreign_cursor_is_refused(shop: Wire, cursor: str) -> None:
    answer = shop.http.get("/v1/test-sessions", params={"nextId": cursor})

    assert answer.status_code == 400
    assert "nextId" in answer.json()["message"]


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 101},
        {"limit": 1.5},
        {"statuses": "running"},
        {"providers": "CLI"},
        {"textSearch": "ab"},
        {"textSearch": "x" * 201},
        {"from": "yesterday"},
        {"nextId": ""},
        {"noUsers": "1"},
        {"branch": "main"},
    ],
)
def test_bad_filters_are_named(shop: Wire, query: dict[str, Any]) -> None:
    answer = shop.http.get("/v1/test-sessions", params=query)

    assert answer.status_code == 400
    assert f'"{next(iter(query))}' in answer.json()["message"]


def test_an_entry_tells_where_a_session_comes_from(shop: Wire) -> None:
    entry = shop.http.get("/v1/test-sessions", params={"textSearch": "beta"}).json()["entries"][0]

    assert entry["accountId"] == shop.emulator.account_id
    assert (entry["branchName"], entry["commitOwner"], entry["commitId"]) == (
        "dev",
        "bob",
        "abc123",
    )
    assert (entry["region"], entry["provider"], entry["status"]) == (
        "eu-west-1",
        "TRIGGER",
        "PASSED",
    )
    assert len(entry["passed"]) == len(shop.get(entry["id"])["results"])
