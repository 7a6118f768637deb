"""What ``runner apply`` does: plan, ask, start, follow, report."""

import asyncio
import os
import random
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

import click

from runner.checkly.account import Credentials
from runner.checkly.client import ClientOptions
from runner.checkly.limiter import Limiter
from runner.cli.console import Console
from runner.cli.options.common import Common
from runner.cli.services.backend import backend
from runner.cli.services.configuration import Reading, read
from runner.cli.services.initiator import initiator
from runner.cli.services.plan import open_state, plan_of
from runner.cli.services.preflight import judge_online, telling
from runner.cli.services.runtime import outside, reporters, terminable
from runner.cli.services.saved_plan import check, load, use
from runner.config.selection import Selection, selection
from runner.diagnostics import Severity
from runner.engine.apply import apply as run_apply
from runner.engine.context import ApplyOptions
from runner.errors import CannotRun, Declined, UsageError
from runner.models.apply_id import new_apply_id
from runner.models.clock import SystemClock
from runner.models.events import ApplyFinished
from runner.models.outcome import ApplyOutcome
from runner.models.plan import Action, Plan
from runner.plan.filters import changed_only, failed_only
from runner.plan.saved_plan import SavedPlan, check_plan
from runner.reports.plan import text
from runner.reports.progress.reporters import Reporters, parse_reports
from runner.state.state import State


@dataclass(frozen=True, slots=True)
class ApplyCommand:
    """What the command was asked for; see its options."""

    common: Common
    names: tuple[str, ...]
    labels: tuple[str, ...]
    changed: bool
    failed: bool
    saved_plan: Path | None
    yes: bool
    detach: bool
    with_needs: bool
    concurrency: int
    requests_per_minute: int
    lock_timeout: float
    settle_time: float
    grace_period: float
    require_shared_state: bool
    fail_on_new: bool
    reports: tuple[str, ...]
    emulated: bool
    world: Path | None


def apply(command: ApplyCommand, console: Console) -> int:
    """Apply what is selected; returns the exit code."""
    parse_reports(command.reports, os.environ)  # a mistake there needs no file to be told
    clock, rng = SystemClock(), random.SystemRandom()
    apply_id = new_apply_id(clock.now(), rng)
    saved = _load(command)
    if saved is not None:
        variables = tuple(f"{name}={value}" for name, value in saved.variables.items())
        command = replace(
            command,
            common=replace(command.common, variables=variables),
            names=tuple(saved.names),
            labels=tuple(saved.labels),
        )
    chosen = selection(command.names, command.labels)
    reading = read(
        command.common,
        console,
        apply_id=apply_id,
        unset=Severity.ERROR,
        expected=saved.configuration if saved else None,
    )
    with (
        # First of all, so that a path that can't be written costs nothing.
        reporters(command.reports, command.common, console) as opened,
        terminable(),
        backend(command.emulated, command.world) as behind,
        asyncio.Runner() as loop,
    ):
        credentials = behind.require_credentials()
        state = open_state(behind, command.common, reading)
        _warn_of_folder(state, command, console)
        if saved is not None:
            loop.run(check(saved, command.common, behind, state))
        plan = loop.run(
            plan_of(chosen, reading, state.records, behind, with_needs=command.with_needs)
        )
        if saved is not None:
            check_plan(saved, plan)
        plan = changed_only(plan) if command.changed else plan
        plan = failed_only(plan) if command.failed else plan
        emit = telling(console, command.common)
        limiter = Limiter(clock, command.requests_per_minute)  # of all that this process asks
        plan = loop.run(judge_online(plan, credentials, reading.redactor, emit, limiter))
        _show(plan, command, console)
        if not plan.instances:
            console.write("Nothing to apply.", _people(command, console))
            now = clock.now()
            opened.handle(ApplyFinished(now, ApplyOutcome(apply_id, now, now, ())))
            return 0
        if saved is not None:
            loop.run(use(saved, apply_id, state))
        else:
            _ask(plan, chosen, command, console)
        running = _run(plan, command, credentials, state, opened, reading, apply_id, limiter)
        return loop.run(running)


async def _run(
    plan: Plan,
    command: ApplyCommand,
    credentials: Credentials,
    state: State,
    opened: Reporters,
    reading: Reading,
    apply_id: str,
    limiter: Limiter,
) -> int:
    async with outside(
        credentials=credentials,
        state=state,
        reporters=opened,
        owner=initiator(reading.context),
        redact=reading.redactor.mask,
        options=ApplyOptions(
            concurrency=command.concurrency,
            detach=command.detach,
            lock_timeout=command.lock_timeout,
            settle_seconds=command.settle_time,
            grace_seconds=command.grace_period,
            fail_on_new=command.fail_on_new,
        ),
        client_options=ClientOptions(requests_per_minute=command.requests_per_minute),
        limiter=limiter,
    ) as context:
        outcome = await run_apply(plan.instances, apply_id=apply_id, context=context)
    return outcome.exit_code


def _load(command: ApplyCommand) -> SavedPlan | None:
    """The saved plan that was asked for.

    Raises:
        UsageError: Something else was asked for beside it, or it can't be read.
        StalePlan: It is no plan, or was edited.
    """
    if command.saved_plan is None:
        return None
    beside = {
        "profiles": command.names,
        "--label": command.labels,
        "--var": command.common.variables,
        "--changed": command.changed,
        "--failed": command.failed,
        "--no-needs": not command.with_needs,
    }
    for what, given in beside.items():
        if given:
            raise UsageError(
                f"--plan applies exactly what was planned: leave {what} out.",
                hint="They belong to `runner plan --out FILE`.",
            )
    return load(command.saved_plan)


def _show(plan: Plan, command: ApplyCommand, console: Console) -> None:
    """Show the plan; on standard error when a report takes standard output."""
    if command.common.verbosity < 0:
        return
    stream = _people(command, console)
    console.write(text.render(plan, console.style_for(stream)).rstrip("\n"), stream)


def _people(command: ApplyCommand, console: Console) -> TextIO:
    """Where text for people goes: to standard error when a report takes standard output."""
    piped = any("=" not in report and report != "text" for report in command.reports)
    return console.err if piped else console.out


def _ask(plan: Plan, chosen: Selection, command: ApplyCommand, console: Console) -> None:
    """Make sure that starting is meant.

    Raises:
        Declined: The answer was no.
        UsageError: Nobody can be asked, and what is selected was not named in full.
    """
    if command.yes:
        return
    if sys.stdin.isatty() and console.out.isatty():
        count = sum(planned.action is not Action.REMOVED for planned in plan.instances)
        sessions = "this session" if count == 1 else f"these {count} sessions"
        if not click.confirm(f"Start {sessions}?", err=True):
            raise Declined("Nothing was started.")
    elif not chosen.is_exact:
        raise UsageError(
            "Nobody can be asked whether to start all of this.",
            hint="Name the profiles in full, or say --yes.",
        )


def _warn_of_folder(state: State, command: ApplyCommand, console: Console) -> None:
    """Say once that a folder on a CI machine forgets.

    Raises:
        CannotRun: It was asked for a state that does not.
    """
    if not state.is_local or not os.environ.get("CI") or command.emulated:
        return
    text = "The state is a folder of this machine: records, locks and recovery end with it."
    hint = "Give a bucket with --state or CHECKLY_SESSIONS_STATE: s3://, gs:// or az://."
    if command.require_shared_state:
        raise CannotRun(text, hint=hint)
    console.problem(f"Warning: {text}", hint=hint)
