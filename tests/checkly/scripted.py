"""A server on loopback that answers what a test says, byte for byte."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeAlias


@dataclass(frozen=True)
class Drip:
    """An answer that comes in parts, with a pause after each."""

    parts: Sequence[bytes]
    seconds: float = 0.0


#: Nothing at all is answered, and the connection stays.
SILENCE = Drip(())

#: From the request's text to the answer; ``None`` closes the connection unanswered.
Script: TypeAlias = Callable[[str], bytes | Drip | None]


def answer(body: Any, status: int = 200, **headers: str) -> bytes:
    """An answer with a JSON body (or bytes as they are)."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [
        f"HTTP/1.1 {status} Status",
        f"Content-Length: {len(content)}",
        "Date: Sat, 01 Aug 2026 12:00:00 GMT",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


@dataclass
class Scripted:
    """The server that runs.

    Attributes:
        url: Its address.
        requests: What it was asked, as text.
        sent: Bytes that left.
    """

    script: Script
    url: str = ""
    requests: list[str] = field(default_factory=list)
    sent: int = 0
    _open: dict[asyncio.StreamWriter, asyncio.Task[None]] = field(default_factory=dict)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection to its end."""
        task = asyncio.current_task()
        assert task is not None
        self._open[writer] = task
        with suppress(OSError, asyncio.IncompleteReadError):
            while await self._exchange(reader, writer):
                pass
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        text = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        fields = dict(line.lower().split(": ", 1) for line in text.split("\r\n") if ": " in line)
        text += (await reader.readexactly(int(fields.get("content-length", 0)))).decode()
        self.requests.append(text)
        answered = self.script(text)
        if answered is None:
            return False
        drip = answered if isinstance(answered, Drip) else Drip([answered])
        for part in drip.parts:
            writer.write(part)
            await writer.drain()
            self.sent += len(part)
            await asyncio.sleep(drip.seconds)
        return True

    async def end(self) -> None:
        """Close what is open, and wait until it is."""
        for writer in self._open:
            writer.close()
        await asyncio.gather(*self._open.values())


@asynccontextmanager
async def scripted(script: Script) -> AsyncIterator[Scripted]:
    """Serve by ``script`` while the block runs."""
    server = Scripted(script)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listening.close()
        await server.end()
