"""The Checkly API as the runner uses it: one method per endpoint, answers as values."""

import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter

from runner.checkly.answers import parsed
from runner.checkly.api_errors import nonsense
from runner.checkly.exchange import Exchange, Flight
from runner.checkly.retry import is_over_the_limit, may_send_again
from runner.checkly.wire import Question, Reply
from runner.errors import ApiError, CannotRun
from runner.models.contract.request import TriggerTestSessionRequest
from runner.models.events import Notice
from runner.models.response import (
    Account,
    Check,
    Entries,
    ListedSession,
    Location,
    PrivateLocation,
    ResultDetail,
    Session,
    SessionList,
)

T = TypeVar("T")

#: The answer of a long poll whose time is over before the session (contract: 408).
NOT_YET: Final = 408
#: The longest wait that the completion endpoint takes (contract: ``maxWaitSeconds``).
MAX_WAIT_SECONDS: Final = 30.0
#: Entries of a page (contract: ``limit`` of the lists).
PAGE: Final = 100
#: A list of more pages comes from a server that goes round in circles.
MAX_PAGES: Final = 1000
_SESSIONS: Final = "/v1/test-sessions"
#: The API's ids are UUIDs; nothing else may become part of a path.
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")

_CHECKS: TypeAdapter[list[Check | None]] = TypeAdapter(Entries[Check])
_LOCATIONS: TypeAdapter[list[Location | None]] = TypeAdapter(Entries[Location])
_PRIVATE: TypeAdapter[list[PrivateLocation | None]] = TypeAdapter(Entries[PrivateLocation])


class Checkly(Exchange):
    """A client of one account.

    An entry of a list that can't be read is ``None`` in it, and reported once.

    Every method raises ``ApiError`` (``Unauthorized`` for 401, 402 and 403) for an answer that
    is not a success or makes no sense, and ``Unreachable`` if none came. Reads are retried
    until ``patience_seconds`` are over; a trigger only while it was definitely not accepted.
    """

    async def trigger(
        self, request: TriggerTestSessionRequest, flight: Flight | None = None
    ) -> Session:
        """Start a session.

        It is sent again only if it was definitely not accepted: no connection, or 429.
        """

        def parse(reply: Reply) -> Session:
            session = self._read(reply, Session.model_validate)
            if not _ID.fullmatch(session.id):
                raise nonsense(reply, "a session with an id")
            return session

        question = Question("POST", f"{_SESSIONS}/trigger", body=request.wire())
        return await self.ask(question, parse, again=may_send_again, flight=flight)

    async def completion(self, session_id: str, max_wait_seconds: float) -> Session | None:
        """Wait for the end of a session; ``None`` if it has not come yet.

        A session that is returned is over, whatever its status says. Errors are raised at
        once, since :meth:`session` may know more. The server may hold the answer back for 1 to 30
        seconds.
        """
        wait = min(max(max_wait_seconds, 1.0), MAX_WAIT_SECONDS)
        path = f"{_SESSIONS}/{_checked(session_id)}/completion"
        question = Question("GET", path, {"maxWaitSeconds": f"{wait:g}"}, seconds=wait)
        try:
            return await self.ask(question, self._session(session_id), again=is_over_the_limit)
        except ApiError as error:
            if error.status == NOT_YET:
                return None
            raise

    async def session(self, session_id: str) -> Session:
        """Return a session as it is now."""
        question = Question("GET", f"{_SESSIONS}/{_checked(session_id)}")
        return await self.ask(question, self._session(session_id))

    async def sessions(self, **filters: str | int) -> AsyncIterator[list[ListedSession | None]]:
        """Yield the account's sessions, newest first, by pages; ``filters`` are the API's own."""
        params = {"limit": PAGE, **filters}
        before = 0
        for _ in range(MAX_PAGES):
            page = await self._get(_SESSIONS, SessionList.model_validate, params, before=before)
            yield page.entries
            before += len(page.entries)
            if not page.next_id:
                return
            if params.get("nextId") == page.next_id:
                break
            params["nextId"] = page.next_id
        raise _endless(_SESSIONS)

    async def cancel(self, session_id: str) -> None:
        """Cancel what still runs in a session, as far as the API can cancel it."""
        path = f"{_SESSIONS}/{_checked(session_id)}/cancel"
        await self.ask(Question("POST", path, body={}), lambda _: None)

    async def result(self, session_id: str, result_id: str) -> ResultDetail:
        """Return one result with everything that is known about it."""
        path = f"{_SESSIONS}/{_checked(session_id)}/results/{_checked(result_id)}"
        return await self._get(path, ResultDetail.model_validate)

    async def locations(self) -> list[Location | None]:
        """Return the public locations."""
        return await self._get("/v1/locations", _LOCATIONS.validate_python)

    async def private_locations(self) -> list[PrivateLocation | None]:
        """Return the account's private locations."""
        return await self._get("/v1/private-locations", _PRIVATE.validate_python)

    async def checks(self) -> AsyncIterator[list[Check | None]]:
        """Yield the account's checks, page by page, with the tags of their groups."""
        path, validate = "/v1/checks", _CHECKS.validate_python
        last: list[Check | None] = []
        for number in range(MAX_PAGES):
            params = {"limit": PAGE, "page": number + 1, "applyGroupSettings": "true"}
            page = await self._get(path, validate, params, before=number * PAGE)
            if page == last and any(page):
                break
            yield page
            if len(page) < PAGE:
                return
            last = page
        raise _endless(path)

    async def account(self) -> Account:
        """Return the account that the key is used for."""
        return await self._get("/v1/accounts/me", Account.model_validate)

    async def _get(
        self,
        path: str,
        validate: Callable[..., T],
        params: Mapping[str, Any] | None = None,
        *,
        before: int = 0,
    ) -> T:
        question = Question("GET", path, params)
        return await self.ask(question, lambda reply: self._read(reply, validate, before))

    def _read(self, reply: Reply, validate: Callable[..., T], before: int = 0) -> T:
        """Read an answer by a model of pydantic; ``before`` entries came on earlier pages."""
        with suppress(ValueError):  # a ValidationError too
            return validate(parsed(reply.body), context=partial(self._skipped, reply, before))
        raise nonsense(reply, "the JSON that the contract promises")

    def _session(self, session_id: str) -> Callable[[Reply], Session]:
        """Return a reader of a session, which refuses an answer about another one."""

        def parse(reply: Reply) -> Session:
            session = self._read(reply, Session.model_validate)
            if _ID.fullmatch(session.id) and session.id.lower() != session_id.lower():
                raise nonsense(reply, "about the session that was asked for")
            if not (session.id or session.status or session.results):
                raise nonsense(reply, "a session")
            return session

        return parse

    def _skipped(self, reply: Reply, before: int, number: int) -> None:
        """Report, once, an entry that can't be read."""
        entry = f"{reply.method} {reply.path}: entry {before + number}"
        text = f"{entry} can't be read and was skipped."
        if text not in self._told:
            self._told.add(text)
            self._emit(Notice(self._clock.now(), text, is_warning=True))


def _checked(an_id: str) -> str:
    """Return an id that is safe to be part of a path, wherever it came from."""
    if not _ID.fullmatch(an_id):
        raise CannotRun("The server returned an invalid ID.")
    return an_id


def _endless(path: str) -> ApiError:
    return Reply("GET", path, 200, {}, b"").error(
        "the list does not end",
        hint="This is a bug of the server; please report it to Checkly.",
    )
