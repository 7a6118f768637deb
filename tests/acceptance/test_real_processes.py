"""Real processes against the emulator: on a terminal, and paused in the middle."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from runner.emulator.server import Emulator
from tests.acceptance.conftest import Project
from tests.engine.bench import a_check, a_world
from tests.state.stub_s3 import StubS3, serving

#: The command with leases that are over in a moment; users can't set them.
SHORT_LEASE = """
import sys
from runner.state import place
place.LEASE_SECONDS = float(sys.argv.pop(1))
from runner.__main__ import main
main()
"""
FILE = """\
version: 1
defaults: {runLocation: eu-west-1, target: all}
profiles:
  smoke: {}
  few: {expectChecks: {min: 5}}
"""
LEASE = 4.0


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    world = a_world(a_check("home", duration=0.2))
    with Emulator(world) as running:
        yield running


@pytest.fixture
def shop(project: Project, emulator: Emulator) -> Project:
    project.write(FILE)
    project.environment.update(emulator.environment)
    return project


def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.02)


def test_an_owner_that_was_paused_past_its_lease_sends_nothing(
    shop: Project, emulator: Emulator
) -> None:
    """It is stopped while a 429 holds its trigger back, and another apply takes over."""
    emulator.add_fault("429:on=trigger,times=1,retry-after=2")
    command = [sys.executable, "-c", SHORT_LEASE, str(LEASE), "apply", "smoke"]
    environment = {**os.environ, **shop.environment}
    with (
        open(shop.folder / "first.txt", "w") as said,  # noqa: PTH123 # a file for a process
        subprocess.Popen(
            command, cwd=shop.folder, env=environment, stdout=said, stderr=said
        ) as first,
    ):
        until(lambda: "request limit" in (shop.folder / "first.txt").read_text())
        os.kill(first.pid, signal.SIGSTOP)
        try:
            second = subprocess.run(
                [*command, "--lock-timeout", "30", "--settle-time", "1"],
                cwd=shop.folder,
                env=environment,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
        finally:
            os.kill(first.pid, signal.SIGCONT)
        code = first.wait(30)
    assert second.returncode == 0, second.stderr
    assert len(emulator.sessions) == 1
    assert code == 3
    output = (shop.folder / "first.txt").read_text()
    assert "The lock of smoke was lost" in output or "was taken over" in output


def applying(shop: Project, *options: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "runner", "apply", "smoke", *options],
        cwd=shop.folder,
        env={**os.environ, **shop.environment, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_a_second_signal_ends_it_although_the_state_does_not_answer(
    shop: Project,
) -> None:
    hangs, over = threading.Event(), threading.Event()

    def answer(_method: str, _path: str) -> None:
        if hangs.is_set():
            over.wait(60)

    with Emulator(a_world(a_check("home", duration=60.0))) as slow, serving(StubS3()) as stub:
        stub.answer = answer
        shop.write(f"project: shop\nstate: s3://bucket/runs\n{FILE}")
        keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "a"}
        store = {"AWS_ENDPOINT_URL": stub.url, **keys}
        with applying(shop, **slow.environment, **store) as process:
            until(lambda: slow.sessions and any("/applies/" in path for path in stub.objects))
            time.sleep(0.5)
            hangs.set()
            process.send_signal(signal.SIGINT)
            time.sleep(0.5)
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=15)
        over.set()
    assert process.returncode == 130
    assert "Exited without waiting any longer for the state" in said


def test_after_a_second_signal_a_listener_gets_a_moment_only(shop: Project) -> None:
    with (
        Emulator(a_world(a_check("home", duration=60.0))) as slow,
        socket.create_server(("127.0.0.1", 0)) as silent,
    ):
        github = {
            "GITHUB_TOKEN": "t0ken",
            "GITHUB_REPOSITORY": "acme/shop",
            "GITHUB_SHA": "c" * 40,
            "GITHUB_API_URL": f"http://127.0.0.1:{silent.getsockname()[1]}",
        }
        with applying(shop, "--report", "github-check", **slow.environment, **github) as process:
            until(lambda: slow.sessions)
            process.send_signal(signal.SIGINT)
            time.sleep(0.5)
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=15)
    assert process.returncode == 130
    assert "--report github-check stopped: it did not finish within 2 s" in said


def on_a_terminal(shop: Project, *arguments: str, keys: bytes = b"") -> tuple[int, str]:
    """Run the command with a terminal of its own; returns its exit code and all that it shows."""
    keyboard, terminal = os.openpty()
    os.write(keyboard, keys)
    with subprocess.Popen(
        [sys.executable, "-m", "runner", *arguments],
        cwd=shop.folder,
        env={**os.environ, **shop.environment, "TERM": "dumb"},
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    ) as process:
        os.close(terminal)
        shown = b""
        with suppress(OSError):  # the end of a terminal
            while part := os.read(keyboard, 65536):
                shown += part
    os.close(keyboard)
    return process.returncode, " ".join(shown.decode().split())


def test_a_blocked_apply_asks_nothing(shop: Project, emulator: Emulator) -> None:
    code, shown = on_a_terminal(shop, "apply", "few", "smoke")
    assert code == 1
    assert "few is blocked, so nothing starts. --keep-going starts the rest." in shown
    assert "[y/N]" not in shown
    assert emulator.sessions == []


def test_the_rest_of_a_blocked_apply_is_asked_for(shop: Project, emulator: Emulator) -> None:
    code, shown = on_a_terminal(shop, "apply", "few", "smoke", "--keep-going", keys=b"y\n")
    assert code == 1
    assert "1 blocked. Start 1 session" in shown
    assert len(emulator.sessions) == 1


def test_ctrl_c_while_the_program_is_loaded_leaves_no_traceback() -> None:
    program = """
import builtins
import runner.cli
load = builtins.__import__
def interrupted(name, *more, **options):
    if name == "runner.cli.app":
        raise KeyboardInterrupt
    return load(name, *more, **options)
builtins.__import__ = interrupted
runner.cli.main()
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert (ended.returncode, ended.stderr) == (130, b"")
