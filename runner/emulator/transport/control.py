"""The emulator's own routes under `/__emulator__/`: inspect and control it, for tests."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from starlette.routing import Route

from runner.emulator.sessions.api import Answer, Refusal
from runner.emulator.transport.app import Desk, read_json
from runner.emulator.world.faults import FaultSyntaxError, parse_fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response


def control_routes(desk: Desk) -> list[Route]:
    """Return the routes; they ask for the same key as the API."""

    def route(path: str, method: str, act: Callable[[Desk, Any], Any]) -> Route:
        async def serve(request: Request) -> Response:
            desk.authenticate(request)
            body = await read_json(request) if method == "POST" else None
            return desk.respond(Answer(200, act(desk, body)))

        return Route(f"/__emulator__/{path}", serve, methods=[method])

    return [
        route("sessions", "GET", lambda desk, _: snapshot(desk)),
        route("requests", "GET", lambda desk, _: dict(desk.counts)),
        route("time", "GET", lambda desk, _: {"now": desk.account.clock.now()}),
        route("advance", "POST", _advance),
        route("faults", "POST", _faults),
        route("reset", "POST", _reset),
    ]


def snapshot(desk: Desk) -> list[dict[str, Any]]:
    """Return the sessions for inspection: id, name, status, checks and the exact body."""
    now = desk.account.clock.now()
    return [
        {
            "id": session.id,
            "name": session.name,
            "status": session.status(now),
            "runLocation": session.location,
            "checks": [run.check.name for run in session.runs],
            "body": session.body,
        }
        for session in desk.account.store
    ]


def _advance(desk: Desk, body: Any) -> Any:
    seconds = body.get("seconds") if isinstance(body, dict) else None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise Refusal(400, '"seconds" must be a number')
    if not 0 <= seconds <= 1e9 or not math.isfinite(seconds):
        raise Refusal(400, '"seconds" must be from 0 to 1e9')
    desk.account.clock.advance(seconds)
    return {"now": desk.account.clock.now()}


def _faults(desk: Desk, body: Any) -> Any:
    texts = body.get("faults") if isinstance(body, dict) else None
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise Refusal(400, '"faults" must be a list of texts')
    try:
        faults = [parse_fault(text) for text in texts]
    except FaultSyntaxError as error:
        raise Refusal(400, str(error)) from error
    if not body.get("add"):
        desk.faults.clear()
    desk.faults.add(faults)
    return {"faults": len(faults)}


def _reset(desk: Desk, body: Any) -> Any:
    del body
    desk.account.store.clear()
    desk.account.runs_so_far.clear()
    desk.faults.clear()
    desk.counts.clear()
    desk.account.clock.wake()
    return {}
