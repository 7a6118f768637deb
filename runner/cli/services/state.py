"""Shared parts of the commands that look after the state: options, questions, times."""

import re
import sys
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from runner.cli.console import Console
from runner.cli.options.common import Common, common_options, current
from runner.cli.services.aio import run_async
from runner.cli.services.backend import EMULATOR_HOST, Backend
from runner.errors import Declined, StateError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from runner.cli.services.composition import Composition
    from runner.cli.services.configuration import Reading
    from runner.models.record import Initiator
    from runner.state.state import State

F = TypeVar("F", bound="Callable[..., Any]")

FORMAT_OPTION = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="How to print it.",
)
EMULATED_OPTION = click.option(
    "--emulator", "emulated", is_flag=True, help="The state of the emulator inside the process."
)
YES_OPTION = click.option("-y", "--yes", is_flag=True, help="Do not ask.")

_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGE: Final = re.compile(r"(\d{1,6})([mhdw])")


def state_command(function: F) -> F:
    """Add the options of commands that look after the state, and hand them the parts they need."""

    @EMULATED_OPTION
    @common_options
    @wraps(function)
    def command(emulated: bool, **options: Any) -> Any:
        return function(_parts(current(), Console.of_process(), emulated=emulated), **options)

    return command  # type: ignore[return-value] # wraps keeps the signature click looks at


def state_of(
    common: Common, console: Console, *, emulated: bool
) -> "tuple[Reading, State, Backend]":
    """The configuration, its state and the API they belong to; nothing is asked of that.

    Raises:
        ConfigurationError: There is no file, or it can't be read.
        StateError: The address of the state is not valid.
    """
    parts = _parts(common, console, emulated=emulated)
    return parts.reading, parts.state, parts.backend


def _parts(common: Common, console: Console, *, emulated: bool) -> "Composition":
    from runner.cli.services.composition import Composition  # noqa: PLC0415 # everything heavy

    parts = Composition(common, console)
    if emulated:  # nothing is needed of it but its place in the state
        parts.backend = Backend(None, EMULATOR_HOST, emulated=True)
    return parts


async def rename(state: "State", moves: "Mapping[str, str]", owner: "Initiator") -> dict[str, str]:
    """Give records the names that ``moves`` tells, of profiles or instances; says which.

    Raises:
        UsageError: A new name has a record of its own.
        StateError: The store can't be read or written.
    """
    import random  # noqa: PLC0415

    from runner.models.apply_id import new_apply_id  # noqa: PLC0415
    from runner.state.maintenance import rename as run  # noqa: PLC0415 # obstore

    records = await state.records(brief=True, problems=[])
    found = {}
    for old, new in moves.items():
        for name in records:
            if name == old or name.startswith(f"{old}["):
                found[name] = f"{new}{name.removeprefix(old)}"
    if found:
        before = new_apply_id(state.clock.now(), random.SystemRandom())
        await run(state, found, owner=owner, before=before)
    return found


def hint_at_emulator(
    common: Common, console: Console, reading: "Reading", state: "State", *, emulated: bool
) -> None:
    """Where a state has nothing, and the emulator's beside it has something, say so.

    A bucket is not asked: that would be another request for those who use no emulator.
    """
    from contextlib import suppress  # noqa: PLC0415

    if emulated or not state.is_local or common.verbosity < 0:
        return
    emulator = Backend(None, EMULATOR_HOST, emulated=True)
    other = emulator.state(common, reading.path.parent, reading.structure.state)
    with suppress(StateError):
        if run_async(other.records(brief=True, problems=[])):
            console.problem("The emulator has a state of its own: look at it with --emulator.")


def ask(question: str, *, yes: bool, console: Console) -> None:
    """Make sure that something that can't be undone is meant.

    Raises:
        Declined: The answer was no.
        UsageError: This is not a terminal.
    """
    if yes:
        return
    if not (sys.stdin.isatty() and console.err.isatty()):
        raise UsageError("Confirmation needed, but this is not a terminal.", hint="Pass --yes.")
    if not console.ask(question):
        raise Declined("Nothing was changed.")


def unknown_anywhere(error: UsageError, name: str, recorded: "Iterable[str]") -> UsageError:
    """``error``, of a name that is not in the file, with the nearest name that has a record."""
    from runner.nearest import did_you_mean  # noqa: PLC0415 # only when something is wrong

    if error.hint and error.hint.startswith("Did you mean"):
        return error
    names = {name: None for each in recorded for name in (each, each.partition("[")[0])}
    return UsageError(error.message, hint=did_you_mean(name, names) or error.hint)


def warn(problems: list[StateError], console: Console) -> None:
    """Tell of documents that were left out."""
    for problem in problems:
        console.problem(f"Warning: {problem.message}", hint=problem.hint)


def age(text: str, option: str) -> timedelta:
    """A length of time: ``90m``, ``12h``, ``7d``, ``2w``.

    Raises:
        UsageError: It is not a length of time.
    """
    found = _AGE.fullmatch(text)
    if not found:
        raise UsageError(
            f"{option} {text!r} is not a length of time.", hint="Write 90m, 12h, 7d or 2w."
        )
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def moment(text: str, option: str, now: datetime) -> datetime:
    """A point in time: a date, a date with a time (UTC unless it says), or an age.

    Raises:
        UsageError: It is not a point in time.
    """
    if _AGE.fullmatch(text):
        return now - age(text, option)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{option} {text!r} is not a point in time.",
            hint="Write 7d, 12h, 2026-08-01 or 2026-08-01T12:00Z.",
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
