"""Commands that show what would be applied."""

from pathlib import Path

import click

from runner.cli.options.completion import profile_names
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


@click.command("list")
@PROFILE_ARGUMENT
@LABEL_OPTION
@EXCLUDE_OPTION
@click.option(
    *("--format", "form"),
    type=click.Choice(["text", "json"]),
    default="text",
    help="How to print the list.",
)
@runs("show:list_")
def list_() -> None:
    """List the instances that a selection holds, in the order of the file.

    Nothing is asked of the account or the state.
    """


@click.command()
@click.argument("profile", required=False, shell_complete=profile_names)
@click.option(
    *("--plan", "saved_plan"),
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Print a plan that was saved, instead of a profile.",
)
@click.option(
    *("--format", "form"),
    type=click.Choice(["yaml", "json", "curl"]),
    default="yaml",
    help="How to print the request.",
)
@runs("show:show")
def show() -> None:
    """Print the compiled request of PROFILE, masked.

    Of a profile with a matrix every instance is printed.
    """


class _PlanCommand(click.Command):
    """Takes ``--detailed-exitcode=checks``: to click, a flag has no value."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read ``=checks`` as the hidden flag behind it."""
        given = {f"{_DETAILED}=checks": f"{_DETAILED}-checks", f"{_DETAILED}=changes": _DETAILED}
        return super().parse_args(ctx, [given.get(arg, arg) for arg in args])


@click.command(cls=_PlanCommand)
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
    *("--format", "form"),
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
@runs("plan:plan")
def plan() -> None:
    """Show what would start, and what changed since it last did."""
