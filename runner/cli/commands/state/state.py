"""``runner state``: look after the state."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from runner.cli.commands.state.view import by_instance, holder_line, list_, named, show
from runner.cli.options.common import common_options
from runner.cli.options.completion import profile_names, recorded_names
from runner.cli.services.aio import run_async
from runner.cli.services.state import YES_OPTION, age, ask, state_command, warn
from runner.errors import StateError, UsageError, os_reason
from runner.listing import counted

if TYPE_CHECKING:
    from runner.cli.services.composition import Composition
    from runner.state.state import State


@click.group()
@common_options
def command() -> None:
    """Look after the state: records, history and locks."""


command.add_command(list_)
command.add_command(show)


@command.command()
@click.option("--keep", type=click.IntRange(min=0), metavar="N", help="Keep the N newest applies.")
@click.option("--older-than", metavar="AGE", help="Delete only older ones: 12h, 7d or 2w.")
@YES_OPTION
@state_command
def prune(parts: "Composition", keep: int | None, older_than: str | None, yes: bool) -> int:
    """Delete the history of old applies.

    Records stay, and so does what they name or what is unfinished.
    """
    from runner.state.maintenance import prune as run  # noqa: PLC0415 # obstore

    if keep is None and older_than is None:
        raise UsageError("Nothing says what is old.", hint="Give --keep N or --older-than AGE.")
    console, state = parts.console, parts.state
    limit = age(older_than, "--older-than") if older_than else None
    ask(f"Delete old applies from the history at {state.where}?", yes=yes, console=console)
    problems: list[StateError] = []
    done = run_async(run(state, problems, keep=keep, older_than=limit))
    warn(problems, console)
    console.say(f"Deleted {counted(done.applies, 'apply', 'applies')}; {done.kept} left.")
    if done.needed:
        console.say(
            f"{counted(done.needed, 'old one stays', 'old ones stay')}: a record names it, or it "
            "is unfinished."
        )
    return 0


@command.command()
@click.option(
    "--keep",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Leave the N newest applies in documents of their own.",
)
@state_command
def compact(parts: "Composition", keep: int) -> int:
    """Fold past applies into one document a month."""
    console, state = parts.console, parts.state
    done = run_async(state.fold(keep))
    console.say(f"Folded {counted(done, 'apply', 'applies')}.")
    return 0


@command.command()
@click.argument(
    "target", required=False, metavar="[FILE]", type=click.Path(dir_okay=False, path_type=Path)
)
@state_command
def export(parts: "Composition", target: Path | None) -> int:
    """Write records and history to FILE, or to standard output.

    They are lines of JSON, one a record, one an attempt and one a check; `import` reads them.
    """
    from runner.state.transfer import export as run  # noqa: PLC0415 # obstore

    console, state = parts.console, parts.state
    problems: list[StateError] = []

    async def write(put: Callable[[str], object]) -> None:
        async for line in run(state, problems):
            put(line)

    if target is None or str(target) == "-":
        # "##[" is a command to some CI systems.
        run_async(write(lambda line: console.write(line.rstrip("\n").replace("##", "#\\u0023"))))
    else:
        try:
            with target.open("w", encoding="utf-8") as file:
                run_async(write(file.write))
        except OSError as error:
            raise UsageError(f"{target} can't be written: {os_reason(error)}.") from None
    warn(problems, console)
    return 3 if problems else 0


@command.command("import")
@click.argument("source", metavar="FILE", type=click.File("r", encoding="utf-8"))
@state_command
def import_(parts: "Composition", source: TextIO) -> int:
    """Take in what an export wrote.

    What the state has already, or has newer, stays.
    """
    from runner.state.transfer import import_ as run  # noqa: PLC0415 # obstore

    console, state = parts.console, parts.state
    name = getattr(source, "name", "<stdin>")
    try:
        lines = source.readlines()
    except UnicodeDecodeError:
        raise UsageError(f"{name} is not text.") from None
    done = run_async(run(state, lines, source=name, owner=parts.owner))
    applies = counted(done.applies, "apply", "applies")
    console.say(
        f"Imported {counted(done.records, 'record')} and {applies}; {done.left} were there already."
    )
    return 0


@command.command()
@click.argument(
    "names", nargs=-1, required=True, metavar="INSTANCE...", shell_complete=recorded_names
)
@YES_OPTION
@state_command
def forget(parts: "Composition", names: tuple[str, ...], yes: bool) -> int:
    """Delete the records of instances: the next plan says create."""
    from runner.state.maintenance import forget as run  # noqa: PLC0415 # obstore

    console, state = parts.console, parts.state
    found = run_async(_matching(state, names))
    listed = ", ".join(found)
    ask(f"Forget the last apply of {listed}?", yes=yes, console=console)
    run_async(run(state, found, owner=parts.owner))
    console.say(f"Forgot {listed}.")
    return 0


@command.command()
@click.argument("old", metavar="OLD", shell_complete=recorded_names)
@click.argument("new", metavar="NEW", shell_complete=profile_names)
@state_command
def mv(parts: "Composition", old: str, new: str) -> int:
    """Give the record and the history of OLD to NEW.

    OLD is an instance, or a profile with all of its instances.
    """
    from runner.cli.services.state import rename  # noqa: PLC0415

    console, state = parts.console, parts.state
    known = run_async(state.records(brief=True, problems=[]))
    named((old,), known, "has a record")
    moves = run_async(rename(state, {old: new}, parts.owner))
    for each, now in moves.items():
        console.say(f"{each} is {now} now.")
    return 0


@command.command()
@YES_OPTION
@state_command
def claim(parts: "Composition", yes: bool) -> int:
    """Make this file the owner of its project in the state."""
    console, state = parts.console, parts.state
    project = state.project
    ask(
        f"Make {project.file or 'this file'} the owner of the project {project.folder} at "
        f"{state.where}?",
        yes=yes,
        console=console,
    )
    run_async(state.make(parts.owner, claim=True))
    console.say(f"The project {project.folder} belongs to {project.file or 'this file'} now.")
    return 0


@command.command()
@click.argument("names", nargs=-1, metavar="[INSTANCE]...", shell_complete=recorded_names)
@YES_OPTION
@state_command
def unlock(parts: "Composition", names: tuple[str, ...], yes: bool) -> int:
    """End locks whose owner is gone.

    What it left unfinished stays known.
    """
    from runner.state.maintenance import held  # noqa: PLC0415 # obstore
    from runner.state.maintenance import unlock as run  # noqa: PLC0415
    from runner.state.store.numbered import DamagedTop  # noqa: PLC0415

    console, state = parts.console, parts.state
    question = "End these locks? If an owner is still at work, a session could be started twice."
    try:
        holders = run_async(held(state))
    except DamagedTop as damaged:
        console.problem(f"Warning: {damaged.message}")
        ask(question, yes=yes, console=console)
        run_async(state.rebuild_locks(damaged))
        console.say("Ended all locks; the damaged table was kept beside the new one.")
        return 0
    locks = by_instance(holders)
    if names:
        locks = {name: locks[name] for name in named(names, locks, "is locked")}
    if not locks:
        console.say("Nothing is locked.")
        return 0
    for name, holder in locks.items():
        console.say(f"{name}: {holder_line(holder)}")
    ask(question, yes=yes, console=console)
    released = run_async(run(state, holders, locks))
    for name in sorted(locks.keys() - set(released)):
        console.problem(f"Warning: the lock of {name} changed meanwhile and was left alone.")
    console.say(f"Ended {counted(len(released), 'lock')}.")
    return 3 if len(released) < len(locks) else 0


async def _matching(state: "State", names: tuple[str, ...]) -> list[str]:
    """The instances that ``names`` mean; one whose record can't be read has to be spelt out."""
    problems: list[StateError] = []
    records = await state.records(brief=True, problems=problems)
    if problems and not set(names) <= records.keys():
        return list(names)
    return named(names, records, "has a record")
