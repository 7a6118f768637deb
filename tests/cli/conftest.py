"""Commands within this process, in a folder that is a repository."""

import io
from pathlib import Path

import pytest

from runner.cli.app import runner
from runner.cli.console import Console
from runner.cli.error_handler import run


class Shell:
    """Runs commands in a folder of its own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._monkeypatch = monkeypatch

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        console = Console(io.StringIO(), io.StringIO())
        self._monkeypatch.setattr(Console, "_process", console)
        code = run(runner, arguments)
        assert isinstance(console.out, io.StringIO)
        assert isinstance(console.err, io.StringIO)
        return code, console.out.getvalue(), console.err.getvalue()


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return Shell(tmp_path, monkeypatch)
