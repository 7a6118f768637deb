"""``runner state forget``, ``mv``, ``claim`` and ``unlock``: change records, owners and locks."""

import random

from runner.cli.actions.state.view import by_instance, holder_line, named
from runner.cli.options.common import Common
from runner.cli.services.aio import run_async
from runner.cli.services.composition import Composition
from runner.cli.services.state import ask
from runner.config.document.profiles import PROFILE_NAME
from runner.errors import StateError, UsageError
from runner.listing import counted
from runner.models.apply_id import new_apply_id
from runner.state import maintenance
from runner.state.state import State
from runner.state.store.numbered import DamagedTop


def forget(common: Common, names: tuple[str, ...], yes: bool) -> None:
    """Delete the records of instances."""
    parts, console = Composition(common, at_rest=True), common.console
    found = run_async(_matching(parts.state, names))
    listed = ", ".join(found)
    ask(f"Forget the last apply of {listed}?", yes=yes, console=console)
    run_async(maintenance.forget(parts.state, found, owner=parts.owner))
    console.say(f"Forgot {listed}.")


async def _matching(state: State, names: tuple[str, ...]) -> list[str]:
    """The instances that ``names`` match; one with an unreadable record has to be spelt out."""
    problems = list[StateError]()
    records = await state.records(brief=True, problems=problems)
    if problems and not set(names) <= records.keys():
        return list(names)
    return named(names, records, "has a record")


def mv(common: Common, old: str, new: str) -> None:
    """Rename the record and history of an instance, or of each instance of a profile."""
    parts = Composition(common, at_rest=True)
    known = run_async(parts.state.records(brief=True, problems=[]))
    moves = {
        name: f"{new}{name.removeprefix(old)}"
        for name in known
        if name == old or name.startswith(f"{old}[")
    }
    if not moves:
        named([old], known, "has a record")
        raise UsageError(f"{old!r} is a pattern.", hint="Move one profile or instance at a time.")
    if old == new:
        raise UsageError(f"{old!r} already has this name.")
    profile, bracket, _ = new.partition("[")
    if not PROFILE_NAME.match(profile) or (bracket and not new.endswith("]")):
        raise UsageError(
            f"{new!r} can't be the name of a profile or an instance.",
            hint="A name looks like smoke-prod or 'smoke-prod[us-east-1]'.",
        )
    before = new_apply_id(parts.state.clock.now(), random.SystemRandom())
    run_async(maintenance.rename(parts.state, moves, owner=parts.owner, before=before))
    for each, now in moves.items():
        common.console.say(f"{each} is now {now}.")


def claim(common: Common, yes: bool) -> None:
    """Make the file the owner of its project."""
    parts, console = Composition(common, at_rest=True), common.console
    state, project = parts.state, parts.state.project
    file = project.file or "this file"
    question = f"Make {file} the owner of the project {project.folder} at {state.store.where()}?"
    ask(question, yes=yes, console=console)
    run_async(state.claim(parts.owner))
    console.say(f"The project {project.folder} now belongs to {file}.")


def unlock(common: Common, names: tuple[str, ...], yes: bool) -> int:
    """End locks whose owner is gone; returns the exit code."""
    console, state = common.console, Composition(common, at_rest=True).state
    question = (
        "Release these locks? If an owner is still running, a session could be started twice."
    )
    try:
        holders = run_async(state.lock_table.read()).holders
    except DamagedTop as damaged:
        console.warn(damaged)
        ask(question, yes=yes, console=console)
        run_async(state.rebuild_locks(damaged))
        console.say("Released all locks; the damaged table was kept beside the new one.")
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
    released = run_async(maintenance.unlock(state, holders, locks))
    for name in sorted(locks.keys() - set(released)):
        console.warning(f"the lock of {name} changed meanwhile and was left alone.")
    console.say(f"Released {counted(len(released), 'lock')}.")
    return 3 if len(released) < len(locks) else 0
