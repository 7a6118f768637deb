"""Locks where they matter: among processes, some of which are killed or stopped."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

CONTENDER = Path(__file__).with_name("contender.py")


class Contenders:
    """Processes that want the same lock."""

    def __init__(self, place: str, folder: Path) -> None:
        self.place = place
        self.folder = folder
        self.parents: list[subprocess.Popen[bytes]] = []

    def add(self, count: int = 1, **options: Any) -> list[int]:
        """Starts processes and says their ids; they wait for ``start``."""
        defaults = {"url": self.place, "folder": str(self.folder), "count": count}
        settings = {"lease": 30.0, "timeout": 0.0, "work": 0.0, **options}
        command = [sys.executable, str(CONTENDER), json.dumps(defaults | settings)]
        environment = {**os.environ, "PYTHONPATH": str(CONTENDER.parents[2])}
        before = set(self.folder.glob("ready-*"))
        self.parents.append(subprocess.Popen(command, env=environment))
        wait_for(lambda: len(set(self.folder.glob("ready-*")) - before) == count)
        ready = set(self.folder.glob("ready-*")) - before
        return sorted(int(path.name.removeprefix("ready-")) for path in ready)

    def start(self) -> None:
        (self.folder / "start").touch()

    def outcomes(self, processes: list[int]) -> list[dict[str, Any]]:
        """What came of each process, once all are done."""
        answers = [self.folder / f"answer-{process}" for process in processes]
        wait_for(lambda: all(answer.exists() for answer in answers))
        return [json.loads(answer.read_text()) for answer in answers]

    def until_held(self) -> None:
        wait_for((self.folder / "alone").exists)

    def end(self) -> None:
        for path in self.folder.glob("ready-*"):
            with suppress(ProcessLookupError):
                os.kill(int(path.name.removeprefix("ready-")), signal.SIGKILL)
        for parent in self.parents:
            parent.wait()


def wait_for(condition: Callable[[], bool], seconds: float = 100) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited for too long"
        time.sleep(0.01)


@pytest.fixture
def contenders(place: str, tmp_path: Path) -> Iterator[Contenders]:
    found = Contenders(place, tmp_path)
    yield found
    found.end()


def count(outcomes: list[dict[str, Any]]) -> Counter[str]:
    return Counter(each["outcome"] for each in outcomes)


def test_of_twenty_one_takes_the_lock_and_the_others_say_who_has_it(
    contenders: Contenders,
) -> None:
    twenty = contenders.add(20, work=6)
    contenders.start()
    outcomes = contenders.outcomes(twenty)
    assert count(outcomes) == {"held": 1, "locked": 19}
    (winner,) = (
        process
        for process, outcome in zip(twenty, outcomes, strict=True)
        if outcome["outcome"] == "held"
    )
    for outcome in outcomes:
        assert outcome["outcome"] == "held" or f"(process {winner})" in outcome["message"]


def test_twenty_that_wait_follow_one_after_another(contenders: Contenders) -> None:
    twenty = contenders.add(20, timeout=60, work=0.05)
    contenders.start()
    outcomes = contenders.outcomes(twenty)
    assert count(outcomes) == {"held": 20}
    assert len({outcome["fence"] for outcome in outcomes}) == 20


def test_a_killed_owner_is_followed_after_the_lease_by_one_of_ten(contenders: Contenders) -> None:
    (owner,) = contenders.add(lease=2.0, work=60)
    contenders.start()
    contenders.until_held()
    os.kill(owner, signal.SIGKILL)
    killed = time.monotonic()
    (contenders.folder / "alone").unlink()

    early = contenders.outcomes(contenders.add(1))
    if time.monotonic() - killed < 2:
        assert count(early) == {"locked": 1}
        assert f"(process {owner})" in early[0]["message"]

    (contenders.folder / "start").unlink()
    ten = contenders.add(10, work=3)
    time.sleep(max(0.0, killed + 4.5 - time.monotonic()))
    contenders.start()
    assert count(contenders.outcomes(ten)) == {"held": 1, "locked": 9}


def test_an_owner_that_was_stopped_learns_that_it_lost_the_lock(contenders: Contenders) -> None:
    (owner,) = contenders.add(lease=2.0, work=1)
    contenders.start()
    contenders.until_held()
    os.kill(owner, signal.SIGSTOP)
    (contenders.folder / "alone").unlink()
    assert count(contenders.outcomes(contenders.add(1, timeout=30))) == {"held": 1}
    os.kill(owner, signal.SIGCONT)
    (outcome,) = contenders.outcomes([owner])
    assert outcome["outcome"] == "lost"
    assert "smoke was lost" in outcome["message"]


@pytest.mark.slow
@pytest.mark.parametrize("_round", range(10))
@pytest.mark.timeout(300)
def test_nobody_overlaps_among_crashes_and_stalls(contenders: Contenders, _round: int) -> None:
    """The long form: of twenty that wait, some are killed and some are stopped for a while."""
    twenty = contenders.add(20, timeout=120, lease=2.0, work=0.3)
    contenders.start()
    time.sleep(1 + _round / 10)
    for process in twenty[:3]:
        os.kill(process, signal.SIGKILL)
    for process in twenty[3:6]:
        os.kill(process, signal.SIGSTOP)
    # A killed or stopped owner leaves its mark; whoever comes next must not trip over it.
    time.sleep(3.5)
    (contenders.folder / "alone").unlink(missing_ok=True)
    for process in twenty[3:6]:
        os.kill(process, signal.SIGCONT)
    outcomes = count(contenders.outcomes(twenty[3:]))
    assert outcomes["held"] + outcomes["lost"] == 17
