"""docs/state.md says what there is."""

import re
from pathlib import Path

import click
import pytest

from runner.cli.commands.history import history, status
from runner.cli.commands.state import state
from runner.cli.options.command import SharedOption
from runner.models.history import InstanceStatus, PastApply
from runner.reports.history import json_
from runner.state.place import LEASE_SECONDS
from runner.state.store.variables import VARIABLES
from tests.state.conftest import a_record, an_attempt

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "state.md").read_text(encoding="utf-8")
SOURCE = "".join(
    re.sub(r'"\s+f?"', "", path.read_text(encoding="utf-8"))
    for path in (ROOT / "runner" / "state").rglob("*.py")
)


def section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_every_subcommand_is_there_and_no_other() -> None:
    rows = section("Maintaining the state")
    named = set(re.findall(r"^\| `runner state (\w+)", rows, re.MULTILINE))
    assert isinstance(state, click.Group)
    assert named == set(state.commands)


MESSAGES = [
    message
    for row in section("When something is wrong").splitlines()
    if row.startswith("| `")
    for message in re.findall(r"`([^`]+)`", row.split("|")[1])
]


@pytest.mark.parametrize("message", MESSAGES)
def test_every_message_is_one_of_the_programs(message: str) -> None:
    assert re.sub(r"^… |\d+$", "", message).strip() in SOURCE  # a name, or a number


def test_there_are_messages() -> None:
    assert len(MESSAGES) > 8


def test_every_option_of_history_and_status_is_there() -> None:
    for command, title in ((history, "history"), (status, "status")):
        for option in command.params:
            if isinstance(option, click.Option) and not isinstance(option, SharedOption):
                assert any(each in PAGE for each in option.opts), option.opts
        assert title in PAGE


def test_every_field_of_the_json_is_there() -> None:
    texts = [
        json_.status([InstanceStatus("smoke", "smoke", a_record())]),
        json_.history([PastApply("a1", (an_attempt(),))]),
    ]
    for text in texts:
        for field in re.findall(r'"(\w+)":', text):
            assert re.search(rf"\b{field}\b", PAGE), field


def test_numbers_and_variables_are_those_of_the_program() -> None:
    assert f"A lease lasts {LEASE_SECONDS:g} seconds" in PAGE
    for variables in VARIABLES.values():
        for variable in re.findall(r"[A-Z_]{5,}", variables):
            assert variable in PAGE
