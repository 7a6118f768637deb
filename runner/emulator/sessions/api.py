"""The endpoints of the public API: values in, an answer out, no HTTP."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from runner.emulator.sessions import views
from runner.emulator.sessions.ids import Ids
from runner.emulator.sessions.matching import select
from runner.emulator.sessions.sessions import CursorError, Session, SessionStore
from runner.emulator.sessions.timeline import Run, never_starting, plan_run

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from runner.emulator.world.clock import Clock
    from runner.emulator.world.world import Check, PrivateLocation, World

_DEFAULT_WAIT_SECONDS = 30.0
NO_MATCHING_CHECKS = "ERR_NO_MATCHING_CHECKS"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: status, JSON body (None for no body) and further headers."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """A request that is refused.

    Attributes:
        status: HTTP status.
        message: What is wrong, for people.
        code: What is wrong, for programs; None if the API has no code for it.
    """

    def __init__(self, status: int, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code


def error_body(status: int, message: str, code: str | None = None) -> dict[str, Any]:
    """Return the body that the API sends with an error."""
    names = {known.value: known.phrase for known in HTTPStatus}
    error = names.get(status, "Unknown Error")
    body: dict[str, Any] = {"statusCode": status, "error": error, "message": message}
    if code is not None:
        body["errorCode"] = code
    return body


@dataclass(slots=True)
class Account:
    """The served account: a world and what has happened in it.

    Attributes:
        app: Address of the web application that links lead to.
        new_id: Makes the ids of sessions and results.
    """

    world: World
    clock: Clock
    app: str
    new_id: Ids = field(default_factory=Ids)
    store: SessionStore = field(default_factory=SessionStore)
    runs_so_far: Counter[tuple[str, str]] = field(default_factory=Counter)

    def start(
        self,
        *,
        name: str,
        location: str,
        target: Mapping[str, Any],
        retry: Mapping[str, Any] | None,
        metadata: Mapping[str, Any],
        body: Mapping[str, Any],
        never_ends: bool = False,
    ) -> Session:
        """Start a session.

        Raises:
            Refusal: The plan, the location or the target does not allow it.
        """
        limit = self.world.session_limit
        if limit is not None and len(self.store) >= limit:
            raise Refusal(402, "The plan's test sessions are used up. Upgrade to start more.")
        private = self._private(location)
        if private is None and location not in self._regions():
            raise Refusal(400, f'"runLocation": no such location: {location}')
        checks = select(self.world.checks, target)
        if not checks:
            status = self.world.no_matching_checks
            code = NO_MATCHING_CHECKS if status == HTTPStatus.FORBIDDEN else None
            raise Refusal(status, "No matching checks found.", code)
        now = self.clock.now()
        session = Session(
            id=self.new_id(),
            number=len(self.store),
            name=name,
            location=location,
            private_location_id=private.id if private else None,
            started=now,
            runs=tuple(
                self._run(check, location, private, retry, now, "never" if never_ends else None)
                for check in checks
            ),
            metadata=metadata,
            provider="TRIGGER",
            body=body,
        )
        self.store.add(session)
        return session

    def session(self, session_id: str) -> Session:
        """Return a session by id.

        Raises:
            Refusal: There is none.
        """
        session = self.store.get(session_id)
        if session is None:
            raise Refusal(404, f"There is no test session {session_id}.")
        return session

    def _run(
        self,
        check: Check,
        location: str,
        private: PrivateLocation | None,
        retry: Mapping[str, Any] | None,
        now: float,
        outcome: str | None,
    ) -> Run:
        if private is not None and private.agents == 0:
            return never_starting(check, start=now, location=location, new_id=self.new_id)
        nth = self.runs_so_far[check.id, location]
        self.runs_so_far[check.id, location] += 1
        return plan_run(
            check,
            start=now,
            location=location,
            outcome=outcome or check.ending_at(location).outcome(nth),
            retry=retry,
            regions=self._regions(),
            new_id=self.new_id,
        )

    def _regions(self) -> list[str]:
        return [location.region for location in self.world.locations]

    def _private(self, slug: str) -> PrivateLocation | None:
        found = [loc for loc in self.world.private_locations if loc.slug == slug]
        return found[0] if found else None


@dataclass(frozen=True, slots=True)
class Call:
    """A request after all checks: its parameters by name and its JSON body.

    Attributes:
        never_ends: Whether a fault wants the session it starts never to end.
    """

    account: Account
    parameters: Mapping[str, Any]
    body: Any = None
    never_ends: bool = False


async def trigger(call: Call) -> Answer:
    """Start a session from the contract's request."""
    body = call.body
    session = call.account.start(
        name=body["name"],
        location=body["runLocation"],
        target=body.get("target", {}),
        retry=body.get("retryStrategy"),
        metadata=body.get("metadata", {}),
        body=body,
        never_ends=call.never_ends,
    )
    return Answer(201, _view(call.account, session))


