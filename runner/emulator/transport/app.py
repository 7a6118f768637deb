"""HTTP in front of the API: routes, authentication, checking, faults, bookkeeping."""

from __future__ import annotations

import json
import logging
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from runner.emulator.sessions.api import HANDLERS, Account, Answer, Call, Refusal, error_body
from runner.emulator.transport.contract import Contract, Operation, Violation
from runner.emulator.transport.faulty import Exchange, Spoiler
from runner.emulator.world.faults import ENDPOINTS, Fault, FaultPlan

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from runner.emulator.transport.wire import Connections

_Endpoint = Callable[["Request"], "Awaitable[Response]"]
_log = logging.getLogger(__name__)

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
MAX_BODY_BYTES = 1_048_576
_SHORT_NAMES = {operation: name for name, operation in ENDPOINTS.items()}


@dataclass(slots=True)
class Desk:
    """All that the HTTP side of one emulator holds.

    Attributes:
        counts: Requests by short endpoint name, those that a fault struck included.
        watch: Called with every exchange once its answer is known.
    """

    account: Account
    contract: Contract
    faults: FaultPlan
    connections: Connections
    watch: Callable[[Exchange], None]
    counts: Counter[str] = field(default_factory=Counter)

    def authenticate(self, request: Request) -> None:
        """Let a request in by its key and account.

        Raises:
            Refusal: 401 for the key, 403 for the account.
        """
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or key.strip() not in self.account.world.api_keys:
            raise Refusal(401, "Bad API key. Send a valid one as a bearer token.")

    def authorize(self, account_id: str | None) -> None:
        """Let a request into the account it names; none named means the key's own.

        Raises:
            Refusal: It is not the served account.
        """
        if account_id is not None and account_id.lower() != self.account.world.account_id:
            raise Refusal(403, "This API key has no access to the account.")

    def respond(self, answer: Answer) -> Response:
        """Turn an answer into a response, dated by the emulator's own clock."""
        body = b"" if answer.body is None else json.dumps(answer.body).encode()
        response = Response(body, answer.status, dict(answer.headers))
        response.headers["Date"] = formatdate(self.account.clock.now(), usegmt=True)
        if answer.body is not None:
            response.headers["Content-Type"] = "application/json; charset=utf-8"
        return response


def build_app(desk: Desk, more_routes: list[Route]) -> Starlette:
    """Build the application: the contract's operations and further routes."""
    endpoints: dict[str, dict[str, _Endpoint]] = {}
    for operation in desk.contract.operations.values():
        by_method = endpoints.setdefault(operation.path, {})
        by_method[operation.method] = _endpoint(desk, operation)
        if operation.method == "GET":
            by_method["HEAD"] = by_method["GET"]
    # Fixed paths go first, or a pattern would swallow them.
    paths = sorted(endpoints, key=lambda path: path.count("{"))
    return Starlette(
        routes=[Route(path, _by_method(endpoints[path]), methods=_METHODS) for path in paths]
        + more_routes,
        exception_handlers={
            HTTPException: _http_error(desk),
            Refusal: _refused(desk),
            Exception: _failed(desk),
        },
    )


def _by_method(endpoints: dict[str, _Endpoint]) -> _Endpoint:
    """Serve a path, whatever the method: one that it does not have must not reach a pattern."""

    async def serve(request: Request) -> Response:
        if request.method not in endpoints:
            raise HTTPException(405, headers={"Allow": ", ".join(endpoints)})
        return await endpoints[request.method](request)

    return serve


def _http_error(desk: Desk) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def handle(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 -- registered for it alone
        text = f"{request.method} {request.url.path}: {error.detail.lower()}."
        headers = dict(error.headers or {})
        return desk.respond(Answer(error.status_code, error_body(error.status_code, text), headers))

    return handle


def _refused(desk: Desk) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def handle(request: Request, error: Exception) -> Response:
        del request
        assert isinstance(error, Refusal)  # noqa: S101 -- registered for it alone
        return desk.respond(refuse(error))

    return handle


def _failed(desk: Desk) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def handle(request: Request, error: Exception) -> Response:
        _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return desk.respond(Answer(500, error_body(500, "The emulator has a bug.")))

    return handle


def refuse(error: Refusal) -> Answer:
    """Turn a refusal into the answer that tells it."""
    return Answer(error.status, error_body(error.status, error.message, error.code))


def _endpoint(desk: Desk, operation: Operation) -> _Endpoint:
    name = _SHORT_NAMES[operation.id]
    spoiler = Spoiler(desk.respond, desk.connections, desk.account.clock)

    async def serve(request: Request) -> Response:
        account = desk.account
        desk.counts[name] += 1
        account.clock.touch()
        fault: Fault | None = None
        for struck in desk.faults.draw(name):
            if struck.kind == "latency":
                await account.clock.sleep(struck.number("seconds", 1))
            else:
                fault = struck
        exchange = Exchange(operation.id, request, fault, started=account.clock.now())

        async def work() -> Answer:
            try:
                return await _work(desk, operation, request, exchange)
            except Refusal as error:
                return refuse(error)

        if fault is None or fault.kind == "never-ends":
            exchange.answer = await work()
            response = desk.respond(exchange.answer)
        else:
            exchange.answer, response = await spoiler.answer(fault, work, request)
        desk.watch(exchange)
        return response

    return serve


async def _work(desk: Desk, operation: Operation, request: Request, exchange: Exchange) -> Answer:
    desk.authenticate(request)
    try:
        parameters = {
            p.name: p.read(_texts(request, p.place, p.name, p.kind)) for p in operation.parameters
        }
        desk.authorize(parameters["x-checkly-account"])
        _check_names(operation, request)
        body: Any = None
        if operation.body is not None:
            body = await read_json(request)
            exchange.body = body
            operation.check_body(body)
    except Violation as error:
        raise Refusal(400, str(error)) from error
    never_ends = exchange.fault is not None and exchange.fault.kind == "never-ends"
    return await HANDLERS[operation.id](Call(desk.account, parameters, body, never_ends))


def _texts(request: Request, place: str, name: str, kind: str) -> list[str]:
    """Return the values given for a parameter; lists may also be written `name[]`."""
    if place == "path":
        return [request.path_params[name]]
    if place == "header":
        return request.headers.getlist(name)
    texts = request.query_params.getlist(name)
    if kind == "array":
        texts += request.query_params.getlist(f"{name}[]")
    return texts


def _check_names(operation: Operation, request: Request) -> None:
    known = {p.name for p in operation.parameters if p.place == "query"}
    for name in request.query_params:
        if name.removesuffix("[]") not in known:
            raise Violation(f'"{name}" is not allowed')


async def read_json(request: Request) -> Any:
    """Read a JSON body of bounded size.

    Raises:
        Refusal: It is too large (413), of another type (415) or not JSON (400).
    """
    chunks = bytearray()
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size <= MAX_BODY_BYTES:  # the rest is read and dropped, so that the client hears us
                chunks += chunk
    except ClientDisconnect as error:
        raise Refusal(400, "The body ended early.") from error
    if size > MAX_BODY_BYTES:
        raise Refusal(413, f"The body is larger than {MAX_BODY_BYTES} bytes.")
    content_type = request.headers.get("content-type", "application/json")
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise Refusal(415, "Send the body as application/json.")
    try:
        return json.loads(chunks, parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise Refusal(400, '"body" is not valid JSON') from error


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):  # schema validators differ in what they take it for
        raise ValueError(f"{text} is too large")
    return number
