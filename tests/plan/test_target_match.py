"""Which checks a target selects."""

from typing import Any

import pytest

from runner.models.marked import Marked
from runner.models.response import Check
from runner.plan.normalize import UNSET, holds_mark, normal_form
from runner.plan.target_match import matching

ACCOUNT = [
    Check(id="1", name="Home", activated=True, tags=["production", "smoke"]),
    Check(id="2", name="Login", activated=True, tags=["production", "smoke", "flaky"]),
    Check(id="3", name="Pay", activated=True, tags=["production", "critical"]),
    Check(id="4", name="Old", activated=False, tags=["production", "smoke"]),
    Check(id="5", name="Bare", tags=[]),
    Check(id="6", name="Odd", activated=True, tags=["!"]),
]


def names(**target: Any) -> list[str]:
    normal = normal_form({"target": target}, lambda _: None)["target"]
    return [check.name for check in matching(normal, ACCOUNT)]


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ({}, ["Home", "Login", "Pay", "Bare", "Odd"]),
        ({"allowDeactivated": True}, ["Home", "Login", "Pay", "Old", "Bare", "Odd"]),
        ({"matchTags": [["production", "smoke"]]}, ["Home", "Login"]),
        ({"matchTags": [["smoke"], ["critical"]]}, ["Home", "Login", "Pay"]),
        ({"matchTags": [["production", "!flaky"]]}, ["Home", "Pay"]),
        ({"matchTags": [["!production"]]}, ["Bare", "Odd"]),
        ({"matchTags": [["!"]]}, ["Odd"]),
        ({"matchTags": [["nothing"]]}, []),
        ({"checkId": ["1", "4", "9"]}, ["Home"]),
        ({"checkId": ["1", "3"], "matchTags": [["smoke"]]}, ["Home"]),
        ({"matchTags": [["smoke"]], "allowDeactivated": True}, ["Home", "Login", "Old"]),
    ],
)
def test_what_a_target_selects(target: dict[str, Any], found: list[str]) -> None:
    assert names(**target) == found


def test_ids_are_compared_without_case() -> None:
    upper = "B7E0FDC2-0000-4000-8000-00000000000A"
    normal = normal_form({"target": {"checkId": [upper]}}, lambda _: None)["target"]
    assert matching(normal, [Check(id=upper, name="a"), Check(id="x", name="b")])


@pytest.mark.parametrize(
    "target",
    [
        Marked(None, unset=("env.A",)),
        {"matchTags": Marked(None, unset=("env.A",))},
        {"matchTags": [["a", Marked(None, unset=("env.A",))]]},
        {"checkId": [Marked(None, unset=("env.A",))]},
        {"allowDeactivated": Marked(None, unset=("env.A",))},
    ],
)
def test_an_unresolved_target_is_none_to_match(target: Any) -> None:
    assert holds_mark(normal_form({"target": target}, lambda _: None)["target"], UNSET)
    assert not holds_mark(normal_form({}, lambda _: None)["target"], UNSET)
