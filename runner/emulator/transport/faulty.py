"""Spoils an answer the way a fault asks for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from runner.emulator.sessions.api import Answer, error_body
from runner.emulator.transport import wire
from runner.emulator.transport.changes import CHANGES, changed

if TYPE_CHECKING:
    from starlette.requests import Request

    from runner.emulator.world.clock import Clock
    from runner.emulator.world.faults import Fault

_HTML = b"<html><head><title>%d</title></head><body><h1>Bad gateway</h1></body></html>"
_WARMING_UP = b"Service is warming up."


class Exchange:
    """A request and what became of it.

    Attributes:
        operation: The operation's id.
        body: The parsed JSON body; None without one.
        fault: The fault that struck, if any.
        answer: The API's answer; None when the work was never done.
        started: When it came in, by the emulator's clock.
    """

    __slots__ = ("answer", "body", "fault", "operation", "request", "started")

    def __init__(
        self, operation: str, request: Request, fault: Fault | None, *, started: float
    ) -> None:
        self.operation = operation
        self.request = request
        self.fault = fault
        self.started = started
        self.body: Any = None
        self.answer: Answer | None = None


Work = Callable[[], "Awaitable[Answer]"]
_REFUSALS = frozenset({"429", "500", "502", "503", "status"})
_REPLACED = frozenset({"reset-before", "hang", "html", "echo", "huge-body"}) | _REFUSALS


@dataclass(frozen=True, slots=True)
class Spoiler:
    """Answers requests the way a fault has it: with or without doing the work, correctly or not.

    Attributes:
        respond: Turns an answer into a sound response.
        connections: Where connections are torn down.
        clock: The emulator's time.
    """

    respond: Callable[[Answer], Response]
    connections: wire.Connections
    clock: Clock

    async def answer(self, fault: Fault, work: Work, request: Request) -> tuple[Any, Response]:
        """Return the API's own answer (None when the work was not done) and what is sent."""
        if fault.kind not in _REPLACED:
            answer = await work()
            return answer, self._damaged(fault, answer)
        done = await work() if fault.after_work else None
        if fault.kind == "echo":
            return done, self._echo(fault, await request.body())
        if fault.kind == "reset-before":
            await request.body()  # so that every client is past writing when the reset comes
        return done, self._replaced(fault)

    def _replaced(self, fault: Fault) -> Response:
        """Return what is sent instead of the answer."""
        match fault.kind:
            case "reset-before":
                return wire.Reset(self.connections)
            case "hang":
                return wire.Hang()
            case "html":
                status = int(fault.number("status", 502))
                return Response(_HTML % status, status, media_type="text/html")
            case "huge-body":
                return wire.huge(int(fault.number("size", 100_000_000)), status=200)
            case _:
                return self.respond(_refusal(fault, self.clock.now()))

    def _echo(self, fault: Fault, body: bytes) -> Response:
        status = int(fault.number("status", 400))
        text = body.decode("utf-8", "replace")
        return self.respond(Answer(status, error_body(status, f"Can't process {text}")))

    def _damaged(self, fault: Fault, answer: Answer) -> Response:
        """Return the answer to work that was done, damaged."""
        response = self.respond(answer)
        body = bytes(response.body)
        if fault.kind == "reset-after":
            return wire.Reset(self.connections)
        if fault.kind == "reset-body":
            return wire.Reset(self.connections, body=body, status=answer.status)
        headers = {"Date": response.headers["Date"]}
        if fault.kind == "slow-body":
            seconds = fault.number("seconds", 5)
            return wire.slow(body, answer.status, headers, seconds=seconds, clock=self.clock)
        if fault.kind == "not-json":
            return Response(_WARMING_UP, answer.status, headers, media_type="text/plain")
        if fault.kind == "date":
            moment = self.clock.now() + fault.number("shift", 3600)
            headers["Date"] = formatdate(moment, usegmt=True)
        elif fault.kind in CHANGES:
            body = changed(fault, body)
        else:
            body = _CUTS[fault.kind](body)
        return Response(body, answer.status, headers, media_type="application/json")


_CUTS: Mapping[str, Callable[[bytes], bytes]] = {
    "truncated": lambda body: body[: len(body) * 2 // 3],
    "empty": lambda _: b"",
}


def _refusal(fault: Fault, now: float) -> Answer:
    status = int(fault.number("status", 503)) if fault.kind == "status" else int(fault.kind)
    message = fault.options.get("message", "A fault was requested.")
    body = error_body(status, message, fault.options.get("code"))
    after = fault.options.get("retry-after")
    if after is None:
        return Answer(status, body)
    if after.startswith("date+"):
        after = formatdate(now + float(after.removeprefix("date+")), usegmt=True)
    return Answer(status, body, {"Retry-After": after})
