"""Send one request and read its answer: the edge at which the errors of httpx stop."""

import asyncio
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.request import getproxies

import httpx

from runner.checkly.account import Credentials
from runner.checkly.clients import CONNECT_SECONDS, make_client
from runner.checkly.network import proxy_for
from runner.errors import ApiError, Unreachable
from runner.listing import listed
from runner.models.clock import Clock
from runner.models.events import Emit, Notice, RequestMade

#: The largest answer that is read: 10,000 results fill half of it.
MAX_BODY_BYTES: Final = 16 * 1024 * 1024
#: A server's clock that is further off is not trusted.
_SANE_CLOCK: Final = timedelta(days=400)
#: Errors of httpx that come before a single byte of the request has left.
_NEVER_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.ProxyError,
    httpx.PoolTimeout,
)
_TRY_AGAIN: Final = "Try again; if it persists, look at Checkly's status page."
#: What each error means, and what to do about it. The causes of an error count only where nothing
#: was sent. The first row that fits is taken.
_TROUBLES: Final[tuple[tuple[type[Exception] | tuple[type[Exception], ...], str, str], ...]] = (
    (
        (httpx.ConnectTimeout, httpx.PoolTimeout),
        f"no connection to {{host}} within {CONNECT_SECONDS:g} s",
        "Check the network, and whether a proxy is needed (HTTPS_PROXY).",
    ),
    (
        httpx.ProxyError,
        "the proxy refused the connection to {host}",
        "Check HTTPS_PROXY (address, user and password), or list the host in NO_PROXY.",
    ),
    (
        ssl.SSLCertVerificationError,
        "{host} could not be reached: its certificate is not trusted",
        "Behind a company's proxy, name its certificates in NODE_EXTRA_CA_CERTS.",
    ),
    (
        ssl.SSLError,
        "{host} could not be reached: no encrypted connection could be made",
        "Check that the address speaks https, and what a proxy in between does.",
    ),
    (
        socket.gaierror,
        "{host} could not be reached: its name was not found",
        "Check CHECKLY_API_URL, the network and its name servers.",
    ),
    (
        httpx.ConnectError,
        "{host} could not be reached: the connection was not accepted",
        "Check the address, the network, and whether a proxy is needed (HTTPS_PROXY).",
    ),
    (
        (TimeoutError, httpx.TimeoutException),
        "{host} did not answer within {seconds:g} s",
        _TRY_AGAIN,
    ),
    (
        Exception,
        "the connection to {host} broke before the answer was complete",
        f"Check the network. {_TRY_AGAIN}",
    ),
)


@dataclass(frozen=True, slots=True)
class Question:
    """A request; ``seconds`` is how long the server is asked to hold its answer back."""

    method: str
    path: str
    params: Mapping[str, str | int] | None = None
    body: Any = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: ``headers`` by their lower-case names, ``body`` whole."""

    method: str
    path: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    def error(self, what: str, *, kind: type[ApiError] = ApiError, **more: Any) -> ApiError:
        """Build the error that this answer stands for; ``more`` are fields of ``ApiError``."""
        method, path = self.method, self.path
        text = f"{method} {path}: {what}."
        return kind(text, status=self.status, method=method, path=path, **more)


class ServerClock:
    """A server's clock, by the last ``Date`` it sent; never later than the truth."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: tuple[datetime, float] | None = None

    def now(self) -> datetime | None:
        """Return its time, or ``None`` before its first answer."""
        if self._last is None:
            return None
        date, received = self._last
        return date + timedelta(seconds=self._clock.monotonic() - received)

    def note(self, header: str | None) -> None:
        """Note the ``Date`` of an answer, if it makes sense."""
        try:
            date = parsedate_to_datetime(header or "")
            date = (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            return
        if abs(date - self._clock.now()) <= _SANE_CLOCK:
            self._last = date, self._clock.monotonic()


class Wire:
    """The way to one API and back."""

    def __init__(
        self, credentials: Credentials, *, clock: Clock, emit: Emit, server: ServerClock
    ) -> None:
        self._credentials = credentials
        self._clock = clock
        self._emit = emit
        self._server = server
        headers = {
            "authorization": f"Bearer {credentials.api_key}",
            "x-checkly-account": credentials.account_id,
            "accept": "application/json",
            # A small packed answer may be huge; without packing, what is read stays bounded.
            "accept-encoding": "identity",
        }
        self._client = make_client(credentials, headers)
        if odd := proxy_for(credentials.url, getproxies()).odd:
            text = f"NO_PROXY holds what is not a host, address or network: {listed(odd)}."
            emit(Notice(clock.now(), text, is_warning=True))

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def exchange(self, question: Question, seconds: float) -> Reply:
        """Send a request and read its answer within ``seconds``, whatever its status.

        Raises:
            Unreachable: No answer came; it says whether the request may have arrived.
            ApiError: The answer can't be read: too large, or packed.
        """
        method, path = question.method, question.path
        url = self._credentials.url + path
        began = self._clock.monotonic()
        status, trouble = None, None
        try:
            stream = self._client.stream(method, url, params=question.params, json=question.body)
            async with asyncio.timeout(seconds), stream as answer:
                status = answer.status_code
                self._server.note(answer.headers.get("date"))
                return await _read(answer, method, path)
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            is_late = isinstance(error, TimeoutError | httpx.TimeoutException)
            trouble = "no answer in time" if is_late else type(error).__name__
            raise self._unreachable(error, f"{method} {path}", seconds) from None
        except ApiError as error:
            trouble = error.message
            raise
        finally:
            taken = self._clock.monotonic() - began
            self._emit(RequestMade(self._clock.now(), method, path, status, taken, trouble))

    def _unreachable(self, error: Exception, what: str, seconds: float) -> Unreachable:
        is_unsent = isinstance(error, _NEVER_SENT)
        errors = list(_causes(error)) if is_unsent else [error]
        text, hint = next(
            (text, hint)
            for kind, text, hint in _TROUBLES
            if any(isinstance(each, kind) for each in errors)
        )
        said = text.format(host=self._credentials.host, seconds=seconds)
        return Unreachable(f"{what}: {said}.", sent=not is_unsent, hint=hint)


async def _read(answer: httpx.Response, method: str, path: str) -> Reply:
    """Read the body, or raise as soon as it is too large."""
    reply = Reply(method, path, answer.status_code, dict(answer.headers), b"")
    hint = "Something between here and Checkly may have answered instead; check CHECKLY_API_URL."
    if answer.headers.get("content-encoding", "").strip().lower() not in {"", "identity"}:
        raise reply.error("the answer came packed, though it was asked not to", hint=hint)
    body = bytearray()
    async for part in answer.aiter_raw():
        body += part
        if len(body) > MAX_BODY_BYTES:
            limit = MAX_BODY_BYTES // (1024 * 1024)
            raise reply.error(f"the answer is larger than {limit} MiB", hint=hint)
    return replace(reply, body=bytes(body))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
