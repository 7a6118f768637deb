"""Selecting by wildcard."""

import pytest

from runner.config.selection import Selection


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("smoke-*", "smoke-prod", True),
        ("*-prod", "smoke-prod", True),
        ("s?oke", "smoke", True),
        ("s?oke", "soke", False),
        ("*", "anything", True),
        ("smoke.*", "smoke-prod", False),
        ("smoke[*]", "smoke[eu-west-1]", True),
        ("[a-z]*", "smoke", False),
        ("smoke", "smoke2", False),
        ("smoke*", "smoke\nx", True),
    ],
)
def test_stars_and_question_marks_are_the_only_wildcards(
    pattern: str, name: str, matches: bool
) -> None:
    assert Selection((pattern,)).has_instance("another", name) is matches


def test_many_stars_end_at_once() -> None:
    name = "a" * 5000
    assert not Selection(("*a" * 200 + "b",)).has_instance("another", name)
    assert Selection(("*a" * 200,)).has_instance("another", name)
