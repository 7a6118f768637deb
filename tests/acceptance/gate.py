"""A door in front of an emulator that can be shut: connections are refused while it is."""

import asyncio
from contextlib import suppress
from types import TracebackType
from urllib.parse import urlsplit


class Gate:
    """Passes bytes on to an address of this machine; an async context manager.

    Attributes:
        port: Where it listens, and where nobody does while it is shut.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._behind = parts.hostname or "", parts.port or 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._reopening: asyncio.Task[None] | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> "Gate":
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._reopening is not None:
            self._reopening.cancel()
        self.shut()

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def shut(self, seconds: float | None = None) -> None:
        """Refuse connections and drop those there are; for ``seconds``, or for good."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._writers):
            writer.close()
        if seconds is not None:
            self._reopening = asyncio.ensure_future(self._open_after(seconds))

    async def _open_after(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self.open()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner, outer = await asyncio.open_connection(self._host, self._behind)
        self._writers |= {writer, outer}
        try:
            await asyncio.wait(
                {
                    asyncio.ensure_future(_copy(reader, outer)),
                    asyncio.ensure_future(_copy(inner, writer)),
                }
            )
        finally:
            self._writers -= {writer, outer}


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
