"""Programs from npm that tests hold against ours, installed once into the tests' environment."""

import fcntl
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def packages(*names: str) -> Path:
    """A folder whose ``node_modules`` holds these packages; skips the test where it can't be had.

    Args:
        names: Packages with their versions, such as ``axe-core@4``.
    """
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip(f"npm, for {', '.join(names)}, is not here")
    folder = Path(sys.prefix) / "npm" / "+".join(name.replace("/", "-") for name in names)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one of the workers installs, the others wait
        if not (folder / "node_modules").exists():
            done = subprocess.run(
                [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", *names],
                cwd=folder,
                capture_output=True,
                text=True,
                check=False,
                timeout=240,
            )
            if done.returncode != 0:
                pytest.skip(f"{', '.join(names)} can't be installed: {done.stderr[-300:]}")
    return folder
