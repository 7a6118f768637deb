"""What a team shares: records and locks, on a folder and on a bucket."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise

import obstore
import pytest
from obstore.store import from_url

from runner.emulator.server import Emulator
from runner.emulator.world.world import load_world
from tests.acceptance.conftest import SECRET, Project
from tests.state.conftest import bucket, folder_place, place, s3_place, s3_server, stub
from tests.state.stub_s3 import StubS3

__all__ = ["bucket", "folder_place", "place", "s3_place", "s3_server", "stub"]

ONE = """\
version: 1
project: shop
profiles:
  smoke:
    runLocation: eu-west-1
    target: {matchTags: [[production]]}
    environmentVariables:
      API_TOKEN: {value: $<env.SHOP_API_TOKEN>, secret: true}
"""
ENDLESS = """\
checks:
  - {name: Home, type: API, tags: [production], duration: 600}
"""
QUICK = """\
checks:
  - {name: Home, type: API, tags: [production], duration: 0.1}
"""


class Team:
    """Processes of one project, or of copies of it on other machines."""

    def __init__(self, project: Project, state: str) -> None:
        self.project = project
        self.project.write(ONE)
        self.project.environment["CHECKLY_SESSIONS_STATE"] = state
        self.running: list[subprocess.Popen[str]] = []

    def apply(self, count: int, *options: str) -> list["subprocess.Popen[str]"]:
        started = [
            subprocess.Popen(
                [sys.executable, "-m", "runner", "apply", "smoke", *options],
                cwd=self.project.folder,
                env={**os.environ, **self.project.environment},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for _ in range(count)
        ]
        self.running += started
        return started

    def end(self) -> None:
        for process in self.running:
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()


@pytest.fixture
def team(project: Project, place: str) -> Iterator[Team]:
    found = Team(project, place)
    yield found
    found.end()


def many() -> list[object]:
    return [5, pytest.param(20, marks=[pytest.mark.slow, pytest.mark.timeout(600)])]


@pytest.mark.parametrize("count", many())
def test_of_many_that_apply_at_once_one_starts_and_the_others_say_who(
    team: Team, count: int
) -> None:
    world = team.project.write(ENDLESS, "endless.world.yaml")
    with Emulator(load_world(world)) as emulator:
        team.project.environment |= emulator.environment
        processes = team.apply(count)
        while sum(process.poll() is not None for process in processes) < count - 1:
            time.sleep(0.05)
        (winner,) = (process for process in processes if process.poll() is None)
        for process in processes:
            if process is not winner:
                output = process.communicate()[0]
                assert process.returncode == 3, output
                assert f"(process {winner.pid})" in output
                assert "--lock-timeout" in output
        while not emulator.sessions:
            time.sleep(0.05)
        assert len(emulator.sessions) == 1
        winner.send_signal(signal.SIGKILL)


@pytest.mark.parametrize("count", many())
def test_many_that_wait_for_the_lock_follow_one_after_another(team: Team, count: int) -> None:
    world = team.project.write(QUICK, "quick.world.yaml")
    with Emulator(load_world(world)) as emulator:
        team.project.environment |= emulator.environment
        for process in team.apply(count, "--lock-timeout", "300"):
            output = process.communicate()[0]
            assert process.returncode == 0, output
        assert len(emulator.sessions) == count
    history = team.project.run("history", "--format", "json", "--limit", "100").stdout
    past = sorted(
        (datetime.fromisoformat(each["startedAt"]), datetime.fromisoformat(each["stoppedAt"]))
        for each in json.loads(history)["applies"]
    )
    assert len(past) == count
    for (_, ended), (began, _) in pairwise(past):
        assert ended <= began


def test_another_machine_knows_what_was_applied(
    online: Project, bucket: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    online.environment["CHECKLY_SESSIONS_STATE"] = bucket
    other = Project(tmp_path_factory.mktemp("other"), online.environment)
    for machine in (online, other):
        machine.write(ONE)
    assert online.run("apply", "smoke").returncode == 0
    assert "1 to rerun" in other.run("plan").stdout
    changed = other.run("plan", env={"SHOP_API_TOKEN": "another-token-1"}).stdout
    assert "1 to update" in changed
    assert "environmentVariables.API_TOKEN" in changed
    status = other.run("status").stdout
    assert "smoke  passed" in status
    assert SECRET not in changed + status + everything_in(bucket)


def everything_in(bucket: str) -> str:
    """All objects of a bucket, read without the product."""
    store = from_url(bucket, client_options={"allow_http": True})
    paths = [each["path"] for each in obstore.list(store).collect()]
    assert len(paths) >= 4
    return "".join(bytes(obstore.get(store, path).bytes()).decode() for path in paths)


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize("trouble", ["no bucket", "no folder"])
def test_without_a_state_to_write_nothing_is_started(
    online: Project, emulator: Emulator, trouble: str
) -> None:
    if trouble == "no bucket":
        online.environment["CHECKLY_SESSIONS_STATE"] = "s3://there-is-no-such-bucket"
    else:
        (online.folder / ".runner").touch()
    online.write(ONE)
    done = online.run("apply", "smoke")
    assert done.returncode == 3
    assert "Can't " in done.stderr
    assert emulator.sessions == []


def test_an_interrupt_ends_at_once_even_when_the_store_hangs(
    project: Project, stub: StubS3
) -> None:
    project.write(ONE)
    project.environment |= {"CHECKLY_SESSIONS_STATE": "s3://bucket", "CHECKLY_ACCOUNT_ID": "acc"}
    going_on = threading.Event()

    def hang(_method: str, _path: str) -> tuple[int, str]:
        going_on.wait(60)
        return 500, ""

    stub.answer = hang
    process = subprocess.Popen(
        [sys.executable, "-m", "runner", "status"],
        cwd=project.folder,
        env={**os.environ, **project.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    while not stub.requests:
        time.sleep(0.05)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    output = process.communicate()[0]
    seconds = time.monotonic() - began
    going_on.set()
    assert process.returncode == 130
    assert output.strip() == "Interrupted."
    assert seconds < 10
