"""docs/state.md says what there is."""

import re
from pathlib import Path

import click
import pytest

from runner.cli.commands.history import history, status
from runner.cli.commands.state import state
from runner.cli.options.command import SharedOption

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
