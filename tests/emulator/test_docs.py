"""The emulator's documentation tells what there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner.cli.commands.emulator import emulator
from runner.emulator.world.faults import ENDPOINTS, KINDS
from runner.emulator.world.world import load_world

if TYPE_CHECKING:
    from .conftest import Wire

TEXT = (Path(__file__).parents[2] / "docs" / "emulator.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", KINDS)
def test_every_fault_is_told_with_its_options(kind: str) -> None:
    [row] = [
        line
        for line in TEXT.splitlines()
        if line.startswith("| `") and f"`{kind}`" in line.split("|")[1]
    ]

    for option in KINDS[kind]:
        assert f"`{option}`" in row


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_every_endpoint_is_told(endpoint: str) -> None:
    assert f"`{endpoint}`" in TEXT


def test_every_option_is_told() -> None:
    own = {"port", "host", "world", "faults", "seed", "record", "time_scale", "virtual_time"}
    flags = {p.opts[-1] for p in emulator.params if p.name in own}

    assert len(flags) == len(own)
    assert all(f"`{flag}" in TEXT or f", `{flag}" in TEXT for flag in flags)


def test_the_world_in_it_loads(tmp_path: Path) -> None:
    [example] = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    path = tmp_path / "world.yaml"
    path.write_text(example, encoding="utf-8")

    world = load_world(path)

    assert [check.name for check in world.checks] == ["Checkout", "Search", "Stock"]


def test_the_variables_in_it_are_those_it_prints(wire: Wire) -> None:
    for name, value in wire.emulator.environment.items():
        if name != "CHECKLY_API_URL":
            assert f"export {name}={value}" in TEXT


def test_every_control_route_is_told(wire: Wire) -> None:
    for method, name in re.findall(r"`(GET|POST) /__emulator__/(\w+)`", TEXT):
        bodies = {"advance": {"seconds": 1}, "faults": {"faults": []}}
        answer = wire.http.request(method, f"/__emulator__/{name}", json=bodies.get(name, {}))
        assert answer.status_code == 200
