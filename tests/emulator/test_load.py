"""Two thousand sessions at once, each followed by a long poll, in little memory."""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SESSIONS = 2000
WORLD = "checks:\n" + "".join(
    f"  - {{name: Check {n}, type: API, tags: [load], duration: 600}}\n" for n in range(5)
)


@pytest.fixture
def process(tmp_path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The emulator as a process of its own: its id, and the variables it prints."""
    world = tmp_path / "world.yaml"
    world.write_text(WORLD, encoding="utf-8")
    command = [sys.executable, "-m", "runner", "emulator", "--world", str(world), "--speed", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as running:
        assert running.stdout is not None
        lines = [running.stdout.readline() for _ in range(4)]
        exported = (line.removeprefix("export ").strip().partition("=") for line in lines)
        yield running.pid, {name: value for name, _, value in exported}
        running.terminate()
        assert running.wait(10) == 0


def memory(pid: int) -> int:
    """Return the most memory that a process has had, in MB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    [peak] = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return int(peak) // 1024


class Client:
    """A client of few means: one connection for each request."""

    def __init__(self, environment: dict[str, str]) -> None:
        address = urlsplit(environment["CHECKLY_API_URL"])
        self._host, self._port = str(address.hostname), int(address.port or 0)
        self._key = environment["CHECKLY_API_KEY"]
        self._door = asyncio.Semaphore(200)

    async def open(
        self, method: str, path: str, body: object = None
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Send a request and leave its connection open."""
        content = b"" if body is None else json.dumps(body).encode()
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: {self._host}\r\nConnection: close\r\n"
            f"Authorization: Bearer {self._key}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(content)}\r\n\r\n"
        )
        reader, writer = await asyncio.open_connection(self._host, self._port)
        writer.write(head.encode() + content)
        await writer.drain()
        return reader, writer

    async def request(self, method: str, path: str, body: object = None) -> tuple[int, object]:
        async with self._door:
            reader, writer = await self.open(method, path, body)
            answer = await reader.read()
            writer.close()
        return parsed(answer)


def parsed(answer: bytes) -> tuple[int, object]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body) if body else None


@pytest.mark.timeout(300)
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_two_thousand_sessions_are_followed_at_once(
    process: tuple[int, dict[str, str]],
) -> None:
    pid, environment = process
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        statuses = asyncio.run(follow_all(Client(environment)))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert statuses == [200] * SESSIONS
    assert memory(pid) < 300


async def follow_all(client: Client) -> list[int]:
    trigger = {"name": "Load", "runLocation": "eu-west-1"}
    started = await asyncio.gather(
        *(client.request("POST", "/v1/test-sessions/trigger", trigger) for _ in range(SESSIONS))
    )
    assert {status for status, _ in started} == {201}
    ids = [str(answer["testSessionId"]) for _, answer in started if isinstance(answer, dict)]
    polls = await asyncio.gather(
        *(client.open("GET", f"/v1/test-sessions/{session}/completion") for session in ids)
    )
    _, counts = await client.request("GET", "/__emulator__/requests")
    assert counts == {"trigger": SESSIONS, "completion": SESSIONS}
    await client.request("POST", "/__emulator__/advance", {"seconds": 700})
    answers = await asyncio.gather(*(reader.read() for reader, _ in polls))
    for _, writer in polls:
        writer.close()
    return [parsed(answer)[0] for answer in answers]
