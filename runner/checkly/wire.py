"""Questions and replies, the server's clock, and the errors of the wire."""

import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import httpx

from runner.checkly.clients import CONNECT_SECONDS
from runner.checkly.retry import http_date
from runner.errors import ApiError, Unreachable
from runner.models.clock import Clock

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
_TRY_AGAIN: Final = "Try again; if it keeps happening, check Checkly's status page."
_NO_CONNECTION: Final = (
    f"no connection to {{host}} within {CONNECT_SECONDS:g} s",
    "Check the network, and whether a proxy is needed (HTTPS_PROXY).",
)
_NO_ANSWER: Final = "{host} did not answer within {seconds:g} s", _TRY_AGAIN
#: What each error means and what to do about it; the first that fits is taken. The causes of an
#: error count only if nothing was sent.
_TROUBLES: Final[dict[type[Exception], tuple[str, str]]] = {
    httpx.ConnectTimeout: _NO_CONNECTION,
    httpx.PoolTimeout: _NO_CONNECTION,
    httpx.ProxyError: (
        "the proxy refused the connection to {host}",
        "Check HTTPS_PROXY (address, user and password), or list the host in NO_PROXY.",
    ),
    ssl.SSLCertVerificationError: (
        "{host} could not be reached: its certificate is not trusted",
        "Behind a company's proxy, name its certificates in NODE_EXTRA_CA_CERTS.",
    ),
    ssl.SSLError: (
        "{host} could not be reached: no encrypted connection could be made",
        "Check that the address uses https, and that no proxy in between interferes.",
    ),
    socket.gaierror: (
        "{host} could not be reached: its name was not found",
        "Check CHECKLY_API_URL, the network and its DNS servers.",
    ),
    httpx.ConnectError: (
        "{host} could not be reached: the connection was not accepted",
        "Check the address, the network, and whether a proxy is needed (HTTPS_PROXY).",
    ),
    TimeoutError: _NO_ANSWER,
    httpx.TimeoutException: _NO_ANSWER,
    Exception: (
        "the connection to {host} broke before the answer was complete",
        f"Check the network. {_TRY_AGAIN}",
    ),
}


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
        date = http_date(header or "")
        if date is not None and abs(date - self._clock.now()) <= _SANE_CLOCK:
            self._last = date, self._clock.monotonic()


async def read_reply(question: Question, answer: httpx.Response) -> Reply:
    """Read an answer, whatever its status.

    Raises:
        ApiError: It is too large, or packed.
    """
    headers, body = dict(answer.headers), bytearray()
    reply = Reply(question.method, question.path, answer.status_code, headers, b"")
    hint = "Something between here and Checkly may have answered instead; check CHECKLY_API_URL."
    if headers.get("content-encoding", "").strip().lower() not in {"", "identity"}:
        raise reply.error(
            "the answer is compressed, although the request ruled that out", hint=hint
        )
    async for part in answer.aiter_raw():
        body += part
        if len(body) > MAX_BODY_BYTES:
            limit = MAX_BODY_BYTES // (1024 * 1024)
            raise reply.error(f"the answer is larger than {limit} MiB", hint=hint)
    return replace(reply, body=bytes(body))


def unreachable(question: Question, error: Exception, host: str, seconds: float) -> Unreachable:
    """Explain why no answer came from ``host`` within ``seconds``."""
    is_unsent = isinstance(error, _NEVER_SENT)
    errors = list(_causes(error)) if is_unsent else [error]
    kinds = (kind for kind in _TROUBLES if any(isinstance(each, kind) for each in errors))
    text, hint = _TROUBLES[next(kinds)]
    said = text.format(host=host, seconds=seconds)
    what = f"{question.method} {question.path}"
    return Unreachable(f"{what}: {said}.", sent=not is_unsent, hint=hint)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
