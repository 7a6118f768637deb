"""``runner state`` and its commands."""

from pathlib import Path

import click

from runner.cli.options.command import Group
from runner.cli.options.completion import profile_names, recorded_names
from runner.cli.options.kinds import number_option
from runner.cli.options.parameters import FORMAT_OPTION, YES_OPTION, runs_on_state
from runner.cli.options.shared import shared_options


@click.group(cls=Group)
@shared_options
def state() -> None:
    """Inspect and maintain the state: records, history and locks."""


@state.command("list")
@FORMAT_OPTION
@runs_on_state("state.view:list_")
def list_() -> None:
    """List the instances that have a record or a lock."""


@state.command()
@click.argument("name", metavar="INSTANCE", shell_complete=recorded_names)
@FORMAT_OPTION
@runs_on_state("state.view:show")
def show() -> None:
    """Show the record of one instance, and who holds its lock."""


@state.command()
@number_option("--keep", range=click.IntRange(min=0), help="Keep the N newest applies.")
@click.option(
    "--older-than", metavar="AGE", help="Delete only applies older than this: 12h, 7d or 2w."
)
@YES_OPTION
@runs_on_state("state.history:prune")
def prune() -> None:
    """Delete the history of old applies.

    Records are kept, and so are applies that a record names or that are unfinished.
    """


@state.command()
@number_option(
    "--keep",
    range=click.IntRange(min=0),
    default=0,
    help="Do not compact the N newest applies.",
)
@runs_on_state("state.history:compact")
def compact() -> None:
    """Fold past applies into one document a month."""


@state.command()
@click.argument(
    "target", required=False, metavar="[FILE]", type=click.Path(dir_okay=False, path_type=Path)
)
@runs_on_state("state.history:export")
def export() -> None:
    """Write records and history to FILE, or to standard output.

    The output is JSON lines: one for each record, attempt and check. `import` reads them.
    """


@state.command("import")
@click.argument("source", metavar="FILE", type=click.File("r", encoding="utf-8"))
@runs_on_state("state.history:import_")
def import_() -> None:
    """Read in what an export wrote.

    Entries that the state already has, or has in a newer version, stay as they are.
    """


@state.command()
@click.argument(
    "names", nargs=-1, required=True, metavar="INSTANCE...", shell_complete=recorded_names
)
@YES_OPTION
@runs_on_state("state.records:forget")
def forget() -> None:
    """Delete the records of instances, which are then new to plans."""


@state.command()
@click.argument("old", metavar="OLD", shell_complete=recorded_names)
@click.argument("new", metavar="NEW", shell_complete=profile_names)
@runs_on_state("state.records:mv")
def mv() -> None:
    """Rename the record and the history of OLD to NEW.

    OLD is an instance, or a profile with all of its instances.
    """


@state.command()
@YES_OPTION
@runs_on_state("state.records:claim")
def claim() -> None:
    """Make this file the owner of its project in the state."""


@state.command()
@click.argument("names", nargs=-1, metavar="[INSTANCE]...", shell_complete=recorded_names)
@YES_OPTION
@runs_on_state("state.records:unlock")
def unlock() -> None:
    """Release locks whose owner is gone.

    The state still remembers what the owner left unfinished.
    """
