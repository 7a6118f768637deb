"""``runner wait`` and ``runner cancel``: they need the state, and the file only if there is one."""

import os
import shlex
from contextlib import closing, suppress
from functools import partial
from typing import Any

from runner.cli.console import Console
from runner.cli.options.common import Common
from runner.cli.options.following import Following
from runner.cli.services.aio import run_async
from runner.cli.services.composition import Composition
from runner.cli.services.runtime import engine, reporting
from runner.cli.services.signals import terminable
from runner.cli.services.state import unknown_parts
from runner.config.selection import Selection
from runner.engine.cancel import cancel as run_cancel
from runner.engine.summary import CANNOT_RUN
from runner.engine.wait import wait as run_wait
from runner.errors import CannotRun, ConfigurationError, together
from runner.models.outcome import ApplyOutcome
from runner.models.record import Record
from runner.models.verdict import Verdict
from runner.reports.progress.reporters import parse_reports


def wait(common: Common, apply_id: str | None, **options: Any) -> int:
    """Follow what is left; returns the exit code."""
    following = Following(**options)
    reports = parse_reports(following.reports, os.environ)  # a mistake there needs no file

    async def run() -> int:
        async with engine(parts, following, reporters) as context:
            outcome = await run_wait(apply_id, context=context)
        print_next_step(outcome, common)
        return outcome.exit_code

    with (
        terminable(),
        closing(_composed(common)) as parts,
        reporting(parts, reports) as reporters,
    ):
        return run_async(run())


def print_next_step(outcome: ApplyOutcome, common: Common) -> None:
    """Print how to continue if something is still running."""
    undecided = {Verdict.RUNNING, Verdict.UNKNOWN}
    open_ = [o for o in outcome.instances if o.verdict in undecided and o.stopped_at is None]
    if open_ and common.verbosity >= 0:
        command = shlex.join(["runner", "wait", *common.as_given, outcome.apply_id])
        common.console.problem(f"To continue: {command}")


def cancel(common: Common) -> int:
    """Cancel what still runs; returns the exit code."""
    selected = common.selection

    async def run() -> int:
        # First, because a wrong name can be reported without credentials.
        if parts.file and selected.names and (unknown := await unknown_parts(selected, parts)):
            raise together(unknown.values())
        async with engine(parts, Following(), reporters) as context:
            wanted = partial(_has, selected) if common.names else None
            return _tell(await run_cancel(wanted, context=context), common.console)

    with terminable(), closing(_composed(common)) as parts, reporting(parts, ()) as reporters:
        return run_async(run())


def _composed(common: Common) -> Composition:
    """The parts of a command that goes by the state.

    The file is compiled only so that its secrets are known and masked; what is wrong with it
    stops nothing here.
    """
    parts = Composition(common, file_optional=True)
    if parts.file:
        with suppress(ConfigurationError):
            parts.file.compile(Selection())
    return parts


def _has(selected: Selection, record: Record) -> bool:
    return selected.has_instance(record.profile, record.instance)


def _tell(cancelled: list[tuple[Record, CannotRun | None]], console: Console) -> int:
    """Print the result of each cancellation; returns the exit code."""
    for record, error in cancelled:
        if error is None:
            link = record.link or record.session_id
            console.say(f"{record.instance}: cancellation accepted, {link}")
        else:
            console.problem(f"{record.instance}: {error.message}", hint=error.hint)
    refused = [record for record, error in cancelled if error is not None]
    if not cancelled:
        console.say("Nothing to cancel.")
    elif len(refused) < len(cancelled):
        console.say("The API can cancel only Playwright and agentic checks; see `runner wait`.")
    return CANNOT_RUN if refused else 0
