"""Targets: AND in a group, OR between groups, `!`, ids narrow, deactivated only on request."""

from __future__ import annotations

from typing import Any

import pytest

from runner.emulator.sessions.matching import select
from runner.emulator.world.world import Check

CHECKS = [
    Check(id="1", name="a", type="API", tags=("production", "smoke")),
    Check(id="2", name="b", type="API", tags=("production",), group_tags=("smoke", "flaky")),
    Check(id="3", name="c", type="API", tags=("critical",)),
    Check(id="4", name="d", type="API"),
    Check(id="5", name="e", type="API", tags=("production", "smoke"), activated=False),
    Check(id="6", name="f", type="API", tags=("!",)),
]


@pytest.mark.parametrize(
    ("target", "names"),
    [
        ({}, "abcdf"),
        ({"matchTags": [], "checkId": []}, "abcdf"),
        ({"matchTags": [["production", "smoke"]]}, "ab"),
        ({"matchTags": [["production"], ["critical"]]}, "abc"),
        ({"matchTags": [["production", "smoke"], ["critical", "!flaky"]]}, "abc"),
        ({"matchTags": [["production", "!flaky"]]}, "a"),
        ({"matchTags": [["!production"]]}, "cdf"),
        ({"matchTags": [["!"]]}, "f"),
        ({"matchTags": [["nothing"]]}, ""),
        ({"matchTags": [["Production"]]}, ""),
        ({"matchTags": [[]]}, "abcdf"),
        ({"checkId": ["1", "4"]}, "ad"),
        ({"checkId": ["1", "4"], "matchTags": [["production"]]}, "a"),
        ({"checkId": ["5"]}, ""),
        ({"checkId": ["5"], "allowDeactivated": True}, "e"),
        ({"allowDeactivated": True}, "abcdef"),
    ],
)
def test_a_target_selects(target: dict[str, Any], names: str) -> None:
    assert "".join(check.name for check in select(CHECKS, target)) == names
