"""Shared parts of the commands that maintain the state: names, questions, times."""

import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from runner.cli.console import Console
from runner.cli.services.aio import run_async
from runner.cli.services.composition import Composition
from runner.config.selection import Selection
from runner.errors import Declined, StateError, UsageError
from runner.models.record import Record
from runner.nearest import did_you_mean

_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGE: Final = re.compile(r"(\d{1,6})([mhdw])")


def hint_at_emulator(parts: Composition) -> None:
    """Mention the emulator's state, if it has records, to a user whose own state is empty.

    A bucket is not asked: that would cost everyone without an emulator a request.
    """
    if parts.backend.emulated or not parts.state.store.is_local or parts.common.verbosity < 0:
        return
    other = Composition(replace(parts.common, emulated=True), at_rest=True)
    other.reading = parts.reading
    with suppress(StateError):
        if run_async(other.state.records(brief=True, problems=[])):
            parts.console.problem(
                "The emulator has a state of its own: look at it with --emulator."
            )


def ask(question: str, *, yes: bool, console: Console) -> None:
    """Have the user confirm something that can't be undone.

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


async def unknown_parts(
    selection: Selection, parts: Composition, problems: list[StateError] | None = None
) -> dict[Selection, UsageError]:
    """Return the parts of a selection that neither the file nor a record knows, with their errors.

    Records that can't be read are added to ``problems``; with ``None`` they are an error.
    """
    assert parts.file is not None  # noqa: S101 # without a file every name may be right
    missing = parts.file.configuration.compile(selection, with_needs=False, may_miss=True).missing
    records = await parts.state.records(brief=True, problems=problems) if missing else {}
    return still_unknown(missing, records)


def still_unknown(
    unknown: Mapping[Selection, UsageError], records: Mapping[str, Record]
) -> dict[Selection, UsageError]:
    """Return the parts of a selection that match no record either, with their errors."""
    names = {name: None for each in records for name in (each, each.partition("[")[0])}
    errors = {}
    for part, error in unknown.items():
        has_hint = not part.names or (error.hint or "").startswith("Did you mean")
        if part.names and any(part.has_instance(one.profile, n) for n, one in records.items()):
            continue
        near = None if has_hint else did_you_mean(part.names[0], names)
        errors[part] = UsageError(error.message, hint=near) if near else error
    return errors


def age(text: str, option: str) -> timedelta:
    """Read a length of time: ``90m``, ``12h``, ``7d``, ``2w``.

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
    """Read a point in time: a date, a date with a time (UTC unless it says), or an age.

    Raises:
        UsageError: It is not a date or a time.
    """
    if _AGE.fullmatch(text):
        return now - age(text, option)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{option} {text!r} is not a date or a time.",
            hint="Write 7d, 12h, 2026-08-01 or 2026-08-01T12:00Z.",
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
