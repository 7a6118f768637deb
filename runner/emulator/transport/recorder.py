"""Writes the traffic down as JSON lines, without keys and secrets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from runner.emulator.sessions.views import timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from runner.emulator.transport.faulty import Exchange
    from runner.emulator.world.clock import Clock

MASK = "***"
_HIDDEN_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})


class Recorder:
    """Appends one line for each exchange to a file."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._stream = path.open("a", encoding="utf-8")
        self._clock = clock

    def write(self, exchange: Exchange) -> None:
        """Write an exchange, masked, and make sure that it is on file."""
        self._stream.write(json.dumps(record(exchange, self._clock.now())) + "\n")
        self._stream.flush()

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


def record(exchange: Exchange, now: float) -> dict[str, Any]:
    """Return an exchange as a JSON value without keys and secrets.

    Args:
        exchange: The request and its answer.
        now: When the answer was ready, by the emulator's clock.
    """
    request, answer = exchange.request, exchange.answer
    return {
        "at": timestamp(exchange.started),
        "seconds": round(now - exchange.started, 3),
        "operation": exchange.operation,
        "method": request.method,
        "path": request.url.path,
        "query": request.url.query,
        "headers": {
            name: MASK if name in _HIDDEN_HEADERS else value
            for name, value in request.headers.items()
        },
        "body": mask_variables(exchange.body),
        "fault": None if exchange.fault is None else exchange.fault.kind,
        "status": None if answer is None else answer.status,
        "answer": None if answer is None else answer.body,
    }


def mask_variables(body: Any) -> Any:
    """Return a trigger's body with the values of its secret variables masked.

    The official CLI's own trigger does not say which variables are secret: there all are masked.
    """
    if not isinstance(body, dict) or not isinstance(body.get("environmentVariables"), list):
        return body
    return body | {"environmentVariables": list(_masked(body["environmentVariables"]))}


def _masked(variables: list[Any]) -> Iterator[Any]:
    for variable in variables:
        if isinstance(variable, dict) and variable.get("secret") is not False:
            yield variable | {"value": MASK}
        else:
            yield variable if isinstance(variable, dict) else MASK
