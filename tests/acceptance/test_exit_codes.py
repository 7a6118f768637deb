"""Every row of the table of exit codes, shown by running the command."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from runner.emulator.server import Emulator
from tests.acceptance.conftest import Project
from tests.engine.bench import a_check, a_world

FILE = """\
version: 1
defaults: {runLocation: eu-west-1}
profiles:
  good: {target: {matchTags: [[good]]}}
  bad: {target: {matchTags: [[bad]]}}
  after-bad: {needs: bad, target: {matchTags: [[good]]}}
  forgiven: {allowFailure: true, target: {matchTags: [[bad]]}}
  nothing: {target: {matchTags: [[nothing]]}}
  few: {target: {matchTags: [[good]]}, expectChecks: {min: 5}}
  gone: {target: {matchTags: [[gone]]}}
  slow: {timeoutSeconds: 1, target: {matchTags: [[slow]]}}
  patient: {target: {matchTags: [[slow]]}}
  last: {target: {matchTags: [[good]]}}
"""


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    world = a_world(
        a_check("home", tags=["good"]),
        a_check("login", "failed", tags=["bad"]),
        a_check("video", "cancelled", tags=["gone"]),
        a_check("checkout", type="PLAYWRIGHT", duration=120.0, tags=["slow"]),
    )
    with Emulator(world) as running:
        yield running


@pytest.fixture
def shop(project: Project, emulator: Emulator) -> Project:
    project.write(FILE)
    project.environment.update(emulator.environment)
    return project


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["good"], 0),
        (["good", "forgiven"], 0),
        (["good", "--detach"], 0),
        (["bad", "--changed", "--failed"], 1),
        (["good", "after-bad"], 1),
        (["nothing"], 1),
        (["few"], 1),
        (["gone"], 1),
        (["unheard-of"], 2),
        (["good", "--concurrency", "0"], 2),
        ([], 2),
        (["slow"], 4),
        (["slow", "bad"], 4),
    ],
    ids=str,
)
def test_apply_ends_with(shop: Project, arguments: list[str], code: int) -> None:
    done = shop.run("apply", *arguments)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_mistake_in_the_file_ends_with_2(shop: Project) -> None:
    shop.write("version: 1\nprofiles:\n  good: {runLocatoin: eu-west-1}\n")
    assert shop.run("apply", "good").returncode == 2


def test_a_key_that_is_refused_ends_with_3(shop: Project) -> None:
    done = shop.run("apply", "good", env={"CHECKLY_API_KEY": "cu_somebody_elses"})
    assert done.returncode == 3
    assert "API key" in done.stderr
    assert "cu_somebody_elses" not in done.stdout + done.stderr


def test_a_network_that_is_down_ends_with_3(shop: Project) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but nobody listens
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        begin = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "runner", "apply", "good"],
            cwd=shop.folder,
            env={**os.environ, **shop.environment, "CHECKLY_API_URL": url},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        out, _ = process.communicate(timeout=110)
    assert process.returncode == 3, out
    assert "could not be reached" in out
    assert time.monotonic() - begin < 110


def test_an_outcome_that_is_not_known_ends_with_3(shop: Project, emulator: Emulator) -> None:
    emulator.add_fault("500:on=trigger,work=after,times=2")
    twins = "{target: all, runLocation: eu-west-1, name: same, matrix: {n: [1, 2]}}"
    shop.write(f"version: 1\nprofiles:\n  twins: {twins}\n")
    done = shop.run("apply", "twins", "--settle-time", "0.5")
    assert done.returncode == 3, done.stdout + done.stderr
    assert "sessions could be it" in done.stdout


def test_a_lock_that_is_held_ends_with_3(shop: Project) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-m", "runner", "apply", "patient"],
        cwd=shop.folder,
        env={**os.environ, **shop.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert holder.stdout is not None
    started_line(holder)
    done = shop.run("apply", "patient")
    holder.send_signal(signal.SIGTERM)
    holder.communicate(timeout=60)
    assert done.returncode == 3
    assert f"process {holder.pid}" in done.stderr
    assert holder.returncode == 130


@pytest.mark.parametrize("option", ["--changed", "--failed", "--failed-checks"])
def test_what_a_later_apply_did_not_start_does_not_pass_for_passed(
    shop: Project, option: str
) -> None:
    assert shop.run("apply", "after-bad", "--no-needs").returncode == 0
    assert shop.run("apply", "after-bad").returncode == 1  # it is skipped
    again = shop.run("apply", "after-bad", "--no-needs", option)
    assert (again.returncode, "did not start it" in again.stdout) == (0, True), again.stdout
    assert "Nothing to apply" in shop.run("apply", "after-bad", "--no-needs", option).stdout
    shop.write(FILE.replace("last: {", "last: {expectChecks: {max: 0}, "))
    assert shop.run("apply", "last").returncode == 1  # it is blocked
    shop.write(FILE)
    assert "Nothing to apply" not in shop.run("apply", "last", option).stdout


def test_a_later_apply_that_can_not_be_read_is_warned_of(shop: Project) -> None:
    assert [shop.run("apply", name).returncode for name in ("last", "bad")] == [0, 1]
    max(shop.folder.glob(".runner/**/applies/*.json")).write_text("{")
    done = shop.run("apply", "last", "--failed")
    assert (done.returncode, "is cut off or damaged" in done.stderr) == (0, True), done.stderr


def test_what_a_killed_apply_did_not_start_does_not_pass_for_passed(shop: Project) -> None:
    assert shop.run("apply", "last").returncode == 0
    shop.environment["CHECKLY_SESSIONS_LEASE_SECONDS"] = "2"
    killed = subprocess.Popen(
        [sys.executable, "-m", "runner", "apply", "good", "patient", "last", "--concurrency", "1"],
        cwd=shop.folder,
        env={**os.environ, **shop.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    while "patient" not in started_line(killed):
        pass
    killed.kill()
    killed.communicate(timeout=60)
    again = shop.run("apply", "good", "last", "--failed", "--lock-timeout", "20")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "did not start it" in again.stdout
    assert "Sessions: 1 passed" in again.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_with_130(shop: Project, emulator: Emulator, number: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "runner", "apply", "patient"],
        cwd=shop.folder,
        env={**os.environ, **shop.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    started_line(process)
    process.send_signal(number)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130, out
    assert [session["status"] for session in emulator.sessions] == ["CANCELLED"]


def started_line(process: subprocess.Popen[str]) -> str:
    """Read the output up to the line that says that a session started."""
    assert process.stdout is not None
    for line in process.stdout:
        if ": started " in line:
            return line
    pytest.fail("it never started")


def test_a_bug_ends_with_70(shop: Project) -> None:
    program = (
        "import runner.engine.apply as engine\n"
        "def broken(*a, **k): raise LookupError('a bug')\n"
        "engine.apply = broken\n"
        "from runner.cli import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "apply", "good"],
        cwd=shop.folder,
        env={**os.environ, **shop.environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 70, done.stderr
    assert "Traceback" not in done.stderr


def test_waiting_for_what_was_detached_ends_as_the_apply_would(shop: Project) -> None:
    assert shop.run("apply", "good", "bad", "--detach").returncode == 0
    done = shop.run("wait")
    assert done.returncode == 1, done.stdout + done.stderr
    assert shop.run("wait").returncode == 1
    assert shop.run("wait", "01ARZ3NDEKTSV4RRFFQ69G5FAV").returncode == 2


def test_cancelling_reaches_the_session(shop: Project, emulator: Emulator) -> None:
    assert shop.run("apply", "patient", "--detach").returncode == 0
    done = shop.run("cancel")
    assert done.returncode == 0, done.stderr
    assert [session["status"] for session in emulator.sessions] == ["CANCELLED"]
    assert shop.run("wait").returncode == 1
    assert "Nothing to cancel." in shop.run("cancel", "patient").stdout
    done = shop.run("cancel", "patient", "pateint")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Did you mean 'patient'?" in done.stderr
    shop.write(FILE.replace("  patient:", "  renamed:"))
    assert shop.run("cancel", "patient").returncode == 0


def test_a_wait_needs_no_file_where_it_is_told_the_state(
    shop: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    state = f"file://{tmp_path_factory.mktemp('shared')}"
    assert shop.run("apply", "bad", "--detach", "--state", state).returncode == 0
    elsewhere = Project(tmp_path_factory.mktemp("elsewhere"), shop.environment)
    assert elsewhere.run("wait").returncode == 2
    done = elsewhere.run("wait", "--state", state)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "bad" in done.stdout


def test_a_cancellation_that_is_refused_ends_with_3(shop: Project, emulator: Emulator) -> None:
    assert shop.run("apply", "patient", "--detach").returncode == 0
    emulator.add_fault("status:on=cancel,status=403,message=read-only")
    done = shop.run("cancel", "patient")
    assert done.returncode == 3
    assert "no permission to do this" in done.stderr


def test_requests_are_logged_with_v_without_the_key(shop: Project, emulator: Emulator) -> None:
    done = shop.run("apply", "good", "-v")
    logged = done.stdout + done.stderr
    assert "POST /v1/test-sessions/trigger" in logged
    assert "201" in logged
    assert emulator.api_key not in logged
