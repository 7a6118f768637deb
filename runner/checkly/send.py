"""Requests of listeners, such as webhooks: one at a time, and none of them matters to the apply."""

from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx

from runner.errors import CannotRun

_SECONDS = 10.0
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def send(method: str, url: str, *, headers: Mapping[str, str], body: object) -> tuple[int, str]:
    """Send ``body`` as JSON; returns status and text. Redirects are not followed.

    Raises:
        CannotRun: No answer came, or the address is not https. The address is not quoted, for
            those of webhooks are secrets.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        raise CannotRun("Its address is not a URL.") from None
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
        raise CannotRun("Its address does not begin with https://.")
    try:
        with httpx.Client(timeout=_SECONDS, follow_redirects=False) as client:
            answer = client.request(method, url, headers=dict(headers), json=body)
            return answer.status_code, answer.text
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise CannotRun(f"No answer came ({type(error).__name__}).") from None
