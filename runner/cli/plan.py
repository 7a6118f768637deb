"""``runner plan``."""

import asyncio
from pathlib import Path

import click

from runner.cli.backend import EMULATOR_OPTION, WORLD_OPTION, backend
from runner.cli.common import common_options, current
from runner.cli.console import Console
from runner.cli.selecting import LABEL_OPTION, PROFILE_ARGUMENT

EXIT_CHANGES = 2


@click.command()
@PROFILE_ARGUMENT
@LABEL_OPTION
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="How to print the plan.",
)
@click.option("--detailed-exitcode", is_flag=True, help="End with 2 when something would change.")
@click.option("--offline", is_flag=True, help="Ask the API nothing, even if there are credentials.")
@EMULATOR_OPTION
@WORLD_OPTION
@common_options
def command(
    names: tuple[str, ...],
    labels: tuple[str, ...],
    form: str,
    detailed_exitcode: bool,
    offline: bool,
    emulated: bool,
    world: Path | None,
) -> int:
    """Show what would start, and what changed since it last did."""
    from runner.cli.planning import open_state, plan_of  # noqa: PLC0415 # everything heavy
    from runner.cli.read import read  # noqa: PLC0415
    from runner.config.select import selection  # noqa: PLC0415
    from runner.models.plan import Action  # noqa: PLC0415
    from runner.reports import plan_json, plan_text  # noqa: PLC0415

    del offline
    console, common = Console.of_process(), current()
    reading = read(common, console)
    with backend(emulated, world) as behind:
        state = open_state(behind, common, reading)
        plan = asyncio.run(plan_of(selection(names, labels), reading, state, behind))
    text = (
        plan_json.render(plan)
        if form == "json"
        else plan_text.render(plan, console.style_for(console.out))
    )
    console.write(text.rstrip("\n"))
    changes = any(planned.action is not Action.RERUN for planned in plan.instances)
    return EXIT_CHANGES if detailed_exitcode and changes else 0
