"""The hot paths stay as short as they were when their instructions were last recorded."""

import json
import shutil
from pathlib import Path

import pytest

from bench.instructions import RECORDED, commands, count, interpreter

recorded = json.loads(RECORDED.read_text(encoding="utf-8"))
GROWTH = 1.15


@pytest.mark.skipif(not shutil.which("valgrind"), reason="there is no valgrind here")
@pytest.mark.skipif(interpreter() != recorded["interpreter"], reason="another interpreter")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("what", recorded["instructions"])
def test_a_hot_path_takes_no_more_instructions_than_recorded(what: str, tmp_path: Path) -> None:
    assert count(commands(tmp_path)[what], tmp_path) <= recorded["instructions"][what] * GROWTH


def test_every_hot_path_is_recorded(tmp_path: Path) -> None:
    assert recorded["instructions"].keys() == commands(tmp_path).keys()
