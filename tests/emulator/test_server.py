"""The server as a whole: it starts, serves the main job, lets tests look inside, and stops."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from runner.emulator.server import Emulator, EmulatorError
from runner.emulator.world.world import default_world

from .conftest import Wire

if TYPE_CHECKING:
    from runner.emulator.transport.faulty import Exchange

    from .conftest import Start


def test_a_session_is_started_followed_and_passes(wire: Wire) -> None:
    target = {"matchTags": [["production", "smoke"], ["critical", "!flaky"]]}

    session = wire.start(target=target)
    assert wire.get(session)["status"] == "RUNNING"
    ended = wire.finish(session)

    assert ended["status"] == "PASSED"
    assert {r["resultType"] for r in ended["results"]} == {"FINAL"}
    assert "Old checkout" not in {r["name"] for r in ended["results"]}


def test_the_demo_takes_a_few_seconds_of_real_time(serve: Start) -> None:
    wire = serve(time_scale=20)

    ended = wire.finish(wire.start(target={"matchTags": [["production", "smoke"]]}))

    assert 1_000 < ended["timeElapsed"] < 5_000


def test_sessions_show_the_exact_body_that_came_in(wire: Wire) -> None:
    secret = {"key": "TOKEN", "value": "s3cret", "secret": True}

    wire.trigger(name="Exact", environmentVariables=[secret], refreshCache=False)

    [session] = wire.emulator.sessions
    assert session["body"] == {
        "name": "Exact",
        "runLocation": "eu-west-1",
        "environmentVariables": [secret],
        "refreshCache": False,
    }


def test_requests_are_counted_and_listed(wire: Wire) -> None:
    wire.http.get("/v1/checks", params={"limit": 3})
    wire.trigger(runLocation="nowhere")

    assert wire.emulator.counts == {"checks": 1, "trigger": 1}
    first, second = wire.emulator.requests
    assert (first["endpoint"], first["query"], first["status"]) == ("listChecks", "limit=3", 200)
    assert (second["endpoint"], second["status"]) == ("triggerTestSession", 400)


def test_the_same_seed_gives_the_same_ids_and_none_gives_new_ones(serve: Start) -> None:
    first, again, other, new, newer = (serve(seed=s) for s in (7, 7, 8, None, None))

    ids = [wire.get(wire.start()) for wire in (first, again, other, new, newer)]

    assert ids[0]["testSessionId"] == ids[1]["testSessionId"]
    results = [[r["testSessionResultId"] for r in shown["results"]] for shown in ids]
    assert results[0] == results[1]
    assert len({shown["testSessionId"] for shown in ids}) == 4


def test_a_watcher_may_look_and_steer() -> None:
    seen: list[int] = []

    def watch(_: Exchange) -> None:
        seen.append(len(emulator.sessions))
        emulator.advance(60)

    with Emulator(default_world(), time_scale=0, watch=watch) as emulator:
        wire = Wire(emulator)
        with wire.http:
            session = wire.start()
            assert wire.get(session)["status"] != "RUNNING"

    assert seen == [1, 1]


def test_answers_are_not_held_back_by_nagles_algorithm(wire: Wire) -> None:
    wire.http.get("/v1/accounts/me")

    # Measured, it would be 40 ms more or less, which a busy machine hides; so look at the socket.
    desk = wire.emulator._desk
    assert desk is not None
    [transport] = desk.connections._open.values()
    connection = transport.get_extra_info("socket")
    assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_taken_port_is_an_error_that_says_so(wire: Wire) -> None:
    with pytest.raises(EmulatorError, match=f"can't listen on 127.0.0.1:{wire.emulator.port}"):
        Emulator(default_world(), port=wire.emulator.port).start()


def test_the_variables_point_clients_at_it(wire: Wire) -> None:
    assert wire.emulator.environment == {
        "CHECKLY_ENV": "local",
        "CHECKLY_API_URL": wire.emulator.url,
        "CHECKLY_ACCOUNT_ID": wire.emulator.account_id,
        "CHECKLY_API_KEY": wire.emulator.api_key,
    }


def test_it_serves_on_ipv6_loopback(serve: Start) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 here")

    wire = serve(host="::1")

    assert wire.emulator.url.startswith("http://[::1]:")
    assert wire.http.get("/v1/accounts/me").status_code == 200


def test_stopping_frees_those_who_wait(serve: Start) -> None:
    wire = serve(time_scale=0)
    session = wire.start()
    outcome: list[object] = []

    def follow() -> None:
        try:
            outcome.append(wire.completion(session).status_code)
        except httpx.TransportError as error:
            outcome.append(error)

    follower = threading.Thread(target=follow)
    follower.start()
    while "completion" not in wire.emulator.counts:
        time.sleep(0.01)
    begin = time.monotonic()
    wire.emulator.stop()
    follower.join(5)

    assert time.monotonic() - begin < 2
    assert isinstance(outcome[0], httpx.TransportError)


def test_looking_inside_works_after_the_end_and_not_before_the_start() -> None:
    emulator = Emulator(default_world())
    with pytest.raises(EmulatorError, match="not started"):
        _ = emulator.sessions
    with emulator:
        pass
    assert emulator.sessions == []
    emulator.stop()  # twice does no harm
