"""Bad clients: each gets an error answer, and the emulator goes on serving."""

from __future__ import annotations

import json
import resource
import socket
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import Wire

TRIGGER = "/v1/test-sessions/trigger"
GOOD = '{"name": "a", "runLocation": "eu-west-1", "target": {"matchTags": [["smoke"]]}'


@pytest.fixture(autouse=True)
def still_serving(wire: Wire) -> Iterator[None]:
    """After everything, a decent request is answered."""
    yield
    assert wire.http.get("/v1/accounts/me").status_code == 200


def raw(wire: Wire, data: bytes, *, read: bool = True) -> bytes:
    """Send bytes as they are and return what comes back until the other side closes."""
    with socket.create_connection((wire.emulator.host, wire.emulator.port), timeout=10) as line:
        line.sendall(data)
        received = b""
        with suppress(ConnectionResetError):  # it closed with some of our bytes still unread
            while read and (part := line.recv(65_536)):
                received += part
        return received


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nope",
        b'{"name": NaN, "runLocation": "eu-west-1"}',
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        (GOOD + ', "retryStrategy": {"type": "FIXED", "maxRetries": 1e999}}').encode(),
        (GOOD + ', "retryStrategy": {"type": "FIXED", "maxRetries": ' + "9" * 5000 + "}}").encode(),
        (GOOD + ', "metadata": {"commitId": 1e400}}').encode(),
        b"null",
        b'"text"',
    ],
)
def test_a_broken_body_is_a_bad_request(wire: Wire, body: bytes) -> None:
    answer = wire.http.post(TRIGGER, content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 400
    assert answer.json()["error"] == "Bad Request"
    assert wire.emulator.sessions == []


@pytest.mark.parametrize(
    "retry",
    [
        {"type": "FIXED", "baseBackoffSeconds": 1e308},
        {"type": "EXPONENTIAL", "baseBackoffSeconds": 1e308, "maxRetries": 10},
        {"type": "LINEAR", "baseBackoffSeconds": -1e308},
        {"type": "FIXED", "maxDurationSeconds": 0},
    ],
)
def test_extreme_numbers_are_taken_as_they_are(wire: Wire, retry: dict[str, object]) -> None:
    assert wire.finish(wire.start(retryStrategy=retry))["status"] == "FAILED"


def test_infinite_numbers_are_refused(wire: Wire) -> None:
    body = GOOD + ', "retryStrategy": {"type": "FIXED", "baseBackoffSeconds": 1e999}}'

    answer = wire.http.post(
        TRIGGER, content=body.encode(), headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 400


@pytest.mark.parametrize("name", ["\ud800", "\x00", "💥" * 1000, "\u202e", "a\nb"])
def test_strange_names_come_back_as_they_were(wire: Wire, name: str) -> None:
    body = json.dumps({"name": name, "runLocation": "eu-west-1"})

    answer = wire.http.post(
        TRIGGER, content=body.encode(), headers={"Content-Type": "application/json"}
    )

    assert answer.status_code in {201, 400}
    if answer.status_code == 201:
        assert answer.json()["name"] == name


def test_an_oversized_body_is_refused(wire: Wire) -> None:
    answer = wire.http.post(
        TRIGGER, content=b" " * 2_000_000, headers={"Content-Type": "application/json"}
    )

    assert (answer.status_code, answer.json()["statusCode"]) == (413, 413)


def test_a_body_of_many_megabytes_is_refused_in_words(wire: Wire) -> None:
    answer = wire.http.post(
        TRIGGER, content=b" " * 30_000_000, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 413
    assert "larger than" in answer.json()["message"]


def test_another_content_type_is_refused(wire: Wire) -> None:
    answer = wire.http.post(TRIGGER, data={"name": "a"})

    assert (answer.status_code, answer.json()["statusCode"]) == (415, 415)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/test-sessions", "GET"),
        ("POST", "/v1/checks", "GET"),
        ("GET", TRIGGER.replace("trigger", "x/cancel"), "POST"),
        ("GET", TRIGGER, "POST"),
        ("HEAD", TRIGGER, "POST"),
        ("PATCH", "/v1/accounts/me", "GET"),
    ],
)
def test_a_wrong_method_is_told_which_is_right(
    wire: Wire, method: str, path: str, allowed: str
) -> None:
    answer = wire.http.request(method, path)

    assert answer.status_code == 405
    assert method == "HEAD" or answer.json()["statusCode"] == 405
    assert allowed in answer.headers["Allow"]


@pytest.mark.parametrize("path", ["/", "/v1", "/v2/checks", "/v1/checks/", "/%00", "/v1/../etc"])
def test_an_unknown_path_is_not_found(wire: Wire, path: str) -> None:
    answer = wire.http.get(path)

    assert answer.status_code in {404, 307}
    if answer.status_code == 404:
        assert answer.json()["error"] == "Not Found"


def test_a_flood_of_headers_is_refused(wire: Wire) -> None:
    line = b"X-Flood: " + b"x" * 1000 + b"\r\n"

    answer = raw(wire, b"GET /v1/checks HTTP/1.1\r\nHost: x\r\n" + line * 66)

    assert answer.startswith(b"HTTP/1.1 4")


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /v1/checks HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused(wire: Wire, data: bytes) -> None:
    assert raw(wire, data + b"\r\n\r\n").startswith(b"HTTP/1.1 4")


def test_a_client_that_leaves_in_the_middle_of_its_body(wire: Wire) -> None:
    head = (
        f"POST {TRIGGER} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {wire.emulator.api_key}\r\n"
        "Content-Type: application/json\r\nContent-Length: 500\r\n\r\n{"
    )

    raw(wire, head.encode(), read=False)

    assert wire.emulator.sessions == []


def test_a_thousand_idle_connections_leave_room(wire: Wire) -> None:
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = min(1000, (limit - 200) // 2)
    with ExitStack() as stack:
        for _ in range(count):
            address = (wire.emulator.host, wire.emulator.port)
            stack.enter_context(socket.create_connection(address, timeout=10))
        assert wire.finish(wire.start(target={"matchTags": [["smoke"]]}))["status"] == "PASSED"
