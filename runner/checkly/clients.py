"""Make a client of httpx: pools, time-outs, proxies and certificates as the environment asks."""

import os
import ssl
from collections import defaultdict
from collections.abc import Mapping
from typing import Final
from urllib.request import getproxies

import httpx

from runner._version import __version__
from runner.checkly.account import Credentials
from runner.checkly.network import proxy_for, trusted
from runner.errors import UsageError

CONNECT_SECONDS: Final = 10.0
#: Requests that one pool has under way, and connections that it keeps open between them.
_POOL_SIZE: Final = 8
_LIMITS: Final = httpx.Limits(
    max_connections=None,
    max_keepalive_connections=_POOL_SIZE,
    # Idle connections are dropped long before a server's usual five seconds are over, because a
    # request that meets a closing connection looks like one whose answer was lost.
    keepalive_expiry=2.0,
)


def make_client(credentials: Credentials, headers: Mapping[str, str]) -> httpx.AsyncClient:
    """Make a client that sends these headers.

    On loopback it uses no proxy and loads no certificates. It follows no redirects and keeps no
    cookies; the target of a redirect is in the answer's extension ``location``.

    Raises:
        UsageError: The variables for certificates or proxies are wrong.
    """
    route = _Route(credentials)
    route.pool(credentials.url)  # an unusable proxy is reported before anything is sent
    return httpx.AsyncClient(
        headers={"user-agent": f"checkly-sessions-runner/{__version__}", **headers},
        follow_redirects=False,
        # The sender limits the whole exchange rather than each piece of it.
        timeout=httpx.Timeout(None, connect=CONNECT_SECONDS),
        trust_env=False,
        transport=route,
    )


class _Route(httpx.AsyncBaseTransport):
    """Sends each request directly or through the proxy of its address, by a pool with room.

    httpx looks through a pool's connections twice for each request, so following two hundred
    sessions would spend most of its time there. Hence several small pools, each opened when those
    before it are busy.
    """

    def __init__(self, credentials: Credentials) -> None:
        is_encrypted = credentials.url.startswith("https:")
        # Without encryption the context is never used, but without one each pool makes its own.
        self._verify = (
            trusted(os.environ) if is_encrypted else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        )
        self._proxies = {} if credentials.is_loopback else getproxies()
        self._busy: dict[httpx.AsyncHTTPTransport, int] = {}
        self._pools: dict[str | None, list[httpx.AsyncHTTPTransport]] = defaultdict(list)

    def pool(self, url: str) -> httpx.AsyncHTTPTransport:
        """Return the first pool for ``url`` that has room for a request.

        Raises:
            UsageError: Its proxy can't be used.
        """
        proxy = proxy_for(url, self._proxies).url
        for pool in self._pools[proxy]:
            if self._busy[pool] < _POOL_SIZE:
                return pool
        try:
            pool = httpx.AsyncHTTPTransport(
                verify=self._verify, trust_env=False, limits=_LIMITS, proxy=proxy
            )
        except (ValueError, ImportError, httpx.InvalidURL):
            raise UsageError(
                "The proxy's address in HTTPS_PROXY, HTTP_PROXY or ALL_PROXY can't be used.",
                hint="It looks like http://proxy.example.com:3128; SOCKS is not supported.",
            ) from None
        self._busy[pool] = 0
        self._pools[proxy].append(pool)
        return pool

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request."""
        pool = self.pool(str(request.url))
        self._busy[pool] += 1
        try:
            answer = await pool.handle_async_request(request)
        finally:
            self._busy[pool] -= 1
        # httpx would parse both headers, which may raise anything.
        answer.extensions["location"] = answer.headers.pop("location", "")
        answer.headers.pop("set-cookie", None)
        return answer

    async def aclose(self) -> None:
        """Close every connection."""
        for pool in self._busy:
            await pool.aclose()
