"""``runner wait``."""

import click

from runner.cli.console import Console
from runner.cli.options.apply import fail_on_option, following_options, report_option
from runner.cli.options.common import common_options, current


@click.command()
@click.argument("apply_id", required=False, metavar="[APPLY_ID]")
@following_options
@fail_on_option
@report_option
@common_options
def command(
    apply_id: str | None,
    requests_per_minute: int,
    lock_timeout: float,
    settle_time: float,
    grace_period: float,
    fail_on: str,
    reports: tuple[str, ...],
) -> int:
    """Re-attach to detached or interrupted sessions, and finish as `apply` would.

    Without an APPLY_ID every apply that left something running or undecided is meant.
    """
    from runner.cli.services.wait import WaitCommand, wait  # noqa: PLC0415 # everything heavy

    return wait(
        WaitCommand(
            common=current(),
            apply_id=apply_id,
            requests_per_minute=requests_per_minute,
            lock_timeout=lock_timeout,
            settle_time=settle_time,
            grace_period=grace_period,
            fail_on_new=fail_on == "new",
            reports=reports,
        ),
        Console.of_process(),
    )
