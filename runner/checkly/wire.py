"""One request, one answer: the only module that calls httpx, and the edge its errors stop at."""

import asyncio
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.request import getproxies

from runner.checkly.account import Credentials
from runner.checkly.clients import CONNECT_SECONDS, client_maker
from runner.checkly.http_ import httpx
from runner.checkly.network import proxy_for
from runner.checkly.pools import Pools
from runner.errors import ApiError, Unreachable
from runner.listing import listed
from runner.models.clock import Clock
from runner.models.events import Emit, Notice, RequestMade

#: Greatest answer that is read: 10,000 results fill half of it.
MAX_BODY_BYTES = 16 * 1024 * 1024

#: A server's clock that is further off is not a clock.
_SANE_CLOCK = timedelta(days=400)

#: Errors of httpx that come before a single byte of the request left.
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError, httpx.PoolTimeout)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: ``headers`` by their lower-case names, ``body`` whole."""

    method: str
    path: str
    status: int
    headers: Mapping[str, str]
    body: bytes


class Wire:
    """The way to one API and back."""

    def __init__(self, credentials: Credentials, *, clock: Clock, emit: Emit) -> None:
        self._credentials = credentials
        self._clock = clock
        self._emit = emit
        self._date: tuple[datetime, float] | None = None
        headers = {
            "authorization": f"Bearer {credentials.api_key}",
            "x-checkly-account": credentials.account_id,
            "accept": "application/json",
            # What is packed small may be huge; what is read stays bounded without it.
            "accept-encoding": "identity",
        }
        self._pools = Pools(client_maker(credentials, headers))
        if odd := proxy_for(credentials.url, getproxies()).odd:
            text = f"NO_PROXY holds what is not a host, address or network: {listed(odd)}."
            emit(Notice(clock.now(), text, is_warning=True))

    async def aclose(self) -> None:
        """Close every connection."""
        await self._pools.aclose()

    def server_now(self) -> datetime | None:
        """The server's clock, from the last ``Date`` it sent; never later than its truth."""
        if self._date is None:
            return None
        date, received = self._date
        return date + timedelta(seconds=self._clock.monotonic() - received)

    async def exchange(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        body: Any = None,
        seconds: float,
    ) -> Reply:
        """Send one request and read its answer within ``seconds``, whatever its status.

        Raises:
            Unreachable: No answer came; it says whether the request may have arrived.
            ApiError: The answer can't be read: too large, or broken off.
        """
        url = self._credentials.url + path
        began = self._clock.monotonic()
        status, trouble = None, None
        try:
            with self._pools.client() as client:
                async with asyncio.timeout(seconds):
                    stream = client.stream(method, url, params=params, json=body)
                    async with stream as answer:
                        status = answer.status_code
                        self._note_date(answer.headers.get("date"))
                        content = await _read(answer, method, path)
            return Reply(method, path, status, dict(answer.headers), content)
        except (TimeoutError, httpx.TimeoutException) as error:
            trouble = "no answer in time"
            raise self._timed_out(error, f"{method} {path}", seconds) from None
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            trouble = type(error).__name__
            raise self._broken(error, f"{method} {path}") from None
        except ApiError as error:
            trouble = error.message
            raise
        finally:
            taken = self._clock.monotonic() - began
            now = self._clock.now()
            self._emit(RequestMade(now, method, path, status, taken, trouble))

    def _note_date(self, text: str | None) -> None:
        try:
            date = parsedate_to_datetime(text or "")
            date = (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            return
        if abs(date - self._clock.now()) > _SANE_CLOCK:
            return
        self._date = (date, self._clock.monotonic())

    def _timed_out(self, error: Exception, what: str, seconds: float) -> Unreachable:
        host = self._credentials.host
        if isinstance(error, _NEVER_SENT):
            return Unreachable(
                f"{what}: no connection to {host} within {CONNECT_SECONDS:g} s.",
                sent=False,
                hint="Check the network, and whether a proxy is needed (HTTPS_PROXY).",
            )
        return Unreachable(
            f"{what}: {host} did not answer within {seconds:g} s.",
            sent=True,
            hint="Try again; if it stays so, look at Checkly's status page.",
        )

    def _broken(self, error: Exception, what: str) -> Unreachable:
        host = self._credentials.host
        if isinstance(error, httpx.ProxyError):
            return Unreachable(
                f"{what}: the proxy refused the connection to {host}.",
                sent=False,
                hint="Check HTTPS_PROXY (its address, and its user and password if it wants one),"
                " or list the host in NO_PROXY.",
            )
        if not isinstance(error, _NEVER_SENT):
            return Unreachable(
                f"{what}: the connection to {host} broke before the answer was there.",
                sent=True,
                hint="Try again; if it stays so, look at the network and at Checkly's status page.",
            )
        causes = list(_causes(error))
        if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
            why, hint = (
                "its certificate is not trusted",
                ("Behind a company's proxy, name its certificates in NODE_EXTRA_CA_CERTS."),
            )
        elif any(isinstance(cause, ssl.SSLError) for cause in causes):
            why, hint = (
                "no encrypted connection could be made",
                ("Check that the address speaks https, and what a proxy in between does."),
            )
        elif any(isinstance(cause, socket.gaierror) for cause in causes):
            why, hint = (
                "its name was not found",
                ("Check CHECKLY_API_URL, the network and its name servers."),
            )
        else:
            why, hint = (
                "the connection was not accepted",
                ("Check the address, the network, and whether a proxy is needed (HTTPS_PROXY)."),
            )
        return Unreachable(f"{what}: {host} could not be reached: {why}.", sent=False, hint=hint)


async def _read(answer: httpx.Response, method: str, path: str) -> bytes:
    """The body, or an error as soon as it is too large."""
    parts, size = [], 0
    if answer.headers.get("content-encoding", "").strip().lower() not in {"", "identity"}:
        raise _unreadable(answer, method, path, "came packed, though it was asked not to")
    async for part in answer.aiter_raw():
        size += len(part)
        if size > MAX_BODY_BYTES:
            limit = MAX_BODY_BYTES // (1024 * 1024)
            raise _unreadable(answer, method, path, f"is larger than {limit} MiB")
        parts.append(part)
    return b"".join(parts)


def _unreadable(answer: httpx.Response, method: str, path: str, why: str) -> ApiError:
    return ApiError(
        f"{method} {path}: the answer {why}.",
        status=answer.status_code,
        method=method,
        path=path,
        hint="Something between here and Checkly may have answered instead; check CHECKLY_API_URL.",
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
