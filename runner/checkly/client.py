"""The Checkly API as the runner uses it: one method an endpoint, answers as values."""

import random
import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, Self, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from runner.checkly.account import Credentials
from runner.checkly.api_errors import Redact, nonsense, refusal
from runner.checkly.limiter import DEFAULT_REQUESTS_PER_MINUTE, Limiter
from runner.checkly.retry import (
    TOO_MANY_REQUESTS,
    Backoff,
    may_ask_again,
    may_send_again,
    retry_after,
    surely_not_accepted,
)
from runner.checkly.wire import Reply, Wire
from runner.errors import ApiError, CannotRun, RunnerError, Unreachable
from runner.models.clock import Clock
from runner.models.events import Emit
from runner.models.request import TriggerTestSessionRequest
from runner.models.response import (
    Account,
    Answer,
    Check,
    Items,
    ListedSession,
    Location,
    PrivateLocation,
    ResultDetail,
    Session,
    SessionList,
)
from runner.secrets import screened_json

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
#: Patience with a server that never answered yet: its address is more likely wrong than it is ill.
FIRST_CONTACT_SECONDS = 10.0
#: The ids that the API gives are UUIDs; nothing else may become part of a path.
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

_CHECKS: TypeAdapter[list[Check]] = TypeAdapter(Items[Check])
_LOCATIONS: TypeAdapter[list[Location]] = TypeAdapter(Items[Location])
_PRIVATE: TypeAdapter[list[PrivateLocation]] = TypeAdapter(Items[PrivateLocation])


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """How patient the client is.

    Attributes:
        requests_per_minute: At most so many requests leave in any minute.
        answer_seconds: How long an answer may take, beyond what a long poll asks for.
        patience_seconds: How long a request is tried again before its trouble is reported.
        backoff: The waits in between.
    """

    requests_per_minute: int = DEFAULT_REQUESTS_PER_MINUTE
    answer_seconds: float = 30.0
    patience_seconds: float = 60.0
    backoff: Backoff = field(default_factory=Backoff)


@dataclass(slots=True)
class Flight:
    """Where a trigger is, for one who wants to stop: it may be cut only while on the ground.

    Attributes:
        in_the_air: Whether the request may be with the server, without an answer yet.
        is_last: Set by who wants to stop: it is not sent again.
    """

    in_the_air: bool = False
    is_last: bool = False


def _unmasked(text: str) -> str:
    return text


