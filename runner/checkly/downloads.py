"""Download files from signed addresses: no key is sent, sizes are bounded, breaks are resumed."""

import asyncio
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from runner.checkly.account import Credentials
from runner.checkly.clients import client_maker
from runner.checkly.http_ import httpx
from runner.errors import CannotRun
from runner.models.clock import Clock

_TRIES: Final = 3
_CHUNK_SECONDS: Final = 30.0
_MOST_REDIRECTS: Final = 3
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


class _Broken(Exception):
    """The download broke off and may be resumed."""


class Downloads:
    """Fetches files one by one; an async context manager.

    Args:
        credentials: Where the API is: an emulator's files come over http. The key is not used.
        clock: Waits before a second try.
    """

    def __init__(self, credentials: Credentials, clock: Clock) -> None:
        self._clock = clock
        self._client = client_maker(credentials, {})()
        self._is_loopback = credentials.is_loopback

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def fetch(self, address: str, path: Path, most: int) -> int:
        """Download a file to ``path``; returns its size in bytes.

        What an earlier call left unfinished (``path`` with ``.part``) is resumed.

        Args:
            address: The signed address; no message quotes it.
            path: Where the file goes, once it is whole.
            most: The greatest size, in bytes.

        Raises:
            CannotRun: It can't be had, or is larger.
            OSError: It can't be written.
        """
        part = path.with_name(path.name + ".part")
        for attempt in range(1, _TRIES + 1):
            try:
                await self._once(address, part, most)
            except (_Broken, httpx.TransportError, TimeoutError):
                if attempt == _TRIES:
                    raise CannotRun("The connection broke off.") from None
                await self._clock.sleep(attempt)
            except (httpx.InvalidURL, httpx.HTTPError, ValueError):
                raise CannotRun("Its address can't be used.") from None
            else:
                break
        part.replace(path)
        return _size(path)

    async def _once(self, address: str, part: Path, most: int) -> None:
        start = _size(part)
        headers = {"range": f"bytes={start}-"} if start else {}
        for _ in range(_MOST_REDIRECTS + 1):
            self._check(address)
            async with self._client.stream("GET", address, headers=headers) as answer:
                if answer.is_redirect:
                    address = str(answer.url.join(answer.extensions["location"]))
                    continue
                if answer.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                    _drop(part)
                    raise _Broken
                if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
                    raise _Broken
                if not answer.is_success:
                    raise CannotRun(f"The server answered {answer.status_code}.")
                resumed = answer.status_code == httpx.codes.PARTIAL_CONTENT
                await _write(answer, part, start if resumed else 0, most)
                return
        raise CannotRun("Its address redirects too often.")

    def _check(self, address: str) -> None:
        """Refuse addresses that are not of the web.

        Raises:
            CannotRun: It is such an address.
        """
        url = urlsplit(address)
        is_local = self._is_loopback and url.scheme == "http" and url.hostname in _LOOPBACK
        if not (url.scheme == "https" or is_local):
            raise CannotRun("Its address is not https.")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _drop(path: Path) -> None:
    path.unlink(missing_ok=True)


async def _write(answer: httpx.Response, part: Path, start: int, most: int) -> None:
    """Write the body behind the first ``start`` bytes of ``part``."""
    size = start
    with part.open("ab" if start else "wb") as file:
        chunks = answer.aiter_bytes()
        while True:
            async with asyncio.timeout(_CHUNK_SECONDS):
                chunk = await anext(chunks, None)
            if chunk is None:
                return
            size += len(chunk)
            if size > most:
                break
            file.write(chunk)
    _drop(part)
    raise CannotRun("It is larger than what is left of --artifacts-limit.")
