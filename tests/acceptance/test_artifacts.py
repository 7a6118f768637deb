"""``--artifacts``, when the machine goes down while a file is on its way."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from runner.emulator.server import Emulator
from runner.emulator.sessions import assets
from tests.acceptance.conftest import Project
from tests.engine.bench import a_check, a_world

FILE = "version: 1\nprofiles: {shop: {runLocation: eu-west-1, target: all}}\n"


def test_files_are_resumed_by_wait_after_a_kill(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str | None]] = []
    serve = assets._ranged

    def stalling(request: Request, content: bytes) -> Response:
        name = request.path_params["name"]
        asked.append((name, request.headers.get("range")))
        if name != "trace.zip" or asked[-1][1]:
            return serve(request, content)

        async def half() -> AsyncIterator[bytes]:
            yield content[:50]
            await anyio.sleep(60)

        return StreamingResponse(half(), headers={"content-length": str(len(content))})

    monkeypatch.setattr(assets, "_ranged", stalling)
    project.write(FILE)
    checks = [a_check("login", "failed", type="PLAYWRIGHT", error="no such button")]
    with Emulator(a_world(*checks)) as emulator:
        project.environment |= {**emulator.environment, "CHECKLY_SESSIONS_LEASE_SECONDS": "3"}
        environment = {**os.environ, **project.environment}
        apply = subprocess.Popen(
            [sys.executable, "-m", "runner", "apply", "--yes", "--artifacts", "out"],
            cwd=project.folder,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + 60
        while not any(part.stat().st_size for part in parts(project.folder)):
            assert time.monotonic() < until
            time.sleep(0.02)
        apply.send_signal(signal.SIGKILL)
        apply.wait()
        done = project.run("wait", "--artifacts", "out")
    assert done.returncode == 1, done.stderr
    assert "Downloaded 5 files of what failed" in done.stdout
    assert ("trace.zip", "bytes=50-") in asked
    (trace,) = project.folder.glob("out/shop/login-*/trace.zip")
    assert trace.read_bytes() == dict(assets._contents("any run"))["trace.zip"]
    assert not parts(project.folder)


def parts(folder: Path) -> list[Path]:
    return list(folder.rglob("*.part"))
