"""Answers that say something odd."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runner.emulator.transport.changes import changed
from runner.emulator.world.faults import parse_fault

SESSION = {
    "testSessionId": "1",
    "status": "PASSED",
    "startedAt": "2026-08-01T12:00:00Z",
    "results": [{"status": "PASSED", "resultType": "FINAL", "hasFailures": False}],
}


def told(fault: str, value: Any = SESSION) -> Any:
    return json.loads(changed(parse_fault(fault), json.dumps(value).encode()))


@pytest.mark.parametrize(
    ("fault", "differs"),
    [
        ("other-id", {"testSessionId": "00000000-0000-4000-8000-000000000000"}),
        ("ended", {"stoppedAt": "2026-08-01T12:00:00Z"}),
        ("unknown-status", {"status": "TIMED_OUT"}),
        ("unknown-status:word=odd", {"status": "odd"}),
        (
            "late-results",
            {"results": [{"status": "RUNNING", "resultType": "PENDING", "hasFailures": False}]},
        ),
        (
            "contradiction",
            {"results": [{"status": "PASSED", "resultType": "FINAL", "hasFailures": True}]},
        ),
        ("surrogate", {"note": "cut \ud83d"}),
    ],
)
def test_a_change_is_all_that_differs(fault: str, differs: dict[str, Any]) -> None:
    assert told(fault) == {**SESSION, **differs}


@pytest.mark.parametrize(("fault", "gone"), [("no-id", "testSessionId"), ("no-results", "results")])
def test_what_is_left_out_is_gone(fault: str, gone: str) -> None:
    assert told(fault) == {key: value for key, value in SESSION.items() if key != gone}


def test_a_running_session_keeps_its_status() -> None:
    running = {**SESSION, "status": "RUNNING"}
    assert told("unknown-status", running) == running


@pytest.mark.parametrize("wrap", [lambda one: {"entries": [one, one]}, lambda one: [one]])
def test_each_entry_of_a_list_is_changed(wrap: Any) -> None:
    assert told("unknown-status", wrap(SESSION)) == wrap({**SESSION, "status": "TIMED_OUT"})


def test_a_foreign_byte_stands_as_it_is() -> None:
    body = changed(parse_fault("latin-1"), json.dumps(SESSION).encode())
    assert b'"caf\xe9"' in body
    with pytest.raises(UnicodeDecodeError):
        body.decode()


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"7"])
def test_an_answer_without_objects_stays_as_it_is(body: bytes) -> None:
    assert json.loads(changed(parse_fault("other-id"), body)) == json.loads(body or b"null")
