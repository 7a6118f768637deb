"""A folder with a file, an emulator over a socket, and the command as a process."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from runner.emulator.server import Emulator
from runner.emulator.world.world import default_world
from tests.emulator.watching import AnswerCheck
from tests.engine.conftest import make_bench

__all__ = ["make_bench"]

SECRET = "demo-s3cret-token"


@dataclass
class Project:
    """A user's folder and environment."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def write(self, text: str, name: str = "checkly-sessions.yaml") -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def run(
        self, *arguments: str, env: Mapping[str, str] | None = None, timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run ``runner`` in the folder."""
        return subprocess.run(
            [sys.executable, "-m", "runner", *arguments],
            cwd=self.folder,
            env={**os.environ, **self.environment, **(env or {})},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    watch = AnswerCheck()
    with Emulator(default_world(), virtual_time=True, watch=watch) as running:
        yield running
    assert not watch.broken  # every answer in the acceptance traffic holds against the contract


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path, {"SHOP_API_TOKEN": SECRET, "COLUMNS": "80"})


@pytest.fixture
def online(project: Project, emulator: Emulator) -> Project:
    """A project whose credentials lead to the emulator."""
    project.environment.update(emulator.environment)
    return project
