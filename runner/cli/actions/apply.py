"""``runner apply``: plan, ask, start, follow, report."""

import asyncio
import os
import random
import sys
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from runner.checkly.exchange import Shared
from runner.cli.actions.wait import print_next_step
from runner.cli.options.common import Common
from runner.cli.options.following import Following
from runner.cli.services.composition import Composition
from runner.cli.services.past import with_untried
from runner.cli.services.plan import plan_of
from runner.cli.services.preflight import judge
from runner.cli.services.runtime import engine, reporting
from runner.cli.services.saved_plan import check, load, use
from runner.cli.services.signals import terminable
from runner.diagnostics import Severity
from runner.engine.apply import apply as run_apply
from runner.errors import Declined, UsageError
from runner.models.apply_id import new_apply_id
from runner.models.clock import Clock
from runner.models.events import ApplyFinished, PlanMade
from runner.models.outcome import ApplyOutcome
from runner.models.plan import Plan
from runner.plan.filters import changed_only, failed_checks_only, failed_only
from runner.plan.saved_plan import SavedPlan, check_plan
from runner.reports.plan import text
from runner.reports.plan.wording import question
from runner.reports.progress.reporters import parse_reports


@dataclass(frozen=True, kw_only=True)
class ApplyCommand(Following):
    """The options of ``runner apply``, beside the shared ones."""

    changed: bool
    failed: bool
    failed_checks: bool
    saved_plan: Path | None
    yes: bool
    no_needs: bool


def apply(common: Common, **options: Any) -> int:
    """Apply what is selected; returns the exit code."""
    command = ApplyCommand(**options)
    reports = parse_reports(command.reports, os.environ)  # a mistake there needs no file
    clock, console = Clock(), common.console
    apply_id = new_apply_id(clock.now(), random.SystemRandom())
    saved = _load(command, common)
    if saved is not None:
        common = replace(
            common,
            variables=tuple(f"{name}={value}" for name, value in saved.variables.items()),
            names=tuple(saved.selection.names),
            labels=tuple(saved.selection.labels),
            excluded=tuple(saved.selection.excluded),
            prune=saved.selection.prune,
        )
    composition = Composition(
        common,
        apply_id=apply_id,
        unset=Severity.ERROR,
        expected=saved.configuration if saved else None,
        needs_credentials=True,
    )
    with (
        terminable(),
        closing(composition) as parts,
        # Early, so that a path that can't be written costs nothing.
        reporting(parts, reports) as reporters,
        asyncio.Runner() as loop,
    ):
        if saved is not None:
            loop.run(check(saved, parts))
        plan = loop.run(plan_of(parts, with_needs=not command.no_needs))
        if saved is not None:
            check_plan(saved, plan)
        today, prune = clock.now().date(), common.prune
        if (command.changed or command.failed or command.failed_checks) and parts.may_have_state:
            plan = loop.run(with_untried(plan, parts))
        plan = changed_only(plan, today) if command.changed else plan
        plan = failed_only(plan, today, prune=prune) if command.failed else plan
        shared = Shared(clock, command.requests_per_minute)
        plan = loop.run(judge(plan, parts, shared))
        plan = failed_checks_only(plan, today, prune=prune) if command.failed_checks else plan
        people = reporters.people
        if common.verbosity >= 0:
            shown = text.render(plan, console.style_for(people), verbosity=common.verbosity)
            console.write(console.folded(shown, people), people)
        actions = tuple((planned.name, planned.action.value) for planned in plan.instances)
        drifted = tuple(planned.name for planned in plan.instances if planned.has_drifted)
        reporters.handle(PlanMade(clock.now(), apply_id, actions, drifted))
        if not plan.instances:
            console.say("Nothing to apply.", people)
            now = clock.now()
            reporters.handle(ApplyFinished(now, ApplyOutcome(apply_id, now, now, ())))
            return 0
        if saved is None:
            _ask(plan, command, common)
        admit = partial(use, saved, apply_id, parts.state) if saved else None

        async def run() -> ApplyOutcome:
            opened = engine(
                parts,
                command,
                reporters,
                shared=shared,
                account_name=plan.context and plan.context.account_name,
            )
            async with opened as context:
                return await run_apply(
                    plan.instances, apply_id=apply_id, context=context, admit=admit
                )

        outcome = loop.run(run())
        if not parts.backend.emulated:  # an emulator ends with the process
            print_next_step(outcome, common)
        return outcome.exit_code


def _load(command: ApplyCommand, common: Common) -> SavedPlan | None:
    """The saved plan that was asked for."""
    if command.saved_plan is None:
        return None
    beside = {
        "profiles": common.names,
        "--label": common.labels,
        "--exclude": common.excluded,
        "--var": common.variables,
        "--var-file": common.var_files,
        "--prune": common.prune,
        "--changed": command.changed,
        "--failed": command.failed,
        "--failed-checks": command.failed_checks,
        "--no-needs": command.no_needs,
    }
    for what, given in beside.items():
        if given:
            raise UsageError(
                f"--plan applies exactly what was planned: leave {what} out.",
                hint="They belong to `runner plan --out FILE`.",
            )
    return load(command.saved_plan)


def _ask(plan: Plan, command: ApplyCommand, common: Common) -> None:
    """Have the user confirm the start, unless the profiles are named in full."""
    if command.yes:
        return
    console = common.console
    blocking = [planned.name for planned in plan.instances if planned.is_blocking]
    if sys.stdin.isatty() and console.out.isatty():
        if blocking and not command.keep_going:
            console.say(
                f"{blocking[0]} is blocked, so nothing starts. --keep-going starts the rest."
            )
        elif not console.ask(question(plan)):
            raise Declined("Nothing was started.")
    elif not common.selection.is_exact:
        raise UsageError(
            "Confirmation needed, but this is not a terminal.",
            hint="Name the profiles in full, or pass --yes.",
        )
