"""The fixture for other people's tests, used as they would."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

CONFTEST = 'pytest_plugins = ["runner.emulator.pytest_plugin"]\n'

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
"""

OTHER_WORLD = """
import pytest
from runner.emulator.world.world import World


@pytest.fixture
def checkly_world():
    return World(account_name="Mine")


def test_it_serves_that(checkly_emulator):
    assert checkly_emulator.world.account_name == "Mine"
"""


@pytest.mark.parametrize("source", [USE, OTHER_WORLD], ids=["default", "other world"])
def test_a_test_can_use_the_fixture(tmp_path: Path, source: str) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (tmp_path / "test_use.py").write_text(source, encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
