"""``runner state`` and its commands."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO, TypeVar

import click

from runner.cli.options.common import Common
from runner.cli.options.completion import profile_names, recorded_names
from runner.cli.options.parameters import EMULATOR_STATE_OPTION, FORMAT_OPTION, YES_OPTION
from runner.cli.options.shared import common_options

F = TypeVar("F", bound=Callable[..., Any])


def _state_options(function: F) -> F:
    return EMULATOR_STATE_OPTION(common_options(function))


@click.group()
@common_options
def state(_common: Common) -> None:
    """Look after the state: records, history and locks."""


@state.command("list")
@FORMAT_OPTION
@_state_options
def list_(common: Common, form: str) -> int:
    """List the instances that have a record or a lock."""
    from runner.cli.actions.state.view import list_

    return list_(common, form)


@state.command()
@click.argument("name", metavar="INSTANCE", shell_complete=recorded_names)
@FORMAT_OPTION
@_state_options
def show(common: Common, name: str, form: str) -> int:
    """Show the record of one instance, and who holds its lock."""
    from runner.cli.actions.state.view import show

    return show(common, name, form)


@state.command()
@click.option("--keep", type=click.IntRange(min=0), metavar="N", help="Keep the N newest applies.")
@click.option("--older-than", metavar="AGE", help="Delete only older ones: 12h, 7d or 2w.")
@YES_OPTION
@_state_options
def prune(common: Common, keep: int | None, older_than: str | None, yes: bool) -> None:
    """Delete the history of old applies.

    Records stay, and so does what they name or what is unfinished.
    """
    from runner.cli.actions.state.history import prune

    prune(common, keep, older_than, yes)


@state.command()
@click.option(
    "--keep",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Leave the N newest applies in documents of their own.",
)
@_state_options
def compact(common: Common, keep: int) -> None:
    """Fold past applies into one document a month."""
    from runner.cli.actions.state.history import compact

    compact(common, keep)


@state.command()
@click.argument(
    "target", required=False, metavar="[FILE]", type=click.Path(dir_okay=False, path_type=Path)
)
@_state_options
def export(common: Common, target: Path | None) -> int:
    """Write records and history to FILE, or to standard output.

    They are lines of JSON, one a record, one an attempt and one a check; `import` reads them.
    """
    from runner.cli.actions.state.history import export

    return export(common, target)


@state.command("import")
@click.argument("source", metavar="FILE", type=click.File("r", encoding="utf-8"))
@_state_options
def import_(common: Common, source: TextIO) -> None:
    """Take in what an export wrote.

    What the state has already, or has newer, stays.
    """
    from runner.cli.actions.state.history import import_

    import_(common, source)


@state.command()
@click.argument(
    "names", nargs=-1, required=True, metavar="INSTANCE...", shell_complete=recorded_names
)
@YES_OPTION
@_state_options
def forget(common: Common, names: tuple[str, ...], yes: bool) -> None:
    """Delete the records of instances: the next plan says create."""
    from runner.cli.actions.state.records import forget

    forget(common, names, yes)


@state.command()
@click.argument("old", metavar="OLD", shell_complete=recorded_names)
@click.argument("new", metavar="NEW", shell_complete=profile_names)
@_state_options
def mv(common: Common, old: str, new: str) -> None:
    """Give the record and the history of OLD to NEW.

    OLD is an instance, or a profile with all of its instances.
    """
    from runner.cli.actions.state.records import mv

    mv(common, old, new)


@state.command()
@YES_OPTION
@_state_options
def claim(common: Common, yes: bool) -> None:
    """Make this file the owner of its project in the state."""
    from runner.cli.actions.state.records import claim

    claim(common, yes)


@state.command()
@click.argument("names", nargs=-1, metavar="[INSTANCE]...", shell_complete=recorded_names)
@YES_OPTION
@_state_options
def unlock(common: Common, names: tuple[str, ...], yes: bool) -> int:
    """End locks whose owner is gone.

    What it left unfinished stays known.
    """
    from runner.cli.actions.state.records import unlock

    return unlock(common, names, yes)
