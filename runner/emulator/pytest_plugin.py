"""A pytest fixture that serves a local Checkly API on a free port.

Switch it on in a `conftest.py`: `pytest_plugins = ["runner.emulator.pytest_plugin"]`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.emulator.server import Emulator
    from runner.emulator.world.world import World


@pytest.fixture
def checkly_world() -> World:
    """Return the world that `checkly_emulator` serves; override it to serve another."""
    from runner.emulator.world.world import default_world  # noqa: PLC0415 -- only tests that use it pay

    return default_world()


@pytest.fixture
def checkly_emulator(checkly_world: World) -> Iterator[Emulator]:
    """Serve a Checkly API while the test runs: `url`, `api_key`, `account_id`, `sessions`, …."""
    from runner.emulator.server import Emulator  # noqa: PLC0415 -- only tests that use it pay

    with Emulator(checkly_world) as emulator:
        yield emulator
