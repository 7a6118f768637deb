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
from itertools import pairwise
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
        self.parents.append(subprocess.Popen(command, env=environment, start_new_session=True))
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
        wait_for(lambda: any(self.folder.glob("held-*")))

    def overlaps(self) -> list[str]:
        """Pairs of processes that could write at the same time, the killed ones included."""
        spans = []
        for path in self.folder.glob("held-*"):
            moments = [float(line) for line in path.read_text().split()]
            if moments:
                spans.append((min(moments), max(moments), path.name))
        return [
            f"{one} and {other}"
            for (_, end, one), (start, _, other) in pairwise(sorted(spans))
            if start <= end
        ]

    def end(self) -> None:
        # By group: the number of a process that has ended may be somebody else's by now, that
        # of a parent nobody has waited for can't be.
        for parent in self.parents:
            with suppress(ProcessLookupError):
                os.killpg(parent.pid, signal.SIGKILL)
            parent.wait()


def wait_for(condition: Callable[[], bool], seconds: float = 100) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited for too long"
        time.sleep(0.01)


@pytest.fixture(params=["folder", "s3", "gs", "az"])
def place(request: pytest.FixtureRequest) -> str:
    """The address of an empty state of each kind."""
    found: str = request.getfixturevalue(f"{request.param}_place")
    return found


@pytest.fixture
def contenders(place: str, tmp_path: Path) -> Iterator[Contenders]:
    found = Contenders(place, tmp_path)
    yield found
    found.end()


def send(process: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):  # it was faster
        os.kill(process, number)


def count(outcomes: list[dict[str, Any]]) -> Counter[str]:
    return Counter(each["outcome"] for each in outcomes)


def test_of_twenty_one_takes_the_lock_and_the_others_say_who_has_it(
    contenders: Contenders,
) -> None:
    twenty = contenders.add(20, work=100)
    contenders.start()
    contenders.until_held()
    (holding,) = contenders.folder.glob("held-*")
    winner = int(holding.name.removeprefix("held-"))
    outcomes = contenders.outcomes([process for process in twenty if process != winner])
    assert count(outcomes) == {"locked": 19}
    for outcome in outcomes:
        assert f"(process {winner})" in outcome["message"]
    (contenders.folder / "stop").touch()
    assert count(contenders.outcomes([winner])) == {"held": 1}


def test_twenty_that_wait_follow_one_after_another(contenders: Contenders) -> None:
    twenty = contenders.add(20, timeout=100, work=0.05)
    contenders.start()
    outcomes = contenders.outcomes(twenty)
    assert count(outcomes) == {"held": 20}
    assert contenders.overlaps() == []
    assert len({outcome["fence"] for outcome in outcomes}) == 20


def test_a_killed_owner_is_followed_after_the_lease_by_one_of_ten(contenders: Contenders) -> None:
    (owner,) = contenders.add(lease=3.0, work=60)
    contenders.start()
    contenders.until_held()
    os.kill(owner, signal.SIGKILL)
    killed = time.monotonic()

    early = contenders.outcomes(contenders.add(1))
    if time.monotonic() - killed < 3:
        assert count(early) == {"locked": 1}
        assert f"(process {owner})" in early[0]["message"]

    (contenders.folder / "start").unlink()
    ten = contenders.add(10, work=100)
    time.sleep(max(0.0, killed + 5 - time.monotonic()))
    contenders.start()
    wait_for(lambda: len(list(contenders.folder.glob("answer-*"))) >= 10)
    (contenders.folder / "stop").touch()
    assert count(contenders.outcomes(ten)) == {"held": 1, "locked": 9}
    assert contenders.overlaps() == []


def test_an_owner_that_was_stopped_learns_that_it_lost_the_lock(contenders: Contenders) -> None:
    (owner,) = contenders.add(lease=2.0, work=60)
    contenders.start()
    contenders.until_held()
    os.kill(owner, signal.SIGSTOP)
    assert count(contenders.outcomes(contenders.add(1, timeout=60))) == {"held": 1}
    os.kill(owner, signal.SIGCONT)
    (outcome,) = contenders.outcomes([owner])
    assert outcome["outcome"] == "lost"
    assert "smoke was lost" in outcome["message"]
    assert contenders.overlaps() == []


@pytest.mark.slow
@pytest.mark.parametrize("_round", range(10))
@pytest.mark.timeout(300)
def test_nobody_overlaps_among_crashes_and_stalls(contenders: Contenders, _round: int) -> None:
    """The long form: of twenty that wait, some are killed and some are stopped for a while."""
    twenty = contenders.add(20, timeout=200, lease=3.0, work=0.5)
    contenders.start()
    contenders.until_held()
    for process in twenty[:3]:
        time.sleep(_round / 10)
        send(process, signal.SIGKILL)
    for process in twenty[3:6]:
        time.sleep(_round / 10)
        send(process, signal.SIGSTOP)
    time.sleep(6)
    for process in twenty[3:6]:
        send(process, signal.SIGCONT)
    outcomes = count(contenders.outcomes(twenty[3:]))
    assert outcomes["held"] + outcomes["lost"] == 17
    assert contenders.overlaps() == []
