"""What becomes of the exit code where output goes nowhere."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FILE = "version: 1\nprofiles:\n  a: {runLocation: eu-west-1, target: all}\n"


def runner(
    folder: Path, words: str, *, stdout: int = subprocess.PIPE, redirected: str = ""
) -> subprocess.CompletedProcess[str]:
    (folder / "checkly-sessions.yaml").write_text(FILE)
    return subprocess.run(
        ["sh", "-c", f'exec "$0" -m runner "$@" {redirected}', sys.executable, *words.split()],
        cwd=folder,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
@pytest.mark.parametrize(("words", "code"), [("show a", 0), ("show b", 2), ("--version", 0)])
def test_closed_output_changes_no_exit_code(
    tmp_path: Path, closed: str, words: str, code: int
) -> None:
    done = runner(tmp_path, words, redirected=closed)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full device")
@pytest.mark.parametrize("words", ["show a", "--help", "schema"])
def test_a_full_disk_is_no_bug(tmp_path: Path, words: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = runner(tmp_path, words, stdout=full.fileno())
    assert done.returncode == 3, done.stderr
    assert "no space left on device" in done.stderr


@pytest.mark.parametrize("words", ["show b", "shw", "validate"])
def test_a_reader_that_has_left_both_streams_gets_no_traceback(tmp_path: Path, words: str) -> None:
    (tmp_path / "checkly-sessions.yaml").write_text(FILE)
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "runner", *words.split()],
        cwd=tmp_path,
        stdout=writing,
        stderr=writing,
        timeout=60,
        check=False,
    )
    os.close(writing)
    assert done.returncode == 141
