"""``runner state``: look after the state."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from runner.cli.console import Console
from runner.cli.options.common import common_options, current
from runner.cli.services.aio import run_async
from runner.cli.services.state import EMULATED_OPTION, YES_OPTION, age, ask, state_of, warn
from runner.errors import UsageError, os_reason
from runner.listing import counted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.errors import StateError
    from runner.state.lock_log import Link
    from runner.state.state import State


@click.group()
@common_options
def command() -> None:
    """Look after the state: records, history and locks."""


@command.command()
@click.option("--keep", type=click.IntRange(min=0), metavar="N", help="Keep the N newest applies.")
@click.option("--older-than", metavar="AGE", help="Delete only older ones: 12h, 7d or 2w.")
@YES_OPTION
@EMULATED_OPTION
@common_options
def prune(keep: int | None, older_than: str | None, yes: bool, emulated: bool) -> int:
    """Delete the history of old applies.

    Records stay, and so does what is unfinished.
    """
    from runner.state.maintenance import prune as run  # noqa: PLC0415 # obstore

    if keep is None and older_than is None:
        raise UsageError("Nothing says what is old.", hint="Give --keep N or --older-than AGE.")
    console = Console.of_process()
    limit = age(older_than, "--older-than") if older_than else None
    _, state, _ = state_of(current(), console, emulated=emulated)
    ask(f"Delete old applies from the history at {state.where}?", yes=yes, console=console)
    done = run_async(run(state, keep=keep, older_than=limit))
    console.say(f"Deleted {counted(done.applies, 'apply', 'applies')}; {done.kept} left.")
    if done.unfinished:
        console.say(
            f"{counted(done.unfinished, 'of them is', 'of them are')} old but unfinished; "
            "`runner wait` settles that."
        )
    return 0


@command.command()
@click.argument(
    "target", required=False, metavar="[FILE]", type=click.Path(dir_okay=False, path_type=Path)
)
@EMULATED_OPTION
@common_options
def export(target: Path | None, emulated: bool) -> int:
    """Write records and history to FILE, or to standard output.

    They are lines of JSON, which `import` reads.
    """
    from runner.state.maintenance import export as run  # noqa: PLC0415 # obstore

    console = Console.of_process()
    _, state, _ = state_of(current(), console, emulated=emulated)
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
@EMULATED_OPTION
@common_options
def import_(source: TextIO, emulated: bool) -> int:
    """Take in what an export wrote.

    What the state has already, or has newer, stays.
    """
    from runner.cli.services.backend import initiator  # noqa: PLC0415
    from runner.state.maintenance import import_ as run  # noqa: PLC0415 # obstore

    console = Console.of_process()
    reading, state, _ = state_of(current(), console, emulated=emulated)
    name = getattr(source, "name", "<stdin>")
    try:
        lines = source.readlines()
    except UnicodeDecodeError:
        raise UsageError(f"{name} is no text.") from None
    done = run_async(
        run(state, lines, source=name, owner=initiator(reading.context, console.redactor.screen))
    )
    console.say(
        f"Imported {counted(done.records, 'record')} and {counted(done.attempts, 'attempt')}; "
        f"{done.left} were there already."
    )
    return 0


@command.command()
@click.argument("names", nargs=-1, required=True, metavar="INSTANCE...")
@YES_OPTION
@EMULATED_OPTION
@common_options
def forget(names: tuple[str, ...], yes: bool, emulated: bool) -> int:
    """Delete the records of instances: the next plan says create."""
    from runner.cli.services.backend import initiator  # noqa: PLC0415
    from runner.state.maintenance import forget as run  # noqa: PLC0415 # obstore

    console = Console.of_process()
    reading, state, _ = state_of(current(), console, emulated=emulated)
    found = run_async(_matching(state, names))
    listed = ", ".join(found)
    ask(f"Forget the last apply of {listed}?", yes=yes, console=console)
    run_async(run(state, found, owner=initiator(reading.context, console.redactor.screen)))
    console.say(f"Forgot {listed}.")
    return 0


@command.command()
@click.argument("names", nargs=-1, metavar="[INSTANCE]...")
@YES_OPTION
@EMULATED_OPTION
@common_options
def unlock(names: tuple[str, ...], yes: bool, emulated: bool) -> int:
    """End locks whose owner is gone.

    What it left unfinished stays known.
    """
    from runner.reports.text.sanitize import one_line  # noqa: PLC0415
    from runner.state.maintenance import held  # noqa: PLC0415 # obstore
    from runner.state.maintenance import unlock as run  # noqa: PLC0415

    console = Console.of_process()
    _, state, _ = state_of(current(), console, emulated=emulated)
    links = run_async(held(state))
    if names:
        links = {name: links[name] for name in _named(names, links, "is locked")}
    if not links:
        console.say("Nothing is locked.")
        return 0
    for name, link in links.items():
        console.say(f"{one_line(name)}: {_holder(link)}")
    ask(
        "End these locks? If an owner is still at work, a session could be started twice.",
        yes=yes,
        console=console,
    )
    changed = run_async(run(state, links))
    for name in changed:
        console.problem(f"Warning: the lock of {name} changed meanwhile and was left alone.")
    console.say(f"Ended {counted(len(links) - len(changed), 'lock')}.")
    return 3 if changed else 0


def _holder(link: "Link") -> str:
    from runner.reports.history.wording import who  # noqa: PLC0415
    from runner.reports.text.sanitize import NAME_LIMIT, one_line, safe_url  # noqa: PLC0415

    document = link.document
    url = safe_url(document.by.ci_url)
    return one_line(
        f"held by {who(document.by)} (process {document.by.pid}{f', {url}' if url else ''}) since "
        f"{document.since:%Y-%m-%d %H:%M:%S} UTC, last seen {link.modified:%H:%M:%S}",
        NAME_LIMIT * 4,
    )


async def _matching(state: "State", names: tuple[str, ...]) -> list[str]:
    """The instances that ``names`` mean; one whose record can't be read has to be spelt out."""
    problems: list[StateError] = []
    records = await state.records(problems=problems)
    if problems and not set(names) <= records.keys():
        return list(names)
    return _named(names, records, "has a record")


def _named(names: tuple[str, ...], known: "Iterable[str]", what: str) -> list[str]:
    from runner.config.selection import Selection  # noqa: PLC0415
    from runner.nearest import did_you_mean  # noqa: PLC0415

    known = list(known)
    found: dict[str, None] = {}
    for name in names:
        chosen = Selection((name,))
        hits = [each for each in known if chosen.has_instance(each.partition("[")[0], each)]
        if not hits:
            raise UsageError(
                f"No instance {name!r} {what}.", hint=did_you_mean(name, known) or None
            )
        found |= dict.fromkeys(hits)
    return list(found)
