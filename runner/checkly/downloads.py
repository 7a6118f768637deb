"""Download files from signed addresses: no key is sent, sizes are bounded, breaks are resumed."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx

from runner.checkly.account import Credentials, is_loopback
from runner.checkly.clients import make_client
from runner.errors import CannotRun
from runner.models.clock import Clock

_TRIES: Final = 3
#: Seconds of silence after which the server is asked again.
_SILENCE_SECONDS: Final = 30.0
#: Answers to a signed address that has expired.
_WITHDRAWN: Final = frozenset({401, 403, 404, 410})
_RANGE: Final = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)")
TOO_LARGE: Final = "It is larger than what is left of --artifacts-limit."
_MOST_REDIRECTS: Final = 3


class _Broken(Exception):
    """The download broke off, and may be resumed."""


class Downloads:
    """Fetches files one by one; the key of the credentials is not sent.

    An emulator's files come over http, those of others must not.
    """

    def __init__(self, credentials: Credentials, clock: Clock) -> None:
        self._clock = clock
        self._client = make_client(credentials, {})
        self._is_loopback = credentials.is_loopback

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def fetch(
        self, address: str, path: Path, fits: Callable[[int], bool], seconds: float
    ) -> None:
        """Download a file to ``path``, resuming what an earlier call left in a ``.part`` file.

        No message quotes the signed address. ``fits`` tells whether the file may grow to a size.

        Raises:
            CannotRun: It can't be had, takes more than ``seconds``, or is too large.
            OSError: It can't be written.
        """
        part = path.with_name(path.name + ".part")
        try:
            async with asyncio.timeout(seconds):
                await self._whole(address, part, fits)
        except TimeoutError:
            raise CannotRun("It took too long.") from None
        part.replace(path)

    async def _whole(self, address: str, part: Path, fits: Callable[[int], bool]) -> None:
        for attempt in range(1, _TRIES + 1):
            try:
                async with asyncio.timeout(_SILENCE_SECONDS) as silence:
                    await self._once(address, part, fits, silence)
            except (_Broken, httpx.TransportError, httpx.DecodingError, TimeoutError):
                if attempt == _TRIES:
                    raise CannotRun("The connection broke off.") from None
                await self._clock.sleep(attempt)
            except (httpx.InvalidURL, httpx.HTTPError, ValueError):
                raise CannotRun("Its address can't be used.") from None
            else:
                return

    async def _once(
        self, address: str, part: Path, fits: Callable[[int], bool], silence: asyncio.Timeout
    ) -> None:
        start = _size(part)
        headers = {"accept-encoding": "identity", **({"range": f"bytes={start}-"} if start else {})}
        for _ in range(_MOST_REDIRECTS + 1):
            self._check(address)
            async with self._client.stream("GET", address, headers=headers) as answer:
                if answer.is_redirect:
                    address = str(answer.url.join(answer.extensions["location"]))
                    continue
                if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
                    raise _Broken
                if answer.status_code in _WITHDRAWN:
                    raise CannotRun("Its address has expired, or the file was removed.")
                if not _goes_on(answer, start):
                    _drop(part)
                    raise _Broken
                if not answer.is_success:
                    raise CannotRun(f"The server answered {answer.status_code}.")
                resumed = answer.status_code == httpx.codes.PARTIAL_CONTENT
                await _write(answer, part, start if resumed else 0, fits, silence)
                return
        raise CannotRun("Its address redirected too many times.")

    def _check(self, address: str) -> None:
        """Refuse an address that is not https; an emulator's may be http."""
        url = urlsplit(address)
        is_local = self._is_loopback and url.scheme == "http" and is_loopback(url.hostname or "")
        if not (url.scheme == "https" or is_local):
            raise CannotRun("Its address is not https.")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _drop(path: Path) -> None:
    path.unlink(missing_ok=True)


def _goes_on(answer: httpx.Response, start: int) -> bool:
    """Return whether an answer continues the first ``start`` bytes, or replaces them."""
    if answer.status_code == httpx.codes.PARTIAL_CONTENT:
        sent = _RANGE.fullmatch(answer.headers.get("content-range", ""))
        if sent is None or "content-encoding" in answer.headers:  # ranges are of what is packed
            return False
        first, last, size = sent.groups()
        return int(first) == start and size in {"*", str(int(last) + 1)}
    return answer.status_code != httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE


async def _write(
    answer: httpx.Response,
    part: Path,
    start: int,
    fits: Callable[[int], bool],
    silence: asyncio.Timeout,
) -> None:
    """Append the body to the first ``start`` bytes of ``part``."""
    size = start
    with part.open("ab" if start else "wb", buffering=0) as file:
        async for chunk in answer.aiter_bytes():
            silence.reschedule(asyncio.get_running_loop().time() + _SILENCE_SECONDS)
            size += len(chunk)
            if not fits(size):
                break
            file.write(chunk)
        else:
            return
    _drop(part)
    raise CannotRun(TOO_LARGE)
