"""``runner plan``: show what would start.

Whatever a plan offline can do without is imported lazily: start-up is measured.
"""

import json
import os
from contextlib import closing, suppress
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from runner.checkly.account import NAMES, missing_credentials
from runner.cli.options.common import Common
from runner.cli.services.aio import run_async, run_at_once
from runner.cli.services.composition import Composition
from runner.cli.services.plan import plan_of
from runner.diagnostics import Severity
from runner.errors import UsageError
from runner.models.plan import Plan

EXIT_BLOCKED = 1
EXIT_CHANGES = 2


class PlanCommand(NamedTuple):
    """The options of ``runner plan``, beside the shared ones."""

    base: str | None
    head: str | None
    out: Path | None
    form: str
    detailed_exitcode: bool
    detailed_checks: bool
    strict: bool
    offline: bool
    no_pager: bool


def plan(common: Common, **options: Any) -> int:
    """Make the plan and print it; returns the exit code."""
    command = PlanCommand(**options)
    if command.base is not None:
        made = _against_base(common, command, command.base)
    elif command.head is not None:
        raise UsageError("--head needs --base.", hint="Name the branch to merge into.")
    else:
        made = _against_records(common, command)
    _print(made, command, common)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        from runner.reports.text.github import append, output  # noqa: PLC0415

        changes = output("has-changes", str(made.has_changes).lower())
        with suppress(OSError):  # the plan is shown anyway
            append(os.environ, "GITHUB_OUTPUT", changes + output("counts", json.dumps(made.counts)))
    return _exit_code(made, command)


def _against_base(common: Common, command: PlanCommand, base: str) -> Plan:
    from runner.cli.actions.plan_base import base_plan  # noqa: PLC0415

    if common.emulated or common.world is not None:
        raise UsageError("--base does not use the API: leave --emulator out.")
    if common.prune:
        raise UsageError("--base does not use records: leave --prune out.")
    if command.strict:
        raise UsageError("--base does not read the environment: leave --strict out.")
    if command.out is not None:
        raise UsageError("--base shows what a merge would change, and there is nothing to save.")
    return base_plan(common, base, command.head)


def _against_records(common: Common, command: PlanCommand) -> Plan:
    must_be_set = command.strict or command.out is not None
    composition = Composition(
        common,
        unset=Severity.ERROR if must_be_set else Severity.WARNING,
        offline=command.offline,
    )
    with closing(composition) as parts:
        work_out = run_async if parts.may_have_state else run_at_once
        made = work_out(plan_of(parts))
        if parts.backend.credentials is not None and not command.offline:
            from runner.cli.services.preflight import judge  # noqa: PLC0415

            made = run_async(judge(made, parts))
        elif not command.offline:
            _say_why_offline(parts)
        if command.out is not None:
            from runner.cli.services.saved_plan import save  # noqa: PLC0415

            save(made, command.out, parts)
            if common.verbosity >= 0:
                hint = f"Saved. Apply it with: runner apply --plan {command.out}"
                common.console.problem(hint)
        return made


def _say_why_offline(parts: Composition) -> None:
    """Say that the account was not asked, which the user may not expect."""
    settings, console = parts.backend.settings, parts.console
    assert settings is not None  # noqa: S101 # an emulator is never offline
    missing = missing_credentials(settings.environ)
    if len(missing) < len(NAMES):
        console.warning(
            f"{missing[0]} is not set, so this plan was made offline.",
            hint=settings.advice
            or "Set it as well, or pass --offline to plan without the account.",
        )
    elif parts.common.verbosity >= 0:
        console.problem(
            "Planned offline: without credentials neither locations nor matching checks are known.",
            hint=settings.advice,
        )


def _print(made: Plan, command: PlanCommand, common: Common) -> None:
    console = common.console
    if command.form != "text":
        modules = {"json": "runner.reports.plan.json_", "markdown": "runner.reports.plan.markdown"}
        console.write(import_module(modules[command.form]).render(made))
        return
    from runner.reports.plan import text  # noqa: PLC0415

    shown = text.render(made, console.style_for(console.out), verbosity=common.verbosity)
    if console.out.isatty() and not command.no_pager:
        from runner.cli.services.pager import page  # noqa: PLC0415

        if page(shown.rstrip("\n"), console, os.environ):
            return
    console.write(console.folded(shown, console.out))


def _exit_code(made: Plan, command: PlanCommand) -> int:
    if made.blocked:
        return EXIT_BLOCKED
    has_drift = any(planned.has_drifted for planned in made.instances)
    counts_changes = command.detailed_exitcode or command.detailed_checks
    if (made.has_changes and counts_changes) or (has_drift and command.detailed_checks):
        return EXIT_CHANGES
    return 0
