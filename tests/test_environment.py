"""Switches in the environment."""

import pytest

from runner.environment import is_on


@pytest.mark.parametrize("value", ["1", "true", "TRUE", "yes", "on", "github"])
def test_anything_but_a_no_turns_it_on(value: str) -> None:
    assert is_on({"CI": value}, "CI")


@pytest.mark.parametrize("value", ["", "0", "false", "False", " no ", "off", None])
def test_a_no_or_nothing_leaves_it_off(value: str | None) -> None:
    assert not is_on({} if value is None else {"CI": value}, "CI")
