"""Faults over a socket: what the client sees, and how many sessions there are afterwards."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from tests.emulator.conftest import Start, Wire


SMOKE = {"name": "a", "runLocation": "eu-west-1"}


def counted(wire: Wire) -> int:
    return len(wire.emulator.sessions)


@pytest.mark.parametrize(("kind", "sessions"), [("reset-before", 0), ("reset-after", 1)])
def test_a_reset_sends_nothing(serve: Start, kind: str, sessions: int) -> None:
    wire = serve(faults=[f"{kind}:on=trigger"])

    with pytest.raises(httpx.ReadError):
        wire.trigger()

    assert counted(wire) == sessions


def test_a_reset_in_the_body_cuts_it(serve: Start) -> None:
    wire = serve(faults=["reset-body:on=trigger"])
    received = bytearray()

    def read() -> None:
        with wire.http.stream("POST", "/v1/test-sessions/trigger", json=SMOKE) as answer:
            assert answer.status_code == 201
            for part in answer.iter_raw():
                received.extend(part)

    with pytest.raises(httpx.ReadError):
        read()

    assert received.startswith(b'{"testSessionId"')
    assert counted(wire) == 1


@pytest.mark.parametrize(
    ("fault", "status", "sessions"),
    [
        ("429", 429, 0),
        ("500", 500, 0),
        ("500:work=after", 500, 1),
        ("502", 502, 0),
        ("503:work=after", 503, 1),
        ("status:status=418", 418, 0),
        ("status", 503, 0),
        ("status:status=499", 499, 0),
    ],
)
def test_an_error_comes_before_or_after_the_work(
    serve: Start, fault: str, status: int, sessions: int
) -> None:
    wire = serve(faults=[fault])

    answer = wire.trigger()

    assert answer.status_code == status
    assert answer.json()["statusCode"] == status
    assert "Retry-After" not in answer.headers
    assert counted(wire) == sessions


def test_an_error_says_what_it_is_told_to_say(serve: Start) -> None:
    wire = serve(faults=["status:status=403,message=No,code=ERR_NO_MATCHING_CHECKS"])

    assert wire.trigger().json() == {
        "statusCode": 403,
        "error": "Forbidden",
        "message": "No",
        "errorCode": "ERR_NO_MATCHING_CHECKS",
    }


def test_retry_after_is_seconds_or_a_date_by_the_servers_clock(serve: Start) -> None:
    wire = serve(faults=["429:times=1,retry-after=7", "429:retry-after=date+7"], time_scale=0)

    seconds, date = wire.trigger(), wire.trigger()

    assert seconds.headers["Retry-After"] == "7"
    moment = parsedate_to_datetime(date.headers["Retry-After"])
    assert (moment - parsedate_to_datetime(date.headers["Date"])).total_seconds() == 7


@pytest.mark.parametrize(
    ("fault", "status", "sessions"), [("html", 502, 0), ("html:status=503,work=after", 503, 1)]
)
def test_a_gateway_answers_in_html(serve: Start, fault: str, status: int, sessions: int) -> None:
    wire = serve(faults=[fault])

    answer = wire.trigger()

    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/html")
    assert counted(wire) == sessions


@pytest.mark.parametrize("kind", ["truncated", "not-json", "empty"])
def test_a_body_that_is_no_json_comes_with_a_good_status(serve: Start, kind: str) -> None:
    wire = serve(faults=[f"{kind}:on=trigger,times=1"])

    answer = wire.trigger()

    assert answer.status_code == 201
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        answer.json()
    assert answer.headers["Content-Type"].startswith(
        "text/plain" if kind == "not-json" else "application/json"
    )
    assert counted(wire) == 1
    assert wire.trigger().json()["testSessionId"]


def test_a_created_session_without_its_id(serve: Start) -> None:
    wire = serve(faults=["no-id"])

    answer = wire.trigger()

    assert (answer.status_code, answer.json()["name"]) == (201, "Smoke")
    assert "testSessionId" not in answer.json()
    assert wire.http.get("/v1/checks").status_code == 200


def test_an_id_can_be_taken_from_answers_that_are_lists_without_harm(serve: Start) -> None:
    wire = serve(faults=["no-id:on=locations", "no-id:on=cancel"])

    assert isinstance(wire.http.get("/v1/locations").json(), list)
    assert wire.cancel(wire.start()).status_code == 204


def test_a_slow_body_trickles(serve: Start) -> None:
    wire = serve(faults=["slow-body:on=account,seconds=0.5"])
    begin = time.monotonic()

    with wire.http.stream("GET", "/v1/accounts/me") as answer:
        first = time.monotonic() - begin
        body = answer.read()

    assert first < 0.4
    assert 0.4 < time.monotonic() - begin < 3
    assert int(answer.headers["Content-Length"]) == len(body)
    assert wire.emulator.account_id.encode() in body


def test_a_reset_comes_too_late_for_a_client_that_has_left(serve: Start) -> None:
    wire = serve(faults=["latency:on=trigger,seconds=0.3", "reset-before:on=trigger"])

    with pytest.raises(httpx.ReadTimeout):
        wire.http.post("/v1/test-sessions/trigger", json=SMOKE, timeout=0.1)
    time.sleep(0.5)

    assert wire.http.get("/v1/accounts/me").status_code == 200


def test_a_hang_lasts_until_the_client_leaves(serve: Start) -> None:
    wire = serve(faults=["hang:on=trigger,work=after,times=1"])

    with pytest.raises(httpx.ReadTimeout):
        wire.http.post(
            "/v1/test-sessions/trigger", json={"name": "a", "runLocation": "eu-west-1"}, timeout=0.2
        )

    assert counted(wire) == 1
    assert wire.trigger().status_code == 201


def test_a_huge_body_is_as_large_as_asked(serve: Start) -> None:
    wire = serve(faults=["huge-body:on=get,size=300000"])
    session = wire.start()
    size = 0

    with wire.http.stream("GET", f"/v1/test-sessions/{session}") as answer:
        for part in answer.iter_raw():
            size += len(part)

    assert size == 300_000


def test_an_echo_quotes_the_request(serve: Start) -> None:
    wire = serve(faults=["echo:on=trigger"])

    answer = wire.trigger(name="Echoed")

    assert answer.status_code == 400
    assert "Echoed" in answer.json()["message"]


def test_latency_delays_and_then_answers(serve: Start) -> None:
    wire = serve(faults=["latency:on=account,seconds=0.3", "429:on=account"])
    begin = time.monotonic()

    answer = wire.http.get("/v1/accounts/me")

    assert 0.25 < time.monotonic() - begin < 2
    assert answer.status_code == 429


def test_a_session_that_never_ends(serve: Start) -> None:
    wire = serve(faults=["never-ends:times=1"], virtual_time=True)
    smoke = {"matchTags": [["smoke"]]}
    endless, usual = wire.start(), wire.start(target=smoke)

    assert wire.finish(usual)["status"] == "PASSED"
    assert [wire.completion(endless).status_code for _ in range(3)] == [408, 408, 408]
    [entry] = wire.http.get("/v1/test-sessions", params={"statuses": "RUNNING"}).json()["entries"]
    assert (entry["id"], entry["stoppedAt"]) == (endless, None)


def test_faults_come_and_go_while_it_serves(wire: Wire) -> None:
    wire.emulator.add_fault("500:on=account")
    struck = wire.http.get("/v1/accounts/me").status_code
    wire.emulator.clear_faults()
    cleared = wire.http.get("/v1/accounts/me").status_code

    assert (struck, cleared) == (500, 200)
    assert [request["fault"] for request in wire.emulator.requests] == ["500", None]


def test_a_worlds_own_faults_strike_too(serve: Start) -> None:
    from dataclasses import replace

    from runner.emulator.world.faults import parse_fault
    from runner.emulator.world.world import default_world

    wire = serve(replace(default_world(), faults=(parse_fault("503:on=checks"),)))

    assert wire.http.get("/v1/checks").status_code == 503
