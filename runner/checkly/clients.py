"""Make clients of httpx: time-outs, proxies and certificates as the environment asks for them."""

import os
import ssl
from collections.abc import Callable, Mapping
from http.cookiejar import CookieJar
from typing import Any
from urllib.request import getproxies

from runner._version import __version__
from runner.checkly.account import Credentials
from runner.checkly.http_ import httpx
from runner.checkly.network import proxy_for, trusted
from runner.checkly.pools import SIZE
from runner.errors import UsageError

CONNECT_SECONDS = 10.0
#: Idle connections are dropped long before a server's usual five seconds are over, because a
#: request that meets a closing connection looks like one whose answer was lost.
KEEP_ALIVE_SECONDS = 2.0


def client_maker(
    credentials: Credentials, headers: Mapping[str, str]
) -> Callable[[], httpx.AsyncClient]:
    """Return a function that makes clients with these headers.

    On loopback they heed no proxy and load no certificates. They follow no redirects and keep no
    cookies; where a redirect leads is in the answer's extension ``location``.

    Raises:
        UsageError: The variables for certificates make no sense. Those for proxies are judged
            when the first client is made.
    """
    verify = (
        trusted(os.environ)
        if credentials.url.startswith("https:")
        else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # never used, but made by each client else
    )
    proxies = {} if credentials.is_loopback else getproxies()

    def make() -> httpx.AsyncClient:
        route = _Route(verify, proxies)
        route.to(credentials.url)  # a proxy that can't be used is told before anything is sent
        return httpx.AsyncClient(
            headers={"user-agent": f"checkly-sessions-runner/{__version__}", **headers},
            cookies=_NoCookies(),
            event_hooks={"response": [_hide_location]},
            follow_redirects=False,
            # Who sends a request limits the whole exchange, not each piece of it.
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
        """The way to ``url``.

        Raises:
            UsageError: Its proxy can't be used.
        """
        proxy = proxy_for(url, self._proxies).url
        if proxy not in self._made:
            limits = httpx.Limits(
                max_connections=None,
                max_keepalive_connections=SIZE,
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
    """Keeps none of the cookies that an answer sets: the API has no use for any."""

    def extract_cookies(self, response: Any, request: Any) -> None:
        pass


async def _hide_location(answer: httpx.Response) -> None:
    """Keep httpx from making sense of where a redirect leads, which may raise anything."""
    answer.extensions["location"] = answer.headers.pop("location", "")
