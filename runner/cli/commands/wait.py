"""``runner wait``."""

import click

from runner.cli.console import Console
from runner.cli.options.common import common_options, current
from runner.cli.options.completion import apply_ids
from runner.cli.options.following import Following, following_options


@click.command()
@click.argument("apply_id", required=False, metavar="[APPLY_ID]", shell_complete=apply_ids)
@following_options
@common_options
def command(apply_id: str | None, **options: object) -> int:
    """Re-attach to detached or interrupted sessions, and finish as `apply` would.

    Without an APPLY_ID every apply that left something running or undecided is meant; where none
    did, the exit code of the newest apply is repeated.
    """
    from runner.cli.services.wait import wait  # noqa: PLC0415 # everything heavy

    following = Following(**options)  # type: ignore[arg-type] # click made them
    return wait(apply_id, following, current(), Console.of_process())
