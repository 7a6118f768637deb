"""Emulators for the tests, whose every answer is held against the contract."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from runner.emulator.server import Emulator
from runner.emulator.world.world import World, default_world

from .watching import AnswerCheck

Start = Callable[..., "Wire"]


class Wire:
    """An emulator and a client that talks to it over a socket."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.http = httpx.Client(
            base_url=emulator.url,
            headers={
                "Authorization": f"Bearer {emulator.api_key}",
                "x-checkly-account": emulator.account_id,
            },
            timeout=20,
            verify=False,  # no certificates to load where there is no TLS
            trust_env=False,
        )

    def trigger(self, **body: Any) -> httpx.Response:
        given = {"name": "Smoke", "runLocation": "eu-west-1"} | body
        return self.http.post("/v1/test-sessions/trigger", json=given)

    def start(self, **body: Any) -> str:
        answer = self.trigger(**body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["testSessionId"])

    def get(self, session: str) -> Any:
        return self.http.get(f"/v1/test-sessions/{session}").json()

    def completion(self, session: str, wait: float = 30) -> httpx.Response:
        return self.http.get(
            f"/v1/test-sessions/{session}/completion", params={"maxWaitSeconds": wait}
        )

    def finish(self, session: str) -> Any:
        """Follow a session to its end, as a client has to."""
        while (answer := self.completion(session)).status_code == 408:
            pass
        assert answer.status_code == 200, answer.text
        return answer.json()

    def cancel(self, session: str, body: Any = None) -> httpx.Response:
        return self.http.post(f"/v1/test-sessions/{session}/cancel", json=body or {})


@pytest.fixture
def serve() -> Iterator[Start]:
    """Start emulators that end with the test; answers that break the contract fail it."""
    watch = AnswerCheck()

    with ExitStack() as stack:

        def start(world: World | None = None, **options: Any) -> Wire:
            emulator = Emulator(world or default_world(), watch=watch, **options)
            wire = Wire(stack.enter_context(emulator))
            stack.callback(wire.http.close)
            return wire

        yield start
    assert not watch.broken


@pytest.fixture
def wire(serve: Start) -> Wire:
    """An emulator of the default world whose time jumps over what nobody needs to wait for."""
    return serve(virtual_time=True)
