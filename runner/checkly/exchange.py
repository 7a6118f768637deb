"""Ask, and ask again: the limit, the retries and the masking of what a client sends and reads."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import inf
from typing import Any, Final, Self, TypeVar
from urllib.request import getproxies

import httpx

from runner.checkly.account import Credentials
from runner.checkly.answers import parsed
from runner.checkly.api_errors import Redact, refusal
from runner.checkly.clients import make_client
from runner.checkly.limiter import DEFAULT_REQUESTS_PER_MINUTE, Limiter
from runner.checkly.network import proxy_for
from runner.checkly.retry import (
    TOO_MANY_REQUESTS,
    Backoff,
    is_over_the_limit,
    may_ask_again,
    retry_after,
)
from runner.checkly.wire import Question, Reply, ServerClock, read_reply, unreachable
from runner.errors import ApiError, Interrupted, RunnerError, Unreachable
from runner.listing import listed
from runner.models.clock import Clock, unless
from runner.models.events import Emit, Notice, RequestMade
from runner.secrets import screened_json

T = TypeVar("T")

#: Patience with a server that has never answered: most likely, its address is wrong.
FIRST_CONTACT_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """How patient the client is."""

    answer_seconds: float = 30.0  # for an answer, beyond what a long poll asks for
    patience_seconds: float = 60.0  # for retries, before the trouble is reported
    backoff: Backoff = field(default_factory=Backoff)  # the waits in between


class Shared:
    """The limit of requests and the server's clock, shared by all clients of a process."""

    def __init__(
        self, clock: Clock, requests_per_minute: int = DEFAULT_REQUESTS_PER_MINUTE
    ) -> None:
        self.limiter = Limiter(clock, requests_per_minute)
        self.server = ServerClock(clock)


@dataclass(slots=True)
class Flight:
    """Conditions for sending a trigger, checked until its answer has come."""

    answer_seconds: float = inf  # how long its answer may take, if that is less than usual
    before_send: Callable[[], Awaitable[None]] | None = None  # what it raises prevents a send
    stop: asyncio.Event | None = None  # ends all but an answer that is under way

    @property
    def is_stopped(self) -> bool:
        """Whether sending must stop."""
        return self.stop is not None and self.stop.is_set()

    async def wait(self, waiting: Coroutine[Any, Any, None]) -> None:
        """Wait, unless it is stopped."""
        await (waiting if self.stop is None else unless(self.stop, waiting))


class Exchange:
    """A polite way to one API; an async context manager."""

    def __init__(
        self,
        credentials: Credentials,
        *,
        clock: Clock,
        rng: random.Random,
        emit: Emit,
        redact: Redact = str,
        options: ClientOptions | None = None,
        shared: Shared | None = None,
    ) -> None:
        self.credentials = credentials
        self._options = options or ClientOptions()
        self._clock = clock
        self._rng = rng
        self._emit = emit
        self._redact = redact
        shared = shared or Shared(clock)
        self._limiter, self._server = shared.limiter, shared.server
        self._is_troubled = False
        self._told: set[str] = set()
        headers = {
            "authorization": f"Bearer {credentials.api_key}",
            "x-checkly-account": credentials.account_id,
            "accept": "application/json",
            # A small packed answer may be huge; without packing, what is read stays bounded.
            "accept-encoding": "identity",
        }
        self._client = make_client(credentials, headers)
        if odd := proxy_for(credentials.url, getproxies()).odd:
            text = (
                f"NO_PROXY has entries that are not a host, an address or a network: {listed(odd)}."
            )
            emit(Notice(clock.now(), text, is_warning=True))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._client.aclose()

    def server_now(self) -> datetime | None:
        """Return the server's clock, never later than the truth; ``None`` before any answer."""
        return self._server.now()

    async def ask(
        self,
        question: Question,
        parse: Callable[[Reply], T],
        *,
        again: Callable[[RunnerError], bool] = may_ask_again,
        flight: Flight | None = None,
    ) -> T:
        """Ask until an answer makes sense, or until ``again`` or the time forbids another try.

        Raises:
            Interrupted: It was stopped; the server has not accepted it.
        """
        flight = flight or Flight()
        patience = self._options.patience_seconds
        if self.server_now() is None:
            patience = min(patience, FIRST_CONTACT_SECONDS)
        await flight.wait(self._limiter.turn())  # our own limit is not the server's fault
        give_up, attempt = self._clock.monotonic() + patience, 0
        while True:
            if flight.before_send is not None:
                await flight.before_send()
            if flight.is_stopped:
                raise Interrupted("Interrupted before it was sent.")
            try:
                answer = parse(await self._once(question, flight.answer_seconds))
            except (ApiError, Unreachable) as error:
                left = give_up - self._clock.monotonic()
                asked = error.retry_after or 0.0 if isinstance(error, ApiError) else 0.0
                if not again(error) or left <= 0 or asked > patience or flight.is_stopped:
                    raise
                self._tell(error, left)
                pause = min(self._options.backoff.wait(attempt, self._rng), left)
                if is_over_the_limit(error):  # everyone waits
                    self._limiter.hold(pause)
                else:
                    await flight.wait(self._clock.sleep(pause))
                attempt += 1
                await flight.wait(self._limiter.turn())
            else:
                self._is_troubled = False
                return answer

    async def _once(self, question: Question, answer_seconds: float) -> Reply:
        """Send one request, and return its answer if it is a success."""
        seconds = min(self._options.answer_seconds, answer_seconds) + question.seconds
        reply = await self.send(question, seconds)
        # The server's words come in here and nowhere else.
        reply = replace(reply, body=screened_json(reply.body, self._redact))
        if 200 <= reply.status < 300:
            return reply
        asked = retry_after(reply.headers.get("retry-after"), self.server_now())
        if asked is not None and reply.status in {TOO_MANY_REQUESTS, 503}:
            self._limiter.hold(min(asked, self._options.patience_seconds))
        try:
            answer = parsed(reply.body)
        except ValueError:
            answer = None
        raise refusal(reply, answer, self._redact, asked)

    async def send(self, question: Question, seconds: float) -> Reply:
        """Send a request once, and return its answer within ``seconds``, whatever its status.

        Raises:
            Unreachable: No answer came; it says whether the request may have arrived.
            ApiError: The answer can't be read.
        """
        method, path = question.method, question.path
        url, params = self.credentials.url + path, question.params
        began = self._clock.monotonic()
        status, trouble = None, None
        try:
            stream = self._client.stream(method, url, params=params, json=question.body)
            async with asyncio.timeout(seconds), stream as answer:
                status = answer.status_code
                self._server.note(answer.headers.get("date"))
                return await read_reply(question, answer)
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            is_late = isinstance(error, TimeoutError | httpx.TimeoutException)
            trouble = "no answer in time" if is_late else type(error).__name__
            raise unreachable(question, error, self.credentials.host, seconds) from None
        except ApiError as error:
            trouble = error.message
            raise
        finally:
            taken = self._clock.monotonic() - began
            self._emit(RequestMade(self._clock.now(), method, path, status, taken, trouble))

    def _tell(self, error: RunnerError, left: float) -> None:
        """Say what the client waits for, once for each spell of trouble."""
        if not self._is_troubled:
            self._is_troubled = True
            text = f"{error.message} Retrying for up to {left:.0f} s."
            self._emit(Notice(self._clock.now(), text))
