"""What 200 sessions cost at least, and what an apply of them spends its time on.

``python -m bench.floor`` prints two ratios of 200 sessions to one: by a bare client that sends
the same requests, and by one that also writes as many documents. Then come the shares of the
processor time of an apply of 200, by package.
"""

import subprocess
import sys

from bench.bench import ROOT, SESSIONS, Bench, bench, write_world
from bench.measure import ratio
from runner.emulator.server import Emulator
from runner.emulator.world.world import load_world


def main() -> None:
    """Measure, and print."""
    with bench() as running, Emulator(load_world(write_world(running.folder))) as emulator:
        running.environment |= {"PYTHONPATH": str(ROOT), **emulator.environment}
        print("| 200 sessions / one | |\n|---|---|")
        print(f"| by a bare client | {_bare(running):.2f} |", flush=True)
        written = _bare(running, str(running.folder / "documents"))
        print(f"| that also writes as many documents | {written:.2f} |\n", flush=True)
        print("| an apply of 200 sessions spends on | |\n|---|---|", flush=True)
        shares = [sys.executable, "-m", "bench.shares", "--concurrency", str(SESSIONS), "-f"]
        subprocess.run(
            [*shares, running.sessions(SESSIONS)],
            env=running.environment,
            cwd=running.folder,
            check=True,
        )


def _bare(running: Bench, *folder: str) -> float:
    client = [sys.executable, "-m", "bench.client"]
    many, one = [*client, str(SESSIONS), *folder], [*client, "1", *folder]
    return ratio(many, one, running.environment, str(running.folder)).wall


if __name__ == "__main__":
    main()
