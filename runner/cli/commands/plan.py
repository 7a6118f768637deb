"""``runner plan``."""

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from runner.cli.console import Console
from runner.cli.options.common import Common, common_options, current
from runner.cli.options.selection import (
    EXCLUDE_OPTION,
    LABEL_OPTION,
    PROFILE_ARGUMENT,
    PRUNE_OPTION,
)
from runner.cli.services.aio import run_async, run_at_once
from runner.cli.services.backend import EMULATOR_OPTION, WORLD_OPTION
from runner.diagnostics import Severity
from runner.errors import UsageError

if TYPE_CHECKING:
    from runner.cli.services.backend import Backend
    from runner.config.selection import Selection
    from runner.models.plan import Plan

EXIT_BLOCKED = 1
EXIT_CHANGES = 2
_DETAILED = "--detailed-exitcode"


class PlanOptions(NamedTuple):
    """What ``runner plan`` was asked for, beside the shared options."""

    names: tuple[str, ...]
    labels: tuple[str, ...]
    excluded: tuple[str, ...]
    prune: bool
    base: str | None
    head: str | None
    out: Path | None
    form: str
    detailed_exitcode: bool
    detailed_checks: bool
    offline: bool
    no_pager: bool
    emulated: bool
    world: Path | None


class _Command(click.Command):
    """Takes ``--detailed-exitcode=checks``: to click, a flag has no value."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read ``=checks`` as the hidden flag behind it."""
        given = {f"{_DETAILED}=checks": f"{_DETAILED}-checks", f"{_DETAILED}=changes": _DETAILED}
        return super().parse_args(ctx, [given.get(arg, arg) for arg in args])


@click.command(cls=_Command)
@PROFILE_ARGUMENT
@LABEL_OPTION
@EXCLUDE_OPTION
@PRUNE_OPTION
@click.option("--base", metavar="REF", help="Show what merging into REF would change.")
@click.option("--head", metavar="REF", help="With --base: of this commit, not the working tree.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Save the plan, for `apply --plan FILE`.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    help="How to print the plan.",
)
@click.option(
    _DETAILED,
    is_flag=True,
    help="End with 2 when something would change; =checks counts other matching checks too.",
)
@click.option(f"{_DETAILED}-checks", "detailed_checks", is_flag=True, hidden=True)
@click.option("--offline", is_flag=True, help="Ask the API nothing, even if there are credentials.")
@click.option("--no-pager", is_flag=True, help="Print a long plan without a pager.")
@EMULATOR_OPTION
@WORLD_OPTION
@common_options
def command(**options: object) -> int:
    """Show what would start, and what changed since it last did."""
    return run(PlanOptions(**options), current(), Console.of_process())  # type: ignore[arg-type] # click made them


def run(options: PlanOptions, common: Common, console: Console) -> int:
    """Make the plan and print it; returns the exit code."""
    from runner.config.selection import selection  # noqa: PLC0415 # everything heavy

    selected = selection(options.names, options.labels, options.excluded)
    if options.base is not None:
        plan = _against_base(options, common, console, selected)
    elif options.head is not None:
        raise UsageError("--head needs --base.", hint="Name the branch to merge into.")
    else:
        plan = _against_records(options, common, console, selected)
    text = _rendered(plan, options.form, console, verbosity=common.verbosity).rstrip("\n")
    if options.form != "text" or options.no_pager or not _paged(text, console):
        console.write(console.folded(text, console.out) if options.form == "text" else text)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        from runner.reports.plan.github_outputs import outputs  # noqa: PLC0415 # only there
        from runner.reports.text.github_files import append  # noqa: PLC0415

        with suppress(OSError):  # the plan is shown all the same
            append(os.environ, "GITHUB_OUTPUT", outputs(plan))
    return _exit_code(plan, options)


def _paged(text: str, console: Console) -> bool:
    if not console.out.isatty():
        return False
    from runner.cli.services.pager import page  # noqa: PLC0415 # only on a terminal

    return page(text, console, os.environ)


def _exit_code(plan: "Plan", options: PlanOptions) -> int:
    from runner.models.plan import Action  # noqa: PLC0415 # everything heavy

    if plan.blocked:
        return EXIT_BLOCKED
    has_changes = any(planned.action is not Action.RERUN for planned in plan.instances)
    has_drift = any(planned.checks and planned.checks.has_drifted for planned in plan.instances)
    if (has_changes and (options.detailed_exitcode or options.detailed_checks)) or (
        has_drift and options.detailed_checks
    ):
        return EXIT_CHANGES
    return 0


def _against_base(
    options: PlanOptions, common: Common, console: Console, selected: "Selection"
) -> "Plan":
    from runner.cli.services.plan_base import base_plan  # noqa: PLC0415

    if options.emulated or options.world is not None:
        raise UsageError("--base asks no API: leave --emulator out.")
    if options.prune:
        raise UsageError("--base looks at no records: leave --prune out.")
    if options.out is not None:
        raise UsageError("--base shows what a merge changes: there is nothing to save.")
    return base_plan(common, console, selected, options.base or "", options.head)


def _against_records(
    options: PlanOptions, common: Common, console: Console, selected: "Selection"
) -> "Plan":
    from runner.cli.services.composition import Composition  # noqa: PLC0415
    from runner.cli.services.plan import plan_of  # noqa: PLC0415

    unset = Severity.WARNING if options.out is None else Severity.ERROR
    with Composition(
        common,
        console,
        unset=unset,
        emulated=options.emulated,
        world=options.world,
        offline=options.offline,
    ) as parts:
        work_out = run_async if parts.may_have_state else run_at_once
        plan = work_out(plan_of(selected, parts, prune=options.prune))
        if parts.backend.credentials is not None and not options.offline:
            from runner.cli.services.preflight import judge  # noqa: PLC0415 # httpx

            plan = run_async(judge(plan, parts))
        elif not options.offline:
            _say_why_offline(parts.backend, common, console)
        if options.out is not None:
            from runner.cli.services.saved_plan import save  # noqa: PLC0415
            from runner.plan.saved_plan import SavedSelection  # noqa: PLC0415

            chosen = SavedSelection(
                names=list(options.names),
                labels=list(options.labels),
                excluded=list(options.excluded),
                prune=options.prune,
            )
            save(plan, options.out, chosen, parts)
            if common.verbosity >= 0:
                console.problem(f"Saved. Apply it with: runner apply --plan {options.out}")
        return plan


def _say_why_offline(backend: "Backend", common: Common, console: Console) -> None:
    """Say that nothing was asked, where that may not be meant."""
    from runner.checkly.account import NAMES, missing_credentials  # noqa: PLC0415 # with backend

    assert backend.settings is not None  # noqa: S101 # an emulator is never offline
    missing = missing_credentials(backend.settings.environ)
    advice = backend.settings.advice
    if len(missing) < len(NAMES):
        console.problem(
            f"Warning: {missing[0]} is not set, so this plan was made offline.",
            hint=advice or "Set it beside the other one, or pass --offline if that is meant.",
        )
    elif common.verbosity >= 0:
        console.problem(
            "Planned offline: without credentials neither locations nor matching checks are known.",
            hint=advice,
        )


def _rendered(plan: "Plan", form: str, console: Console, *, verbosity: int) -> str:
    if form == "json":
        from runner.reports.plan import json_  # noqa: PLC0415 # only the one that is asked for

        return json_.render(plan)
    if form == "markdown":
        from runner.reports.plan import markdown  # noqa: PLC0415

        return markdown.render(plan)
    from runner.reports.plan import text  # noqa: PLC0415

    return text.render(plan, console.style_for(console.out), verbosity=verbosity)
