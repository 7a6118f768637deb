"""``runner state prune``, ``compact``, ``export`` and ``import``: maintain past applies."""

from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from runner.cli.options.common import Common
from runner.cli.services.aio import run_async
from runner.cli.services.composition import Composition
from runner.cli.services.state import age, ask
from runner.errors import StateError, UsageError, os_reason
from runner.listing import counted
from runner.reports.text.json_ import harmless_json
from runner.state import maintenance, transfer


def prune(common: Common, keep: int | None, older_than: str | None, yes: bool) -> None:
    """Delete the history of old applies."""
    if keep is None and older_than is None:
        raise UsageError(
            "It is not clear which applies are old.", hint="Pass --keep N or --older-than AGE."
        )
    console, state = common.console, Composition(common, at_rest=True).state
    limit = age(older_than, "--older-than") if older_than else None
    ask(f"Delete old applies from the history at {state.store.where()}?", yes=yes, console=console)
    problems = list[StateError]()
    done = run_async(maintenance.prune(state, problems, keep=keep, older_than=limit))
    console.warn(*problems)
    console.say(f"Deleted {counted(done.applies, 'apply', 'applies')}; {done.kept} left.")
    if done.needed:
        console.say(
            f"Kept {counted(done.needed, 'old apply', 'old applies')}: unfinished, or named by a "
            "record."
        )


def compact(common: Common, keep: int) -> None:
    """Fold past applies into one document a month."""
    done = run_async(Composition(common, at_rest=True).state.fold(keep))
    common.console.say(f"Compacted {counted(done, 'apply', 'applies')}.")


def export(common: Common, target: Path | None) -> int:
    """Write records and history to a file or standard output; returns the exit code."""
    console, state = common.console, Composition(common, at_rest=True).state
    problems = list[StateError]()

    async def write(put: Callable[[str], object]) -> None:
        async for line in transfer.export(state, problems):
            put(line)

    if target is None or str(target) == "-":
        run_async(write(lambda line: console.write(harmless_json(line))))
    else:
        try:
            with target.open("w", encoding="utf-8") as file:
                run_async(write(file.write))
        except OSError as error:
            raise UsageError(f"{target} can't be written: {os_reason(error)}.") from None
    console.warn(*problems)
    return 3 if problems else 0


def import_(common: Common, source: TextIO) -> None:
    """Read in what an export wrote."""
    parts = Composition(common, at_rest=True)
    state, name = parts.state, getattr(source, "name", "<stdin>")
    try:
        lines = source.readlines()
    except UnicodeDecodeError:
        raise UsageError(f"{name} is not text.") from None
    done = run_async(transfer.import_(state, lines, source=name, owner=parts.owner))
    applies = counted(done.applies, "apply", "applies")
    common.console.say(
        f"Imported {counted(done.records, 'record')} and {applies}; {done.left} were there already."
    )
