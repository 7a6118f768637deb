"""Commands that show what would be applied."""

import click

from runner.cli.options.command import Command, command
from runner.cli.options.completion import profile_names
from runner.cli.options.kinds import file_option, flag, format_option
from runner.cli.options.parameters import (
    EMULATOR_OPTION,
    EXCLUDE_OPTION,
    LABEL_OPTION,
    PROFILE_ARGUMENT,
    PRUNE_OPTION,
    WORLD_OPTION,
)
from runner.cli.options.shared import runs

_DETAILED = "--detailed-exitcode"


@command("runner list -l team=web", name="list")
@PROFILE_ARGUMENT
@LABEL_OPTION
@EXCLUDE_OPTION
@format_option("text", "json", what="the list")
@runs("show:list_")
def list_() -> None:
    """List the selected instances, in the order of the file.

    Neither the account nor the state is read.
    """


@command("runner show smoke-prod", "runner show smoke-prod --format curl")
@click.argument("profile", required=False, shell_complete=profile_names)
@file_option("--plan", "saved_plan", help="Print a saved plan instead of a profile.")
@format_option("yaml", "json", "curl", what="the request")
@runs("show:show")
def show() -> None:
    """Print the compiled request of PROFILE, with secrets masked.

    For a profile with a matrix, every instance is printed.
    """


class _PlanCommand(Command):
    """Takes ``--detailed-exitcode=checks``: to click, a flag has no value."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read ``=checks`` as the hidden flag behind it."""
        given = {f"{_DETAILED}=checks": f"{_DETAILED}-checks", f"{_DETAILED}=changes": _DETAILED}
        return super().parse_args(ctx, [given.get(arg, arg) for arg in args])


@command(
    "runner plan",
    "runner plan --base main",
    "runner plan smoke-prod --out smoke.plan",
    cls=_PlanCommand,
)
@PROFILE_ARGUMENT
@LABEL_OPTION
@EXCLUDE_OPTION
@PRUNE_OPTION
@click.option("--base", metavar="REF", help="Show what merging into REF would change.")
@click.option(
    "--head", metavar="REF", help="With --base, take this commit instead of the working tree."
)
@file_option("--out", help="Save the plan, for `apply --plan FILE`.")
@format_option("text", "json", "markdown", what="the plan")
@flag(
    _DETAILED,
    help="Exit with 2 if something would change; =checks also counts a change of matching checks.",
)
@click.option(f"{_DETAILED}-checks", "detailed_checks", is_flag=True, hidden=True)
@flag("--strict", help="Treat an unset variable as an error.")
@flag("--offline", help="Do not use the API, even if there are credentials.")
@flag("--no-pager", help="Print a long plan without a pager.")
@EMULATOR_OPTION
@WORLD_OPTION
@runs("plan:plan")
def plan() -> None:
    """Show what would start, and what changed since the last apply.

    PROFILE is a profile, an instance such as 'smoke[us-east-1]' or a wildcard. Without one, the
    whole file is planned.
    """
