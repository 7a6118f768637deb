"""Checkly's own command-line tool: installed once, into the environment the tests run in."""

import fcntl
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

#: Releases of the npm package by the Node.js they need, newest first.
RELEASES = ((22, "9"), (20, "8"))


def installed_program() -> Path:
    """The program; without npm, or without a registry to reach, the test is skipped."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("npm is not here")
    release = _release(node)
    folder = Path(sys.prefix) / "official-cli" / release
    folder.mkdir(parents=True, exist_ok=True)
    installed = folder / "node_modules" / ".bin" / "checkly"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one of the workers installs, the others wait
        if not installed.exists():
            options = ("--no-audit", "--no-fund", "--ignore-scripts")
            done = subprocess.run(
                [npm, "install", *options, f"checkly@{release}"],
                cwd=folder,
                capture_output=True,
                text=True,
                check=False,
                timeout=240,
            )
            if done.returncode != 0:
                pytest.skip(f"the official CLI can't be installed: {done.stderr[-300:]}")
    return installed


def _release(node: str) -> str:
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    major = int(version.strip().removeprefix("v").split(".")[0])
    for least, release in RELEASES:
        if major >= least:
            return release
    pytest.skip(f"no release of the official CLI runs on Node.js {major}")
