"""``runner plan``."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runner.cli.console import Console
from runner.cli.options.common import Common, common_options, current
from runner.cli.options.selection import LABEL_OPTION, PROFILE_ARGUMENT
from runner.cli.services.aio import run_async
from runner.cli.services.backend import EMULATOR_OPTION, WORLD_OPTION
from runner.diagnostics import Severity
from runner.errors import UsageError

if TYPE_CHECKING:
    from runner.config.selection import Selection
    from runner.models.plan import Plan

EXIT_CHANGES = 2


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What ``runner plan`` was asked for, beside the shared options."""

    names: tuple[str, ...]
    labels: tuple[str, ...]
    base: str | None
    head: str | None
    out: Path | None
    form: str
    detailed_exitcode: bool
    offline: bool
    emulated: bool
    world: Path | None


@click.command()
@PROFILE_ARGUMENT
@LABEL_OPTION
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
@click.option("--detailed-exitcode", is_flag=True, help="End with 2 when something would change.")
@click.option("--offline", is_flag=True, help="Ask the API nothing, even if there are credentials.")
@EMULATOR_OPTION
@WORLD_OPTION
@common_options
def command(**options: object) -> int:
    """Show what would start, and what changed since it last did."""
    return run(PlanOptions(**options), current(), Console.of_process())  # type: ignore[arg-type] # click made them


def run(options: PlanOptions, common: Common, console: Console) -> int:
    """Make the plan and print it; returns the exit code."""
    from runner.config.selection import selection  # noqa: PLC0415 # everything heavy
    from runner.models.plan import Action  # noqa: PLC0415

    selected = selection(options.names, options.labels)
    if options.base is not None:
        plan = _against_base(options, common, console, selected)
    elif options.head is not None:
        raise UsageError("--head needs --base.", hint="Name the branch to merge into.")
    else:
        plan = _against_records(options, common, console, selected)
    text = _rendered(plan, options.form, console, brief=common.verbosity < 0)
    console.write(text.rstrip("\n"))
    changes = any(planned.action is not Action.RERUN for planned in plan.instances)
    return EXIT_CHANGES if options.detailed_exitcode and changes else 0


def _against_base(
    options: PlanOptions, common: Common, console: Console, selected: "Selection"
) -> "Plan":
    from runner.cli.services.plan_base import base_plan  # noqa: PLC0415

    if options.emulated or options.world is not None:
        raise UsageError("--base asks no API: leave --emulator out.")
    if options.out is not None:
        raise UsageError("--base shows what a merge changes: there is nothing to save.")
    return base_plan(common, console, selected, options.base or "", options.head)


def _against_records(
    options: PlanOptions, common: Common, console: Console, selected: "Selection"
) -> "Plan":
    from runner.cli.services.composition import Composition  # noqa: PLC0415

    unset = Severity.WARNING if options.out is None else Severity.ERROR
    with Composition(
        common, console, unset=unset, emulated=options.emulated, world=options.world
    ) as parts:
        plan = run_async(parts.plan(selected))
        if parts.backend.credentials is not None and not options.offline:
            plan = run_async(parts.judge(plan))
        elif not options.offline:
            _say_why_offline(common, console)
        if options.out is not None:
            from runner.cli.services.saved_plan import save  # noqa: PLC0415

            save(
                plan,
                options.out,
                options.names,
                options.labels,
                common,
                parts.reading,
                parts.backend,
            )
            if common.verbosity >= 0:
                console.problem(f"Saved. Apply it with: runner apply --plan {options.out}")
        return plan


def _say_why_offline(common: Common, console: Console) -> None:
    """Say that nothing was asked, where that may not be meant."""
    from runner.checkly.account import NAMES, missing_credentials  # noqa: PLC0415 # with backend

    missing = missing_credentials(os.environ)
    if len(missing) < len(NAMES):
        console.problem(
            f"Warning: {missing[0]} is not set, so this plan was made offline.",
            hint="Set it beside the other one, or say --offline if that is meant.",
        )
    elif common.verbosity >= 0:
        console.problem(
            "Planned offline: without credentials neither locations nor matching checks are known."
        )


def _rendered(plan: "Plan", form: str, console: Console, *, brief: bool) -> str:
    if form == "json":
        from runner.reports.plan import json_  # noqa: PLC0415 # only the one that is asked for

        return json_.render(plan)
    if form == "markdown":
        from runner.reports.plan import markdown  # noqa: PLC0415

        return markdown.render(plan)
    from runner.reports.plan import text  # noqa: PLC0415

    return text.render(plan, console.style_for(console.out), brief=brief)