class Checkly:
    """A client of one account; an async context manager.

    Clients that are handed the same ``limiter`` keep its limit together.

    Every method raises ``ApiError`` (``Unauthorized`` for 401, 402 and 403) for an answer that
    is no success or no sense, and ``Unreachable`` where none came. Reads are asked again until
    ``patience_seconds`` are over; a trigger only while it surely was not accepted.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        clock: Clock,
        rng: random.Random,
        emit: Emit,
        redact: Redact = _unmasked,
        options: ClientOptions = ClientOptions(),
        limiter: Limiter | None = None,
    ) -> None:
        self.credentials = credentials
        self.options = options
        self._clock = clock
        self._rng = rng
        self._redact = redact
        self._limiter = limiter or Limiter(clock, options.requests_per_minute)
        self._wire = Wire(credentials, clock=clock, emit=emit)

    async def __aenter__(self) -> Self:
        await self._wire.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._wire.__aexit__(*error)

    def server_now(self) -> datetime | None:
        """The server's clock, or ``None`` before its first answer; never later than the truth."""
        return self._wire.server_now()

    async def trigger(
        self, request: TriggerTestSessionRequest, flight: Flight | None = None
    ) -> Session:
        """Start a session (``POST /v1/test-sessions/trigger``).

        It is sent again only where it surely was not accepted: no connection, or 429.
        """

        def parse(reply: Reply) -> Session:
            session = _object(Session, reply)
            if not _ID.fullmatch(session.id):
                raise nonsense(reply, "a session with an id")
            return session

        return await self._ask(
            Question("POST", "/v1/test-sessions/trigger", body=request.wire()),
            parse,
            again=may_send_again,
            flight=flight or Flight(),
        )

    async def completion(self, session_id: str, max_wait_seconds: float) -> Session | None:
        """Wait for the end of a session; ``None`` where it has not come yet (408).

        Args:
            session_id: The session.
            max_wait_seconds: How long the server may hold the answer back, 1 to 30.
        """
        wait = min(max(max_wait_seconds, 1.0), MAX_WAIT_SECONDS)
        path = f"/v1/test-sessions/{_checked(session_id)}/completion"
        question = Question("GET", path, {"maxWaitSeconds": f"{wait:g}"}, seconds=wait)
        try:
            return await self._ask(question, partial(_object, Session), again=_not_yet)
        except ApiError as error:
            if error.status == NOT_YET:
                return None
            raise

    async def session(self, session_id: str) -> Session:
        """A session as it is now."""
        return await self._get(f"/v1/test-sessions/{_checked(session_id)}", Session)

    async def sessions(self, **filters: str | int) -> AsyncIterator[list[ListedSession]]:
        """The account's sessions, newest first, page by page; ``filters`` as the API has them.

        Raises:
            ApiError: The list goes on for ever.
        """
        path = "/v1/test-sessions"
        cursor: dict[str, str] = {}
        for _ in range(MAX_PAGES):
            page = await self._get(path, SessionList, {"limit": PAGE, **filters, **cursor})
            yield page.entries
            if not page.next_id:
                return
            cursor = {"nextId": page.next_id}
        raise _endless(path)

    async def cancel(self, session_id: str) -> None:
        """Cancel what still runs in a session; the API cancels Playwright runs only."""
        path = f"/v1/test-sessions/{_checked(session_id)}/cancel"
        await self._ask(Question("POST", path, body={}), lambda _: None)

    async def result(self, session_id: str, result_id: str) -> ResultDetail:
        """One result with everything that is known about it."""
        path = f"/v1/test-sessions/{_checked(session_id)}/results/{_checked(result_id)}"
        return await self._get(path, ResultDetail)

    async def locations(self) -> list[Location]:
        """The public locations."""
        return await self._list("/v1/locations", _LOCATIONS)

    async def private_locations(self) -> list[PrivateLocation]:
        """The account's private locations."""
        return await self._list("/v1/private-locations", _PRIVATE)

    async def checks(self) -> AsyncIterator[list[Check]]:
        """The account's checks, page by page, with the tags of their groups.

        Raises:
            ApiError: The list goes on for ever.
        """
        path = "/v1/checks"
        for number in range(1, MAX_PAGES + 1):
            page = await self._list(
                path, _CHECKS, {"limit": PAGE, "page": number, "applyGroupSettings": "true"}
            )
            yield page
            if len(page) < PAGE:
                return
        raise _endless(path)

    async def account(self) -> Account:
        """The account that the key is used for."""
        return await self._get("/v1/accounts/me", Account)

    async def _get(
        self, path: str, model: type[A], params: Mapping[str, str | int] | None = None
    ) -> A:
        return await self._ask(Question("GET", path, params), partial(_object, model))

    async def _list(
        self,
        path: str,
        items: TypeAdapter[list[A]],
        params: Mapping[str, str | int] | None = None,
    ) -> list[A]:
        return await self._ask(Question("GET", path, params), partial(_listed, items))

    async def _ask(
        self,
        question: "Question",
        parse: Callable[[Reply], T],
        *,
        again: Callable[[RunnerError], bool] = may_ask_again,
        flight: Flight | None = None,
    ) -> T:
        """Ask until there is an answer that makes sense, or ``again`` or the patience says no."""
        flight = flight or Flight()
        patience = self.options.patience_seconds
        if self.server_now() is None:
            patience = min(patience, FIRST_CONTACT_SECONDS)
        give_up, attempt = self._clock.monotonic() + patience, 0
        while True:
            await self._limiter.turn()
            flight.in_the_air = True
            try:
                answer = parse(await self._once(question))
            except (ApiError, Unreachable) as error:
                flight.in_the_air = not surely_not_accepted(error)
                left = give_up - self._clock.monotonic()
                asked = error.retry_after or 0.0 if isinstance(error, ApiError) else 0.0
                if not again(error) or left <= 0 or asked > patience or flight.is_last:
                    raise
                await self._pause(error, min(self.options.backoff.wait(attempt, self._rng), left))
                attempt += 1
            else:
                flight.in_the_air = False
                return answer

    async def _once(self, question: "Question") -> Reply:
        """One request and its answer, which is a success."""
        reply = await self._wire.exchange(
            question.method,
            question.path,
            params=question.params,
            body=question.body,
            seconds=self.options.answer_seconds + question.seconds,
        )
        # Here and nowhere else do the server's words come in.
        reply = replace(reply, body=screened_json(reply.body, self._redact))
        if 200 <= reply.status < 300:
            return reply
        asked = retry_after(reply.headers.get("retry-after"), self.server_now())
        if asked is not None and reply.status in {TOO_MANY_REQUESTS, 503}:
            self._limiter.hold(min(asked, self.options.patience_seconds))
        raise refusal(reply, self._redact, asked)

    async def _pause(self, error: ApiError | Unreachable, seconds: float) -> None:
        """Wait before the next attempt; a limit that was hit makes everybody wait."""
        if isinstance(error, ApiError) and error.status == TOO_MANY_REQUESTS:
            self._limiter.hold(seconds)
        else:
            await self._clock.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Question:
    """A request: ``seconds`` is how long the server was asked to hold its answer back."""

    method: str
    path: str
    params: Mapping[str, str | int] | None = None
    body: Any = None
    seconds: float = 0.0


def _checked(an_id: str) -> str:
    """An id that is safe to be part of a path, wherever it came from.

    Raises:
        CannotRun: It is none.
    """
    if not _ID.fullmatch(an_id):
        raise CannotRun("The server gave an id that can be none.")
    return an_id


def _not_yet(error: RunnerError) -> bool:
    """Whether a long poll is worth asking again: 408 is its answer, not its trouble."""
    return may_ask_again(error) and not (isinstance(error, ApiError) and error.status == NOT_YET)


def _endless(path: str) -> ApiError:
    return ApiError(
        f"GET {path}: the list does not end.",
        status=200,
        method="GET",
        path=path,
        hint="That is a fault of the server; please report it to Checkly.",
    )


def _object(model: type[A], reply: Reply) -> A:
    try:
        return model.model_validate_json(reply.body)
    except ValidationError:
        raise nonsense(reply, "the JSON object that the contract promises") from None


def _listed(items: TypeAdapter[list[A]], reply: Reply) -> list[A]:
    try:
        answer = from_json(reply.body)
    except ValueError:
        answer = None
    if not isinstance(answer, list):
        raise nonsense(reply, "the JSON list that the contract promises")
    return items.validate_python(answer)
