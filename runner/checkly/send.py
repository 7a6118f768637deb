"""Send the requests of listeners such as webhooks, one at a time; none can affect the apply."""

import os
import ssl
import time
from collections.abc import Mapping
from urllib.parse import urlsplit
from urllib.request import getproxies

import httpx

from runner.checkly.account import is_loopback
from runner.checkly.network import proxy_for, trusted
from runner.errors import CannotRun, UsageError

_SECONDS = 10.0
#: More of an answer than anybody needs; the rest is left unread, as is what takes too long.
_MOST_BYTES = 1_000_000


def send(method: str, url: str, *, headers: Mapping[str, str], body: object) -> tuple[int, str]:
    """Send ``body`` as JSON, and return status and text, cut where it has no end.

    Redirects are not followed.

    Raises:
        CannotRun: No answer came, or the address is not https. It is not quoted, since the
            addresses of webhooks are secrets.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        raise CannotRun("Its address is not a URL.") from None
    is_encrypted, is_local = parts.scheme == "https", is_loopback(host)
    if not (is_encrypted or (parts.scheme == "http" and is_local)):
        raise CannotRun("Its address does not begin with https://.")
    proxy = None if is_local else proxy_for(url, getproxies()).url
    try:
        verify = trusted(os.environ) if is_encrypted else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        with (
            httpx.Client(timeout=_SECONDS, trust_env=False, verify=verify, proxy=proxy) as client,
            # A small packed answer may be huge.
            client.stream(
                method, url, headers={**headers, "accept-encoding": "identity"}, json=body
            ) as answer,
        ):
            return answer.status_code, _beginning(answer)
    except UsageError as error:
        raise CannotRun(error.message) from None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise CannotRun(f"No answer came ({type(error).__name__}).") from None


def _beginning(answer: httpx.Response) -> str:
    text, until = bytearray(), time.monotonic() + _SECONDS
    for part in answer.iter_raw():
        text += part
        if len(text) > _MOST_BYTES or time.monotonic() > until:
            break
    return text.decode(errors="replace")
