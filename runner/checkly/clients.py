"""Make clients of httpx: time-outs, proxies and certificates as the environment asks for them."""

import ssl
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from runner._version import __version__
from runner.checkly.account import Credentials
from runner.checkly.http_ import httpx
from runner.checkly.pools import SIZE
from runner.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

CONNECT_SECONDS = 10.0
#: Idle connections are dropped long before a server's usual five seconds are over, because a
#: request that meets a closing connection looks like one whose answer was lost.
KEEP_ALIVE_SECONDS = 2.0


def client_maker(
    credentials: Credentials, headers: Mapping[str, str]
) -> Callable[[], httpx.AsyncClient]:
    """Return a function that makes clients with these headers.

    On loopback they heed no proxy and load no certificates. They follow no redirects.

    Raises:
        UsageError: The variables for certificates make no sense. Those for proxies are judged
            when the first client is made.
    """
    trust_env = not credentials.is_loopback
    with _explained():
        verify = (
            httpx.create_ssl_context(trust_env=trust_env)
            if credentials.url.startswith("https:")
            else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # never used, but made by each client else
        )

    def make() -> httpx.AsyncClient:
        with _explained():
            return httpx.AsyncClient(
                headers={"user-agent": f"checkly-sessions-runner/{__version__}", **headers},
                follow_redirects=False,
                # Who sends a request limits the whole exchange, not each piece of it.
                timeout=httpx.Timeout(None, connect=CONNECT_SECONDS),
                trust_env=trust_env,
                verify=verify,
                limits=httpx.Limits(
                    max_connections=None,
                    max_keepalive_connections=SIZE,
                    keepalive_expiry=KEEP_ALIVE_SECONDS,
                ),
            )

    return make


@contextmanager
def _explained() -> "Iterator[None]":
    try:
        yield
    except (ValueError, ImportError, httpx.InvalidURL):
        raise UsageError(
            "The proxy's address in HTTPS_PROXY, HTTP_PROXY or ALL_PROXY can't be used.",
            hint="It looks like http://proxy.example.com:3128; SOCKS proxies are not supported.",
        ) from None
    except OSError:
        raise UsageError(
            "The certificates named in SSL_CERT_FILE or SSL_CERT_DIR can't be read.",
            hint="Name a file in PEM form, or a folder of such files.",
        ) from None
