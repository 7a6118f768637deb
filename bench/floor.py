"""What 200 sessions cost at least: the same requests by a bare client, ``python -m bench.floor``.

The ratio of 200 such sessions to one is the floor that no apply can be below.
"""

import os
import sys
import tempfile
from pathlib import Path

from bench.bench import ROOT, SESSIONS, write_world
from bench.measure import ratio
from runner.emulator.server import Emulator
from runner.emulator.world import load_world


def main() -> None:
    """Measure how long following takes."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Emulator(load_world(write_world(Path(folder)))) as emulator,
    ):
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            **emulator.environment,
        }
        client = [sys.executable, "-m", "bench.client"]
        taken = ratio([*client, str(SESSIONS)], [*client, "1"], environment, folder)
    print(f"{SESSIONS} sessions / one, by a bare client: {taken.wall:.2f}")


if __name__ == "__main__":
    main()
