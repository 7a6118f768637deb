"""The Checkly API as the runner uses it: one method an endpoint, answers as values."""

import random
import re
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from typing import Self, TypeVar

from pydantic import TypeAdapter

from runner.checkly.account import Credentials
from runner.checkly.answers import read_list, read_object
from runner.checkly.api_errors import Redact, nonsense
from runner.checkly.exchange import ClientOptions, Exchange, Flight, Question
from runner.checkly.limiter import Limiter
from runner.checkly.retry import is_over_the_limit, may_send_again
from runner.checkly.wire import Reply
from runner.errors import ApiError, CannotRun
from runner.models.clock import Clock
from runner.models.contract.request import TriggerTestSessionRequest
from runner.models.events import Emit, Notice
from runner.models.response import (
    Account,
    Answer,
    Check,
    Entries,
    ListedSession,
    Location,
    PrivateLocation,
    ResultDetail,
    Session,
    SessionList,
)

A = TypeVar("A", bound=Answer)
T = TypeVar("T")

#: What a long poll answers when its time is over before the session (contract: 408).
NOT_YET = 408

#: What the completion endpoint takes at most (contract: ``maxWaitSeconds``).
MAX_WAIT_SECONDS = 30.0
#: Entries of a page (contract: ``limit`` of the lists).
PAGE = 100
#: More pages than this are no list but a server that goes round in circles.
MAX_PAGES = 1000
#: The ids that the API gives are UUIDs; nothing else may become part of a path.
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

_CHECKS: TypeAdapter[list[Check | None]] = TypeAdapter(Entries[Check])
_LOCATIONS: TypeAdapter[list[Location | None]] = TypeAdapter(Entries[Location])
_PRIVATE: TypeAdapter[list[PrivateLocation | None]] = TypeAdapter(Entries[PrivateLocation])


def _unmasked(text: str) -> str:
    return text


