"""Answers that go wrong on the wire, as ASGI responses."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import TYPE_CHECKING

from starlette.responses import Response, StreamingResponse
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from starlette.types import Receive, Scope, Send

    from runner.emulator.world.clock import Clock

_CHUNK = 65_536


class Connections:
    """The open connections by the client's address, so that one can be torn down."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, int], asyncio.Transport] = {}

    def protocol(self) -> type[H11Protocol]:
        """Return uvicorn's own protocol, extended to note its connections here."""
        opened = self._open

        class Protocol(H11Protocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # uvicorn narrows it in the same way
                peer = transport.get_extra_info("peername")
                self.__peer = (str(peer[0]), int(peer[1]))
                opened[self.__peer] = transport
                super().connection_made(transport)

            def connection_lost(self, exc: Exception | None) -> None:
                opened.pop(self.__peer, None)
                super().connection_lost(exc)

        return Protocol

    def reset(self, client: tuple[str, int]) -> None:
        """Tear the client's connection down with a TCP reset, unannounced."""
        transport = self._open.get(client)
        if transport is not None:
            wire: socket.socket = transport.get_extra_info("socket")
            with contextlib.suppress(OSError):  # the client was faster
                wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()

    def reset_all(self) -> None:
        """Tear down all connections."""
        for client in list(self._open):
            self.reset(client)


class Reset(Response):
    """Resets the connection, with nothing sent or in the middle of a body."""

    def __init__(self, connections: Connections, *, body: bytes = b"", status: int = 200) -> None:
        super().__init__(body, status, media_type="application/json")
        self._connections = connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the first half of the body, when there is one, and reset."""
        if self.body:
            await send(
                {
                    "type": "http.response.start",
                    "status": self.status_code,
                    "headers": self.raw_headers,
                }
            )
            half = bytes(self.body)[: len(self.body) // 2]
            await send({"type": "http.response.body", "body": half, "more_body": True})
            await asyncio.sleep(0.02)  # let the half leave before the reset overtakes it
        self._connections.reset(tuple(scope["client"]))
        await _disconnect(receive)  # or uvicorn would miss a response


class Hang(Response):
    """Never answers; ends when the client leaves."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait for the client to give up."""
        del scope, send
        await _disconnect(receive)


async def _disconnect(receive: Receive) -> None:
    """Wait until the connection is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def slow(
    body: bytes, status: int, headers: Mapping[str, str], *, seconds: float, clock: Clock
) -> Response:
    """Return an answer whose body trickles in, spread over `seconds`."""
    parts = min(20, max(1, len(body)))

    async def trickle() -> AsyncIterator[bytes]:
        for nth in range(parts):
            await clock.sleep(seconds / parts)
            yield body[len(body) * nth // parts : len(body) * (nth + 1) // parts]

    return StreamingResponse(
        trickle(), status, {**headers, "Content-Length": str(len(body))}, "application/json"
    )


def huge(size: int, *, status: int) -> Response:
    """Return a valid but endless-looking JSON answer of `size` bytes, without holding it."""

    async def spread() -> AsyncIterator[bytes]:
        yield b'{"padding":"'
        left = size - 14
        while left > 0:
            yield b"x" * min(left, _CHUNK)
            left -= _CHUNK
            await asyncio.sleep(0)
        yield b'"}'

    return StreamingResponse(spread(), status, media_type="application/json")
