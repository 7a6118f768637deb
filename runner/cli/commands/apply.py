"""``runner apply``."""

from pathlib import Path

import click

from runner.cli.console import Console
from runner.cli.options.apply import fail_on_option, following_options, report_option
from runner.cli.options.common import common_options, current
from runner.cli.options.selection import LABEL_OPTION, PROFILE_ARGUMENT
from runner.cli.services.backend import EMULATOR_OPTION, WORLD_OPTION


@click.command()
@PROFILE_ARGUMENT
@LABEL_OPTION
@click.option("--changed", is_flag=True, help="Leave out what is unchanged and passed last time.")
@click.option("--failed", is_flag=True, help="Only what did not pass last time.")
@click.option(
    "--plan",
    "saved_plan",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Apply a plan that was saved, and nothing else.",
)
@click.option("-y", "--yes", is_flag=True, help="Start without asking.")
@click.option("-d", "--detach", is_flag=True, help="Leave once all sessions have started.")
@click.option("--no-needs", is_flag=True, help="Leave out what the selected ones need.")
@click.option(
    "--concurrency",
    type=click.IntRange(1, 1000),
    default=10,
    metavar="N",
    show_default=True,
    help="Sessions at once.",
)
@following_options
@click.option("--require-shared-state", is_flag=True, help="Refuse a folder as state in CI.")
@fail_on_option
@report_option
@EMULATOR_OPTION
@WORLD_OPTION
@common_options
def command(
    names: tuple[str, ...],
    labels: tuple[str, ...],
    changed: bool,
    failed: bool,
    saved_plan: Path | None,
    yes: bool,
    detach: bool,
    no_needs: bool,
    concurrency: int,
    requests_per_minute: int,
    lock_timeout: float,
    settle_time: float,
    grace_period: float,
    require_shared_state: bool,
    fail_on: str,
    reports: tuple[str, ...],
    emulated: bool,
    world: Path | None,
) -> int:
    """Start test sessions, follow them to the end, and report.

    The exit code gates: 0 when everything passed, 1 when something failed.
    """
    from runner.cli.services.apply import ApplyCommand, apply  # noqa: PLC0415 # everything heavy

    return apply(
        ApplyCommand(
            common=current(),
            names=names,
            labels=labels,
            changed=changed,
            failed=failed,
            saved_plan=saved_plan,
            yes=yes,
            detach=detach,
            with_needs=not no_needs,
            concurrency=concurrency,
            requests_per_minute=requests_per_minute,
            lock_timeout=lock_timeout,
            settle_time=settle_time,
            grace_period=grace_period,
            require_shared_state=require_shared_state,
            fail_on_new=fail_on == "new",
            reports=reports,
            emulated=emulated,
            world=world,
        ),
        Console.of_process(),
    )
