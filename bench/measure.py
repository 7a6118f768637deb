"""Times whole programs: pairs in turn, so that a slow moment of the machine hits both."""

import os
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

RUNS = 5


@dataclass(frozen=True)
class Usage:
    """What one run took: seconds by the clock, seconds of processor, MiB at most."""

    wall: float
    cpu: float
    peak: float


def run(command: Sequence[str], environment: Mapping[str, str], folder: str) -> Usage:
    """Run ``command`` and account for it.

    Raises:
        subprocess.CalledProcessError: It did not end with 0.
    """
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        env=dict(environment),
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, list(command))
    wall = time.perf_counter() - started
    return Usage(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def ratio(
    command: Sequence[str],
    yardstick: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: str,
    of: str = "wall",
    runs: int = RUNS,
) -> float:
    """The median, over pairs run in turn, of what ``command`` takes of ``yardstick``.

    Args:
        command: What is measured.
        yardstick: What it is held against.
        environment: Of both.
        folder: Where both run.
        of: Which figure of ``Usage``.
        runs: How many pairs, after one that does not count.
    """
    ratios = []
    for number in range(runs + 1):
        mine, other = (run(each, environment, folder) for each in (command, yardstick))
        if number:
            ratios.append(getattr(mine, of) / getattr(other, of))
    return float(statistics.median(ratios))
