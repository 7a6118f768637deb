"""Times whole programs: pairs in turn, so that a slow moment of the machine hits both."""

import os
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

PAIRS = 5


@dataclass(frozen=True)
class Usage:
    """What one run took: seconds by the clock, seconds of processor, MiB at most.

    Or, held against another run, what part of it.
    """

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
    environment: Mapping[str, str],
    folder: str,
    pairs: int = PAIRS,
) -> Usage:
    """What ``command`` takes of ``yardstick``: for each figure the median of all pairs.

    Args:
        command: What is measured.
        yardstick: What it is held against.
        environment: Of both.
        folder: Where both run.
        pairs: How many are run, in turn, after one that does not count.
    """
    taken = [
        [run(each, environment, folder) for each in (command, yardstick)] for _ in range(pairs + 1)
    ]
    return Usage(
        *(
            statistics.median(
                getattr(mine, figure) / getattr(other, figure) for mine, other in taken[1:]
            )
            for figure in ("wall", "cpu", "peak")
        )
    )