async def find(call: Call) -> Answer:
    """List sessions."""
    account = call.account
    now = account.clock.now()
    try:
        page, cursor = account.store.page(call.parameters, now)
    except CursorError as error:
        raise Refusal(400, str(error)) from error
    entries = [views.entry_view(session, now, account.world.account_id) for session in page]
    return Answer(200, {"length": len(entries), "entries": entries, "nextId": cursor})


async def get(call: Call) -> Answer:
    """Read a session."""
    session = call.account.session(call.parameters["testSessionId"])
    return Answer(200, _view(call.account, session))


async def completion(call: Call) -> Answer:
    """Wait for a session's end, and say 408 when it takes longer."""
    account = call.account
    session = account.session(call.parameters["testSessionId"])
    wait = call.parameters["maxWaitSeconds"] or _DEFAULT_WAIT_SECONDS
    deadline = account.clock.now() + wait
    while session.ends > (now := account.clock.now()):
        if now >= deadline:
            raise Refusal(408, "The test session is still running. Ask again.")
        await account.clock.sleep_until(min(deadline, session.ends))
    return Answer(200, _view(account, session))


async def cancel(call: Call) -> Answer:
    """Stop the Playwright runs of a session."""
    account = call.account
    session = account.session(call.parameters["testSessionId"])
    session.cancel(account.clock.now(), call.body.get("sequenceId"))
    account.clock.wake()
    return Answer(204)


async def result(call: Call) -> Answer:
    """Read a result."""
    account = call.account
    session = account.session(call.parameters["testSessionId"])
    wanted = call.parameters["testSessionResultId"].lower()
    now = account.clock.now()
    for run in session.runs:
        for attempt in run.visible(now):
            if attempt.id == wanted:
                view = views.result_detail_view(session, run, attempt, now, account.app)
                return Answer(200, view)
    raise Refusal(404, f"There is no result {wanted} in this test session.")


async def locations(call: Call) -> Answer:
    """List the public locations."""
    return Answer(200, views.location_views(call.account.world))


async def private_locations(call: Call) -> Answer:
    """List the private locations."""
    now = call.account.clock.now()
    versions = call.parameters["versions"]
    return Answer(
        200,
        [
            views.private_location_view(location, now=now, versions=versions)
            for location in call.account.world.private_locations
        ],
    )


async def account_me(call: Call) -> Answer:
    """Read the account."""
    return Answer(200, views.account_view(call.account.world))


async def checks(call: Call) -> Answer:
    """List the checks, page by page; Content-Range has the total."""
    query = call.parameters
    found = [check for check in call.account.world.checks if _wanted(check, query)]
    limit, page = query["limit"], max(1, int(query["page"]))
    first = (page - 1) * limit
    shown = found[first : first + limit]
    apply_group = query["applyGroupSettings"]
    last = f"{first}-{first + len(shown) - 1}" if shown else "*"
    return Answer(
        200,
        [views.check_view(check, apply_group=apply_group) for check in shown],
        {"Content-Range": f"{last}/{len(found)}"},
    )


def _wanted(check: Check, query: Mapping[str, Any]) -> bool:
    url = query["apiCheckUrlFilterPattern"]
    return all(
        (
            not url or (check.type == "API" and url in (check.url or "")),
            not query["tag"] or not check.all_tags.isdisjoint(query["tag"]),
            not query["checkType"] or check.type == query["checkType"],
            not query["search"] or query["search"].casefold() in check.name.casefold(),
            not query["status"] or condition(check) == query["status"],
        )
    )


def condition(check: Check) -> str:
    """Return the state that a check is in by itself, outside of test sessions."""
    match check.ending.outcome(0):
        case "failed" | "aborted":
            return "failing"
        case "degraded":
            return "degraded"
        case _:
            return "passing"


def _view(account: Account, session: Session) -> dict[str, Any]:
    return views.session_view(session, account.clock.now(), account.app)


HANDLERS: Mapping[str, Callable[[Call], Awaitable[Answer]]] = {
    "triggerTestSession": trigger,
    "listTestSessions": find,
    "getTestSession": get,
    "awaitTestSessionCompletion": completion,
    "cancelTestSession": cancel,
    "getTestSessionResult": result,
    "listLocations": locations,
    "listPrivateLocations": private_locations,
    "getCurrentAccount": account_me,
    "listChecks": checks,
}
"""The function behind each operation of the contract."""
