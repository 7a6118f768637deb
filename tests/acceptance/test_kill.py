"""``kill -9`` at random moments: nothing was started twice, and nothing is lost from sight."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from runner.emulator.server import Emulator
from runner.models.record import Attempt, Phase
from runner.models.verdict import Verdict
from runner.state.state import State
from runner.state.store.address import open_store
from tests.engine.bench import a_check, a_world

#: A few profiles: some named alike from run to run, one named by its run, one that waits.
FILE = """\
version: 1
defaults: {runLocation: eu-west-1, target: all}
profiles:
  plain: {}
  by-run: {name: "by run $<run.id>"}
  later: {needs: plain}
  many: {matrix: {n: [1, 2, 3]}, name: "many"}
"""
#: How often the server answers a trigger late, wrongly or not at all.
FAULTS = ("reset-after:on=trigger,p=0.08", "500:on=trigger,p=0.08", "reset-before:p=0.03")


class Zygote:
    """The command, ready to be run and killed."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder = folder
        self._environment = environment
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.acceptance.zygote"],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, kill_after: float | None = None) -> int:
        """Run the command; kill it after so many seconds. Returns its code, -9 when killed."""
        line = json.dumps(
            {
                "arguments": arguments,
                "folder": str(self._folder),
                "environment": self._environment,
                "output": str(self._folder / "output.txt"),
            }
        )
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(f"{line}\n")
        stdin.flush()
        pid = int(stdout.readline())
        if kill_after is not None:
            time.sleep(kill_after)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return int(stdout.readline())

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()


@pytest.fixture
def killed(tmp_path: Path) -> Iterator["Killed"]:
    world = a_world(a_check("home", duration=0.15))
    with Emulator(world, faults=FAULTS, seed=1) as emulator:
        bench = Killed(tmp_path, emulator)
        yield bench
        bench.zygote.close()


class Killed:
    """A folder, an emulator, and what both of them remember."""

    def __init__(self, folder: Path, emulator: Emulator) -> None:
        (folder / "checkly-sessions.yaml").write_text(FILE, encoding="utf-8")
        self.folder = folder
        self.emulator = emulator
        self.zygote = Zygote(folder, emulator.environment)

    @property
    def state(self) -> State:
        return State(
            open_store(None, folder=self.folder),
            host=self.emulator.url.removeprefix("http://"),
            account=self.emulator.account_id,
            scope="default",
        )

    def attempts(self) -> list[Attempt]:
        async def read() -> list[Attempt]:
            return [attempt async for past in self.state.history() for attempt in past.attempts]

        return asyncio.run(read())

    def apply(self, kill_after: float | None = None) -> int:
        return self.zygote.run(
            "apply", "--yes", "--concurrency", "4", "--settle-time", "0.5", kill_after=kill_after
        )

    def unlock(self) -> None:
        """End the locks of the one that was killed, which else end after their lease."""
        assert self.zygote.run("state", "unlock", "--yes") == 0

    def wait(self) -> int:
        return self.zygote.run("wait", "--settle-time", "0.5")

    def output(self) -> str:
        return (self.folder / "output.txt").read_text(encoding="utf-8")


def check(killed: Killed, *, finished: bool) -> dict[str, Any]:
    """Hold the server's sessions against the state's attempts."""
    attempts = killed.attempts()
    ids = Counter(attempt.session_id for attempt in attempts if attempt.session_id)
    on_server = {session["id"] for session in killed.emulator.sessions}
    assert set(ids.values()) <= {1}, "one session belongs to two attempts"
    # Several that could not be told apart are in the state by their links.
    doubtful = " ".join(each.reason or "" for each in attempts if each.verdict is Verdict.UNKNOWN)
    astray = {each for each in on_server - set(ids) if each not in doubtful}
    assert not astray, f"missing from the state, or started twice: {astray}"
    if finished:
        assert {attempt.phase for attempt in attempts} <= {Phase.FINISHED}
    unknown = sum(attempt.verdict is Verdict.UNKNOWN for attempt in attempts)
    return {"attempts": len(attempts), "sessions": len(on_server), "unknown": unknown}


def run_kills(killed: Killed, rounds: int, seed: int) -> None:
    rng = random.Random(seed)
    print(f"seed {seed}")  # noqa: T201 # to run it again with
    began = time.monotonic()
    assert killed.apply() in {0, 3}
    whole = time.monotonic() - began
    kills = tries = 0
    while kills < rounds:
        tries += 1
        assert tries < 10 * rounds, "too few were killed under way"
        if killed.apply(kill_after=rng.uniform(0, whole)) == -signal.SIGKILL:
            kills += 1
            killed.unlock()
        if rng.random() < 0.5:
            assert killed.wait() in {0, 3}, killed.output()[-3000:]
            check(killed, finished=True)
    assert killed.wait() in {0, 3}
    totals = check(killed, finished=True)
    print(f"{kills} kills of {tries} applies, {totals}")  # noqa: T201 # what the run was worth


@pytest.mark.timeout(900)
def test_nothing_is_lost_or_doubled_when_killed(killed: Killed) -> None:
    run_kills(killed, rounds=8, seed=random.randrange(10**6))


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_nothing_is_lost_or_doubled_when_killed_two_hundred_times(killed: Killed) -> None:
    run_kills(killed, rounds=200, seed=random.randrange(10**6))
