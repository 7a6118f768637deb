"""Clients of httpx: pools, time-outs, proxies and certificates as the environment asks for."""

import os
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.cookiejar import CookieJar
from typing import Any, Final
from urllib.request import getproxies

from runner._version import __version__
from runner.checkly.account import Credentials
from runner.checkly.http_ import httpx
from runner.checkly.network import proxy_for, trusted
from runner.errors import UsageError

CONNECT_SECONDS: Final = 10.0
#: Idle connections are dropped long before a server's usual five seconds are over, because a
#: request that meets a closing connection looks like one whose answer was lost.
KEEP_ALIVE_SECONDS: Final = 2.0
#: Requests that one pool has under way at most, and connections that it keeps open between them.
POOL_SIZE: Final = 8


class Pools:
    """Clients of one API, each with a small pool, opened when those before it are busy.

    httpx looks through all connections of a pool at the beginning and at the end of each request,
    so two hundred sessions that are followed at once would spend most of their time there.
    """

    def __init__(self, make: Callable[[], httpx.AsyncClient]) -> None:
        self._make = make
        self._busy = {make(): 0}

    @contextmanager
    def client(self) -> Iterator[httpx.AsyncClient]:
        """Lend the first client that has room for a request."""
        free = (client for client, busy in self._busy.items() if busy < POOL_SIZE)
        client = next(free, None) or self._make()
        self._busy[client] = self._busy.get(client, 0) + 1
        try:
            yield client
        finally:
            self._busy[client] -= 1

    async def aclose(self) -> None:
        """Close every connection."""
        for client in self._busy:
            await client.aclose()


def client_maker(
    credentials: Credentials, headers: Mapping[str, str]
) -> Callable[[], httpx.AsyncClient]:
    """Return a function that makes clients with these headers.

    On loopback they use no proxy and load no certificates. They follow no redirects and keep no
    cookies; the target of a redirect is in the answer's extension ``location``.

    Raises:
        UsageError: The variables for certificates are wrong. Those for proxies are judged when
            the first client is made.
    """
    verify = (
        trusted(os.environ)
        if credentials.url.startswith("https:")
        else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # never used, but made by each client else
    )
    proxies = {} if credentials.is_loopback else getproxies()

    def make() -> httpx.AsyncClient:
        route = _Route(verify, proxies)
        route.to(credentials.url)  # an unusable proxy is reported before anything is sent
        return httpx.AsyncClient(
            headers={"user-agent": f"checkly-sessions-runner/{__version__}", **headers},
            cookies=_NoCookies(),
            event_hooks={"response": [_hide_location]},
            follow_redirects=False,
            # The sender limits the whole exchange rather than each piece of it.
            timeout=httpx.Timeout(None, connect=CONNECT_SECONDS),
            trust_env=False,
            transport=route,
        )

    return make


class _Route(httpx.AsyncBaseTransport):
    """Sends each request directly or through the proxy of its address."""

    def __init__(self, verify: ssl.SSLContext, proxies: Mapping[str, str]) -> None:
        self._verify = verify
        self._proxies = proxies
        self._made: dict[str | None, httpx.AsyncHTTPTransport] = {}

    def to(self, url: str) -> httpx.AsyncHTTPTransport:
        """Return the transport for ``url``.

        Raises:
            UsageError: Its proxy can't be used.
        """
        proxy = proxy_for(url, self._proxies).url
        if proxy not in self._made:
            limits = httpx.Limits(
                max_connections=None,
                max_keepalive_connections=POOL_SIZE,
                keepalive_expiry=KEEP_ALIVE_SECONDS,
            )
            try:
                self._made[proxy] = httpx.AsyncHTTPTransport(
                    verify=self._verify, trust_env=False, limits=limits, proxy=proxy
                )
            except (ValueError, ImportError, httpx.InvalidURL):
                raise UsageError(
                    "The proxy's address in HTTPS_PROXY, HTTP_PROXY or ALL_PROXY can't be used.",
                    hint="It looks like http://proxy.example.com:3128; SOCKS proxies are not"
                    " supported.",
                ) from None
        return self._made[proxy]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request."""
        return await self.to(str(request.url)).handle_async_request(request)

    async def aclose(self) -> None:
        """Close every connection."""
        for transport in self._made.values():
            await transport.aclose()


class _NoCookies(CookieJar):
    """Keeps no cookies: the API has no use for any."""

    def extract_cookies(self, response: Any, request: Any) -> None:
        pass


async def _hide_location(answer: httpx.Response) -> None:
    """Keep httpx from parsing the target of a redirect, which may raise anything."""
    answer.extensions["location"] = answer.headers.pop("location", "")
