"""The fixture for other people's tests, used as they would: in a repository of their own."""

import subprocess
import sys
from pathlib import Path

import pytest

from checkly_sessions_emulator import Emulator, EmulatorFailed

CONFTEST = 'pytest_plugins = ["checkly_sessions_emulator"]\n'

USE = """
import urllib.request


def test_it_serves(checkly_emulator):
    request = urllib.request.Request(
        checkly_emulator.url + "/v1/accounts/me",
        headers={"Authorization": f"Bearer {checkly_emulator.api_key}"},
    )
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200
    assert checkly_emulator.counts == {"account": 1}
    checkly_emulator.reset()
    assert checkly_emulator.counts == {}
"""

OTHER_WORLD = """
import json
import urllib.request

import pytest


@pytest.fixture
def checkly_world():
    return {"account": {"name": "Mine"}, "checks": [{"name": "One", "type": "API"}]}


def test_it_serves_that(checkly_emulator):
    request = urllib.request.Request(
        checkly_emulator.url + "/v1/accounts/me",
        headers={"Authorization": f"Bearer {checkly_emulator.api_key}"},
    )
    with urllib.request.urlopen(request) as answer:
        assert json.load(answer)["name"] == "Mine"
"""


@pytest.mark.parametrize("own", ["", "runner.py", "runner/__init__.py"])
@pytest.mark.parametrize("source", [USE, OTHER_WORLD], ids=["default", "other world"])
def test_a_test_can_use_the_fixture(tmp_path: Path, source: str, own: str) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (tmp_path / "test_use.py").write_text(source, encoding="utf-8")
    if own:
        (tmp_path / own).parent.mkdir(exist_ok=True)
        (tmp_path / own).write_text("raise SystemExit('their own runner was started')")

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_the_command_line_works_beside_another_runner(tmp_path: Path) -> None:
    (tmp_path / "runner.py").write_text("raise SystemExit('their own runner was started')")
    program = Path(sys.executable).with_name("runner")
    done = subprocess.run(
        [str(program), "--version"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_faults_add_up_until_they_are_cleared() -> None:
    with Emulator(options=["--virtual-time"]) as emulator:
        emulator.add_fault("429:on=account,times=1")
        emulator.add_fault("500:on=trigger,times=1")
        with pytest.raises(EmulatorFailed, match="fault"):
            emulator.add_fault("no-such-fault")
        emulator.clear_faults()
        before = emulator.now()
        emulator.advance(60)
        assert emulator.now() >= before + 60
        assert emulator.sessions == []


def test_a_world_with_a_mistake_is_told(tmp_path: Path) -> None:
    with pytest.raises(EmulatorFailed, match=r"world\.json"):
        Emulator({"checks": [{"name": "One"}]}, folder=tmp_path).start()
