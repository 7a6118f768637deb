"""What ``--help`` shows in a terminal of 80 columns."""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest

from runner.cli import commands
from runner.cli.app import COMMANDS, runner

#: What click calls a type; a user wants to know what to put there.
TYPES = re.compile(r"\b(INTEGER|FLOAT|TEXT|RANGE|(?<!=)PATH|FILENAME|DIRECTORY)\b")


def helps() -> Iterator[tuple[str, str]]:
    """Every command and its help."""
    context = click.Context(runner, info_name="runner", terminal_width=78)
    yield "", runner.get_help(context)
    waiting = [(name, runner.get_command(context, name)) for name in COMMANDS]
    while waiting:
        name, command = waiting.pop(0)
        assert command is not None
        inside = click.Context(command, context, info_name=name)
        yield name, command.get_help(inside)
        if isinstance(command, click.Group):
            waiting += [(f"{name} {sub}", each) for sub, each in command.commands.items()]


HELPS = dict(helps())
SOURCES = [path.read_text("utf-8") for path in Path(commands.__path__[0]).glob("*.py")]
PLACES = sorted(re.findall(r'@runs(?:_on_state)?\("(.+)"\)', "".join(SOURCES)))


@pytest.mark.parametrize("name", HELPS)
def test_help_reads_well_at_80_columns(name: str) -> None:
    usage, *lines = HELPS[name].splitlines()
    assert usage.startswith(f"Usage: runner {name}".rstrip())
    assert [line for line in lines if len(line) > 80 or line.endswith("...")] == []
    assert TYPES.findall("\n".join(lines)) == []


@pytest.mark.parametrize("name", HELPS)
def test_help_sets_shared_options_apart(name: str) -> None:
    own, title, shared = HELPS[name].partition("\n\nOptions of every command:\n")
    assert "--help" in own
    assert "--env-allow" in (shared if title else own)  # a group has them among its own
    assert "--env-allow" not in own or "\n\nCommands:\n" in own


def test_help_ends_with_examples() -> None:
    last = HELPS["apply"].partition("\n\nExamples:\n")[2].splitlines()
    assert last[0] == "  $ runner apply smoke-prod"
    assert all(line.startswith("  $ runner apply ") for line in last)


def test_subcommands_are_looked_at_too() -> None:
    assert {"state prune", "state unlock", "history", "emulator"} <= HELPS.keys()


@pytest.mark.parametrize("place", PLACES)
def test_every_command_has_a_function_that_takes_its_options(place: str) -> None:
    module, _, name = place.partition(":")
    assert callable(getattr(import_module(f"runner.cli.actions.{module}"), name))
