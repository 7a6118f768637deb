"""Recorded traffic: complete, and without keys and secrets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from runner.emulator.server import Emulator, EmulatorError
from runner.emulator.transport.contract import load_contract
from runner.emulator.transport.recorder import mask_variables
from runner.emulator.world.world import default_world

if TYPE_CHECKING:
    from pathlib import Path

    from tests.emulator.conftest import Start, Wire


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_requests_and_answers_are_written_down(serve: Start, tmp_path: Path) -> None:
    path = tmp_path / "traffic.jsonl"
    wire = serve(record=path, virtual_time=True, faults=["500:on=account"])

    session = wire.start(name="Recorded")
    wire.finish(session)
    wire.http.get("/v1/checks", params={"limit": 2})
    wire.http.get("/v1/accounts/me")
    wire.emulator.stop()

    trigger, *_, checks, account = lines(path)
    assert (trigger["method"], trigger["path"]) == ("POST", "/v1/test-sessions/trigger")
    assert (trigger["status"], trigger["answer"]["testSessionId"]) == (201, session)
    assert trigger["body"]["name"] == "Recorded"
    assert (checks["query"], len(checks["answer"])) == ("limit=2", 2)
    assert (account["fault"], account["status"], account["answer"]) == ("500", None, None)


def test_no_key_and_no_secret_is_written(serve: Start, tmp_path: Path) -> None:
    path = tmp_path / "traffic.jsonl"
    wire = serve(record=path, faults=["echo:on=trigger,times=1"])

    for _ in range(2):
        wire.trigger(
            environmentVariables=[
                {"key": "TOKEN", "value": "hunter2", "secret": True},
                {"key": "URL", "value": "https://example.com", "secret": False},
            ]
        )
    wire.http.post("/v1/test-sessions/trigger", content=b'{"name": "hunter2"')
    wire.emulator.stop()

    text = path.read_text(encoding="utf-8")
    assert "hunter2" not in text
    assert wire.emulator.api_key not in text
    assert "https://example.com" in text


def test_what_the_official_cli_asks_is_written_down_too(serve: Start, tmp_path: Path) -> None:
    path = tmp_path / "traffic.jsonl"
    wire = serve(record=path)
    wire.http.post(
        "/next/test-sessions/trigger",
        json={
            "name": "a",
            "runLocation": {"type": "PUBLIC", "region": "eu-west-1"},
            "environmentVariables": [{"key": "TOKEN", "value": "hunter2"}],
        },
    )
    wire.http.get("/next/accounts/unknown")
    wire.emulator.stop()

    trigger, account = lines(path)
    assert (trigger["operation"], trigger["status"]) == ("triggerNextTestSession", 201)
    assert trigger["body"]["environmentVariables"] == [{"key": "TOKEN", "value": "***"}]
    assert (account["operation"], account["status"]) == ("getNextAccount", 404)


def test_recorded_answers_hold_against_the_contract(serve: Start, tmp_path: Path) -> None:
    path = tmp_path / "traffic.jsonl"
    wire = serve(record=path, virtual_time=True)
    session = wire.start()
    wire.finish(session)
    wire.cancel(session)
    wire.http.get("/v1/test-sessions")
    wire.emulator.stop()

    operations = load_contract().operations
    for line in lines(path):
        answer = operations[line["operation"]].check_answer(line["status"], line["answer"])
        assert answer == []


def test_recording_appends(serve: Start, tmp_path: Path) -> None:
    path = tmp_path / "traffic.jsonl"
    for _ in range(2):
        wire = serve(record=path)
        wire.http.get("/v1/locations")
        wire.emulator.stop()

    assert len(lines(path)) == 2


def test_a_record_that_cannot_be_written_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(EmulatorError, match=r"can't record to .*No such file"):
        Emulator(default_world(), record=tmp_path / "none" / "x").start()


@pytest.mark.parametrize(
    ("variables", "masked"),
    [
        (
            [{"key": "A", "value": "x", "secret": True}],
            [{"key": "A", "value": "***", "secret": True}],
        ),
        (
            [{"key": "A", "value": "x", "secret": False}],
            [{"key": "A", "value": "x", "secret": False}],
        ),
        ([{"key": "A", "value": "x"}], [{"key": "A", "value": "***"}]),
        (["A=x", 7], ["***", "***"]),
    ],
)
def test_variables_are_masked_unless_they_say_they_are_public(variables: Any, masked: Any) -> None:
    assert mask_variables({"environmentVariables": variables}) == {"environmentVariables": masked}


@pytest.mark.parametrize("body", [None, [], "x", {"name": "a"}, {"environmentVariables": "x"}])
def test_other_bodies_stay(body: Any) -> None:
    assert mask_variables(body) == body


def test_the_wire_fixture_is_usable_twice(wire: Wire) -> None:
    assert wire.http.get("/v1/locations").status_code == 200
