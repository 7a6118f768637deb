"""The private routes that the official CLI uses beside the public API.

They are not part of the contract; what they take and give was observed on release 8 of the npm
package `checkly`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.routing import Route

from runner.emulator.sessions import views
from runner.emulator.sessions.api import NO_MATCHING_CHECKS, Answer, Refusal, condition
from runner.emulator.sessions.sessions import error_groups, error_message
from runner.emulator.transport.app import Desk, read_json, refuse
from runner.emulator.transport.faulty import Exchange

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from runner.emulator.sessions.sessions import Session

_METADATA = ("repoUrl", "commitId", "commitOwner", "commitMessage", "branchName")


def next_routes(desk: Desk) -> list[Route]:
    """Return the routes, each behind the same authentication as the public ones."""

    def guarded(
        operation: str,
        handle: Callable[[Desk, Exchange], Awaitable[Answer]],
    ) -> Callable[[Request], Awaitable[Response]]:
        async def serve(request: Request) -> Response:
            clock = desk.account.clock
            clock.touch()
            exchange = Exchange(operation, request, None, started=clock.now())
            try:
                desk.authenticate(request)
                desk.authorize(request.headers.get("x-checkly-account"))
                exchange.answer = await handle(desk, exchange)
            except Refusal as error:
                exchange.answer = refuse(error)
            desk.watch(exchange)
            return desk.respond(exchange.answer)

        return serve

    return [
        Route("/next/accounts", guarded("listNextAccounts", _accounts)),
        Route("/next/accounts/{account}", guarded("getNextAccount", _account)),
        Route("/next/users/me", guarded("getNextUser", _user)),
        Route("/v1/test-session-error-groups/{group}", guarded("getErrorGroup", _error_group)),
        Route(
            "/next/test-sessions/trigger",
            guarded("triggerNextTestSession", _trigger),
            methods=["POST"],
        ),
        Route("/next/test-sessions/{session}/link", guarded("getNextSessionLink", _link)),
        Route(
            "/next/test-sessions/{session}/results/{result}/links",
            guarded("getNextResultLinks", _links),
        ),
        Route("/v1/check-statuses", guarded("listCheckStatuses", _statuses)),
    ]


async def _accounts(desk: Desk, exchange: Exchange) -> Answer:
    del exchange
    return Answer(200, [views.account_view(desk.account.world)])


async def _account(desk: Desk, exchange: Exchange) -> Answer:
    if exchange.request.path_params["account"].lower() != desk.account.world.account_id:
        raise Refusal(404, "There is no such account.")
    return Answer(200, views.account_view(desk.account.world))


async def _user(desk: Desk, exchange: Exchange) -> Answer:
    del exchange
    return Answer(200, {"id": desk.account.world.account_id, "name": "Emulated user"})


async def _error_group(desk: Desk, exchange: Exchange) -> Answer:
    wanted = exchange.request.path_params["group"].lower()
    now = desk.account.clock.now()
    seen = [
        (session, run)
        for session in desk.account.store
        for run in session.runs
        if wanted in error_groups(run, now)
    ]
    if not seen:
        raise Refusal(404, f"There is no error group {wanted}.")
    run = seen[0][1]
    return Answer(
        200,
        {
            "id": wanted,
            "projectId": desk.account.world.account_id,
            "environments": [],
            "errorHash": wanted.replace("-", ""),
            "rawErrorMessage": error_message(run),
            "cleanedErrorMessage": error_message(run),
            "firstSeen": views.timestamp(seen[0][0].started),
            "lastSeen": views.timestamp(seen[-1][0].started),
            "archivedUntilNextEvent": False,
        },
    )


async def _trigger(desk: Desk, exchange: Exchange) -> Answer:
    desk.counts["next-trigger"] += 1
    exchange.body = body = await read_json(exchange.request)
    if not isinstance(body, dict):
        raise Refusal(400, '"body" must be of type object')
    try:
        session = desk.account.start(
            name=_text(body, "name"),
            location=_location(body),
            target=_target(body),
            retry=body.get("testRetryStrategy"),
            metadata=_metadata(body),
            body=body,
        )
    except Refusal as error:
        if error.status == 404:
            raise Refusal(403, error.message, NO_MATCHING_CHECKS) from error
        raise
    except (TypeError, AttributeError, KeyError) as error:
        raise Refusal(400, '"body" is not a trigger of the Checkly CLI') from error
    return Answer(
        201,
        {
            "testSessionId": session.id,
            "checks": [views.check_view(run.check, apply_group=False) for run in session.runs],
            "sequenceIds": {run.check.id: run.sequence_id for run in session.runs},
        },
    )


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise Refusal(400, f'"{name}" is required')
    return value


def _location(body: Mapping[str, Any]) -> str:
    location = body.get("runLocation")
    if isinstance(location, dict):
        location = (
            location.get("slugName")
            if location.get("type") == "PRIVATE"
            else (location.get("region"))
        )
    if not isinstance(location, str) or not location:
        raise Refusal(400, '"runLocation" is required')
    return location


def _target(body: Mapping[str, Any]) -> dict[str, Any]:
    target = {"matchTags": body.get("targetTags"), "checkId": body.get("checkId")}
    return {key: value for key, value in target.items() if value}


def _metadata(body: Mapping[str, Any]) -> dict[str, Any]:
    repo = body.get("repoInfo") or {}
    metadata = {name: str(repo[name]) for name in _METADATA if repo.get(name)}
    if isinstance(body.get("environment"), str):
        metadata["environment"] = body["environment"]
    return metadata


def _session(desk: Desk, exchange: Exchange) -> Session:
    return desk.account.session(exchange.request.path_params["session"])


async def _link(desk: Desk, exchange: Exchange) -> Answer:
    session = _session(desk, exchange)
    return Answer(200, {"link": views.session_link(desk.account.app, session)})


async def _links(desk: Desk, exchange: Exchange) -> Answer:
    session = _session(desk, exchange)
    result = exchange.request.path_params["result"]
    link = f"{views.session_link(desk.account.app, session)}/results/{result}"
    return Answer(
        200,
        {
            "testResultLink": link,
            "testTraceLinks": [],
            "videoLinks": [],
            "screenshotLinks": [],
        },
    )


async def _statuses(desk: Desk, exchange: Exchange) -> Answer:
    del exchange
    return Answer(
        200,
        [
            {
                "checkId": check.id,
                "name": check.name,
                "hasErrors": False,
                "hasFailures": condition(check) == "failing",
                "isDegraded": condition(check) == "degraded",
            }
            for check in desk.account.world.checks
            if check.activated
        ],
    )
