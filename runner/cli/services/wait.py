"""What ``runner wait`` and ``runner cancel`` do: they need the state, and hardly the file."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from runner.checkly.client import ClientOptions
from runner.cli.console import Console
from runner.cli.options.common import Common
from runner.cli.services.backend import Backend, backend
from runner.cli.services.configuration import Reading, read
from runner.cli.services.initiator import initiator
from runner.cli.services.plan import open_state
from runner.cli.services.runtime import outside, reporters, terminable
from runner.config.selection import Selection, selection
from runner.config.templates.context import Context as Surroundings
from runner.engine.cancel import Cancellation
from runner.engine.cancel import cancel as run_cancel
from runner.engine.context import ApplyOptions, Context
from runner.engine.exit_code import CANNOT_RUN
from runner.engine.wait import wait as run_wait
from runner.errors import ConfigurationError, UsageError
from runner.models.record import Initiator, Record
from runner.reports.progress.reporters import Reporters, parse_reports
from runner.state.state import State


@dataclass(frozen=True, slots=True)
class WaitCommand:
    """What the command was asked for; see its options."""

    common: Common
    apply_id: str | None
    requests_per_minute: int
    lock_timeout: float
    settle_time: float
    grace_period: float
    fail_on_new: bool
    reports: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CancelCommand:
    """What the command was asked for; see its arguments."""

    common: Common
    names: tuple[str, ...]


def wait(command: WaitCommand, console: Console) -> int:
    """Follow what is left; returns the exit code."""
    parse_reports(command.reports, os.environ)  # a mistake there needs no file to be told

    async def run(context: Context, _reading: Reading | None) -> int:
        outcome = await run_wait(command.apply_id, context=context)
        if outcome is None:
            console.write("Nothing to wait for.")
            return 0
        return outcome.exit_code

    return _with_context(
        command.common,
        console,
        run,
        reports=command.reports,
        options=ApplyOptions(
            lock_timeout=command.lock_timeout,
            settle_seconds=command.settle_time,
            grace_seconds=command.grace_period,
            fail_on_new=command.fail_on_new,
        ),
        client_options=ClientOptions(requests_per_minute=command.requests_per_minute),
    )


def cancel(command: CancelCommand, console: Console) -> int:
    """Cancel what still runs; returns the exit code."""
    chosen = selection(command.names, ())

    async def run(context: Context, reading: Reading | None) -> int:
        await _refuse_unknown(chosen, reading, context.state)
        wanted = _wanted(chosen) if command.names else None
        return _tell(await run_cancel(wanted, context=context), console)

    return _with_context(command.common, console, run)


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What is known without, or with, a file."""

    state: State
    owner: Initiator
    reading: Reading | None = None


def _with_context(
    common: Common,
    console: Console,
    run: Callable[[Context, Reading | None], Awaitable[int]],
    *,
    reports: tuple[str, ...] = (),
    options: ApplyOptions | None = None,
    client_options: ClientOptions | None = None,
) -> int:
    """Run ``run`` in the world that the options and the environment describe."""
    with terminable(), backend(emulated=False, world=None) as behind:
        credentials = behind.require_credentials()
        surroundings = _look_around(common, console, behind)

        async def main(opened: Reporters) -> int:
            async with outside(
                credentials=credentials,
                state=surroundings.state,
                reporters=opened,
                owner=surroundings.owner,
                redact=console.mask,
                options=options or ApplyOptions(),
                client_options=client_options or ClientOptions(),
            ) as context:
                return await run(context, surroundings.reading)

        with reporters(reports, common, console) as opened:
            return asyncio.run(main(opened))


def _look_around(common: Common, console: Console, behind: Backend) -> _Surroundings:
    """The state, beside the file if there is one, and who asks.

    The file is compiled only so that its secrets are known and masked; what is wrong with it
    is no matter here.
    """
    try:
        reading = read(common, console)
    except (ConfigurationError, UsageError):
        if common.state is None:
            raise
        here = Path.cwd()
        state = behind.state(common, here, None)
        return _Surroundings(state, initiator(Surroundings(os.environ, here, "")))
    with suppress(ConfigurationError):
        reading.compile(Selection())
    return _Surroundings(open_state(behind, common, reading), initiator(reading.context), reading)


async def _refuse_unknown(chosen: Selection, reading: Reading | None, state: State) -> None:
    """Refuse a name that matches nothing, neither in the file, if there is one, nor in the state.

    Raises:
        UsageError: A name does.
    """
    unknown: dict[Selection, UsageError] = {}
    if reading is not None and chosen.names:
        reading.configuration.compile(chosen, with_needs=False, unknown=unknown)
    records = await state.records() if unknown else {}
    for part, error in unknown.items():
        if not any(map(_wanted(part), records.values())):
            raise error


def _wanted(chosen: Selection) -> Callable[[Record], bool]:
    return lambda record: chosen.has_instance(record.profile, record.instance)


def _tell(cancellations: list[Cancellation], console: Console) -> int:
    """Say what became of each; returns the exit code."""
    for each in cancellations:
        link = each.link or each.session_id
        if each.error is None:
            console.write(f"{each.instance}: cancellation accepted, {link}")
        else:
            console.problem(f"{each.instance}: {each.error.message}", hint=each.error.hint)
    if not cancellations:
        console.write("Nothing to cancel.")
    elif any(each.error is None for each in cancellations):
        console.write("The API cancels Playwright runs only; `runner wait` shows how it ends.")
    return CANNOT_RUN if any(each.error is not None for each in cancellations) else 0
