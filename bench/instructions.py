"""Counts what the hot paths take in instructions: counts repeat where times do not.

``python -m bench.instructions`` (``make instructions``) records them in ``instructions.json``;
a test fails when one has grown by more than 15 %.
"""

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.profiles import write_profiles

RECORDED = Path(__file__).with_name("instructions.json")
ROOT = Path(__file__).parents[1]
PROFILES = 1_000
_COLLECTED = re.compile(r"Collected : (\d+)")


def commands(folder: Path) -> dict[str, list[str]]:
    """The hot paths by name; their files are written to ``folder``."""
    file = write_profiles(folder, PROFILES)
    sample = shutil.copy(ROOT / "checkly-sessions.yaml", folder)
    return {
        "runner --version": ["--version"],
        "runner plan --offline of the sample": ["plan", "--offline", "-f", str(sample)],
        f"runner validate of {PROFILES:,} profiles": ["validate", "-f", str(file)],
    }


def count(arguments: list[str], folder: Path) -> int:
    """How many instructions the runner takes.

    Raises:
        subprocess.CalledProcessError: The runner, or valgrind, did not end with 0.
    """
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": str(ROOT),
        "PYTHONHASHSEED": "0",
        "SHOP_API_TOKEN": "not-a-real-token",
    }
    program = [sys.executable, "-m", "runner", *arguments]
    # Once on its own, so that nothing is left to be compiled.
    subprocess.run(program, env=environment, cwd=folder, check=True, capture_output=True)
    valgrind = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={os.devnull}"]
    done = subprocess.run(
        [*valgrind, *program],
        env=environment,
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    found = _COLLECTED.search(done.stderr)
    assert found, done.stderr
    return int(found[1])


def interpreter() -> str:
    """What the counts depend on beside the code."""
    return f"{platform.python_implementation()} {platform.python_version()} {platform.machine()}"


def main() -> None:
    """Count, and record."""
    if not shutil.which("valgrind"):
        sys.exit("There is no valgrind here.")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        counts = {what: count(arguments, folder) for what, arguments in commands(folder).items()}
    recorded = {"interpreter": interpreter(), "instructions": counts}
    RECORDED.write_text(json.dumps(recorded, indent=2) + "\n")
    print(RECORDED.read_text())


if __name__ == "__main__":
    main()
