"""Answers that say something odd: sound JSON, but for what a fault asks for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runner.emulator.world.faults import Fault

_OTHER_ID = "00000000-0000-4000-8000-000000000000"
_LONE = "cut \ud83d"
_FOREIGN = "caf\u00e9"


def changed(fault: Fault, body: bytes) -> bytes:
    """Return the body of an answer with what the fault changes in it."""
    value = json.loads(body or b"null")
    for each in _objects(value):
        CHANGES[fault.kind](each, fault)
    # A lone surrogate is escaped, as Node.js does it; a foreign byte is kept.
    encoding = "latin-1" if fault.kind == "latin-1" else "ascii"
    return json.dumps(value, ensure_ascii=encoding == "ascii").encode(encoding, "replace")


def _objects(value: Any) -> list[dict[str, Any]]:
    """The objects that an answer is about: itself, its entries, or those of a list."""
    if isinstance(value, dict):
        value = value.get("entries") if isinstance(value.get("entries"), list) else [value]
    listed = value if isinstance(value, list) else ()
    return [each for each in listed if isinstance(each, dict)]


def _end(each: dict[str, Any], _: Fault) -> None:
    each |= {"status": "PASSED", "stoppedAt": each.get("startedAt")}


def _name_status(each: dict[str, Any], fault: Fault) -> None:
    if each.get("status") != "RUNNING":
        each["status"] = fault.options.get("word", "TIMED_OUT")


def _hold_back(each: dict[str, Any], _: Fault) -> None:
    for result in each.get("results") or ():
        result |= {"resultType": "PENDING", "status": "RUNNING"}


def _contradict(each: dict[str, Any], _: Fault) -> None:
    for result in (each.get("results") or ())[:1]:
        result["hasFailures"] = True


CHANGES: Mapping[str, Callable[[dict[str, Any], Fault], Any]] = {
    "no-id": lambda each, _: each.pop("testSessionId", None),
    "other-id": lambda each, _: each.update(testSessionId=_OTHER_ID),
    "ended": _end,
    "unknown-status": _name_status,
    "late-results": _hold_back,
    "no-results": lambda each, _: each.pop("results", None),
    "contradiction": _contradict,
    "surrogate": lambda each, _: each.update(note=_LONE),
    "latin-1": lambda each, _: each.update(note=_FOREIGN),
}
"""The change that each kind of fault makes to an object of the answer."""
