"""Benches that end with their test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from runner.emulator.server import Emulator
from runner.emulator.world.world import World
from tests.engine.bench import Bench, a_world

MakeBench = Callable[..., Bench]


@pytest.fixture
def make_bench(tmp_path: Path) -> Iterator[MakeBench]:
    """Makes benches: of a world and whatever else an emulator takes."""
    with ExitStack() as stack:

        def make(world: World | None = None, **options: Any) -> Bench:
            emulator = stack.enter_context(Emulator(world or a_world(), **options))
            return Bench(emulator, tmp_path / "state")

        yield make