class Checkly:
    """A client of one account; an async context manager.

    Clients that are handed the same ``limiter`` keep its limit together.

    An entry of a list that can't be read is ``None`` in it, and told of once.

    Every method raises ``ApiError`` (``Unauthorized`` for 401, 402 and 403) for an answer that
    is not a success or makes no sense, and ``Unreachable`` where none came. Reads are asked again
    until ``patience_seconds`` are over; a trigger only while it surely was not accepted.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        clock: Clock,
        rng: random.Random,
        emit: Emit,
        redact: Redact = _unmasked,
        options: ClientOptions | None = None,
        limiter: Limiter | None = None,
    ) -> None:
        self.credentials = credentials
        options = options or ClientOptions()
        self._clock = clock
        self._emit = emit
        self._told: set[str] = set()
        self._exchange = Exchange(
            credentials,
            clock=clock,
            rng=rng,
            emit=emit,
            redact=redact,
            options=options,
            limiter=limiter or Limiter(clock, options.requests_per_minute),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._exchange.aclose()

    def server_now(self) -> datetime | None:
        """The server's clock, or ``None`` before its first answer; never later than the truth."""
        return self._exchange.server_now()

    async def trigger(
        self, request: TriggerTestSessionRequest, flight: Flight | None = None
    ) -> Session:
        """Start a session (``POST /v1/test-sessions/trigger``).

        It is sent again only where it surely was not accepted: no connection, or 429.
        """

        def parse(reply: Reply) -> Session:
            session = self._object(Session)(reply)
            if not _ID.fullmatch(session.id):
                raise nonsense(reply, "a session with an id")
            return session

        return await self._exchange.ask(
            Question("POST", "/v1/test-sessions/trigger", body=request.wire()),
            parse,
            again=may_send_again,
            flight=flight or Flight(),
        )

    async def completion(self, session_id: str, max_wait_seconds: float) -> Session | None:
        """Wait for the end of a session; ``None`` where it has not come yet (408).

        What answers is over, whatever its status says. Trouble is told at once, for
        :meth:`session` may know more.

        Args:
            session_id: The session.
            max_wait_seconds: How long the server may hold the answer back, 1 to 30.
        """
        wait = min(max(max_wait_seconds, 1.0), MAX_WAIT_SECONDS)
        path = f"/v1/test-sessions/{_checked(session_id)}/completion"
        question = Question("GET", path, {"maxWaitSeconds": f"{wait:g}"}, seconds=wait)
        try:
            return await self._exchange.ask(
                question, self._session(session_id), again=is_over_the_limit
            )
        except ApiError as error:
            if error.status == NOT_YET:
                return None
            raise

    async def session(self, session_id: str) -> Session:
        """A session as it is now."""
        question = Question("GET", f"/v1/test-sessions/{_checked(session_id)}")
        return await self._exchange.ask(question, self._session(session_id))

    async def sessions(self, **filters: str | int) -> AsyncIterator[list[ListedSession | None]]:
        """The account's sessions, newest first, page by page; ``filters`` as the API has them.

        Raises:
            ApiError: The list goes on for ever.
        """
        path = "/v1/test-sessions"
        cursor: dict[str, str] = {}
        before = 0
        for _ in range(MAX_PAGES):
            params = {"limit": PAGE, **filters, **cursor}
            page = await self._get(path, SessionList, params, before)
            yield page.entries
            before += len(page.entries)
            if not page.next_id:
                return
            cursor = {"nextId": page.next_id}
        raise _endless(path)

    async def cancel(self, session_id: str) -> None:
        """Cancel what still runs in a session, as far as the API can cancel it."""
        path = f"/v1/test-sessions/{_checked(session_id)}/cancel"
        await self._exchange.ask(Question("POST", path, body={}), lambda _: None)

    async def result(self, session_id: str, result_id: str) -> ResultDetail:
        """One result with everything that is known about it."""
        path = f"/v1/test-sessions/{_checked(session_id)}/results/{_checked(result_id)}"
        return await self._get(path, ResultDetail)

    async def locations(self) -> list[Location | None]:
        """The public locations."""
        return await self._list("/v1/locations", _LOCATIONS)

    async def private_locations(self) -> list[PrivateLocation | None]:
        """The account's private locations."""
        return await self._list("/v1/private-locations", _PRIVATE)

    async def checks(self) -> AsyncIterator[list[Check | None]]:
        """The account's checks, page by page, with the tags of their groups.

        Raises:
            ApiError: The list goes on for ever.
        """
        path = "/v1/checks"
        for number in range(1, MAX_PAGES + 1):
            params: dict[str, str | int] = {"limit": PAGE, "page": number}
            params["applyGroupSettings"] = "true"
            page = await self._list(path, _CHECKS, params, (number - 1) * PAGE)
            yield page
            if len(page) < PAGE:
                return
        raise _endless(path)

    async def account(self) -> Account:
        """The account that the key is used for."""
        return await self._get("/v1/accounts/me", Account)

    async def _get(
        self,
        path: str,
        model: type[A],
        params: Mapping[str, str | int] | None = None,
        before: int = 0,
    ) -> A:
        return await self._exchange.ask(Question("GET", path, params), self._object(model, before))

    async def _list(
        self,
        path: str,
        items: TypeAdapter[list[A | None]],
        params: Mapping[str, str | int] | None = None,
        before: int = 0,
    ) -> list[A | None]:
        def parse(reply: Reply) -> list[A | None]:
            return read_list(items, reply, self._skipped(reply, before))

        return await self._exchange.ask(Question("GET", path, params), parse)

    def _object(self, model: type[A], before: int = 0) -> Callable[[Reply], A]:
        return lambda reply: read_object(model, reply, self._skipped(reply, before))

    def _session(self, session_id: str) -> Callable[[Reply], Session]:
        """Reads a session; one that is another session's answers nothing."""

        def parse(reply: Reply) -> Session:
            session = self._object(Session)(reply)
            if _ID.fullmatch(session.id) and session.id.lower() != session_id.lower():
                raise nonsense(reply, "about the session that was asked for")
            if not (session.id or session.status or session.results):
                raise nonsense(reply, "a session")
            return session

        return parse

    def _skipped(self, reply: Reply, before: int) -> Callable[[int], None]:
        """Tells, once, of an entry that can't be read; ``before`` it came those of other pages."""

        def tell(number: int) -> None:
            entry = f"{reply.method} {reply.path}: entry {before + number}"
            text = f"{entry} can't be read and is left out."
            if text not in self._told:
                self._told.add(text)
                self._emit(Notice(self._clock.now(), text, is_warning=True))

        return tell


def _checked(an_id: str) -> str:
    """An id that is safe to be part of a path, wherever it came from.

    Raises:
        CannotRun: It is not an ID.
    """
    if not _ID.fullmatch(an_id):
        raise CannotRun("The server returned an invalid ID.")
    return an_id


def _endless(path: str) -> ApiError:
    return ApiError(
        f"GET {path}: the list does not end.",
        status=200,
        method="GET",
        path=path,
        hint="That is a fault of the server; please report it to Checkly.",
    )
