"""``runner validate``."""

from typing import TYPE_CHECKING

import click

from runner.cli.console import Console
from runner.cli.options.common import common_options, current
from runner.cli.options.selection import LABEL_OPTION, PROFILE_ARGUMENT
from runner.diagnostics import Severity
from runner.listing import counted

if TYPE_CHECKING:
    from runner.reports.diagnostics.render import DiagnosticsFormat

EXIT_CONFIGURATION = 2


@click.command()
@PROFILE_ARGUMENT
@LABEL_OPTION
@click.option("--strict", is_flag=True, help="Take an unset variable for an error.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    help="How to print what was found.",
)
@common_options
def command(
    names: tuple[str, ...], labels: tuple[str, ...], strict: bool, form: "DiagnosticsFormat"
) -> int:
    """Check the file like a compiler: everything that can be known without the network."""
    from runner.cli.services.composition import Composition  # noqa: PLC0415 # everything heavy
    from runner.config.selection import selection  # noqa: PLC0415
    from runner.reports.diagnostics.render import count_diagnostics  # noqa: PLC0415

    console, common = Console.of_process(), current()
    unset = Severity.ERROR if strict else Severity.WARNING
    chosen = selection(names, labels)
    reading = Composition(common, console, unset=unset, fill_metadata=False).reading
    count = reading.check(chosen)
    console.diagnostics(list(reading.diagnostics), form=form)
    failed = bool(reading.diagnostics.errors)
    if form == "text" and failed:
        console.problem(f"{reading.name}: {count_diagnostics(list(reading.diagnostics))}.")
    elif form == "text" and common.verbosity >= 0:
        console.say(f"{reading.name} is valid: {counted(count, 'instance')}.")
    return EXIT_CONFIGURATION if failed else 0
