"""``runner validate``."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from runner.cli.console import Console
from runner.cli.options.common import Common, common_options, current
from runner.cli.options.selection import EXCLUDE_OPTION, LABEL_OPTION, PROFILE_ARGUMENT
from runner.diagnostics import Diagnostic, Severity
from runner.errors import UsageError
from runner.listing import counted

if TYPE_CHECKING:
    from runner.config.selection import Selection
    from runner.reports.diagnostics.render import DiagnosticsFormat

EXIT_CONFIGURATION = 2


@dataclass(frozen=True, slots=True)
class ValidateOptions:
    """What ``runner validate`` was asked for, beside the shared options."""

    names: tuple[str, ...]
    labels: tuple[str, ...]
    excluded: tuple[str, ...]
    files: bool
    strict: bool
    form: "DiagnosticsFormat"


@click.command()
@PROFILE_ARGUMENT
@LABEL_OPTION
@EXCLUDE_OPTION
@click.option("--files", is_flag=True, help="Take the arguments for files, as hooks pass them.")
@click.option("--strict", is_flag=True, help="Take an unset variable for an error.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "concise", "json", "github"]),
    default="text",
    help="How to print what was found.",
)
@common_options
def command(**options: object) -> int:
    """Check the file like a compiler: everything that can be known without the network.

    With --files, each configuration that the given files are, or are included by, is checked;
    files that belong to none are passed over.
    """
    return validate(ValidateOptions(**options), current(), Console.of_process())  # type: ignore[arg-type] # click made them


def validate(options: ValidateOptions, common: Common, console: Console) -> int:
    """Check what is asked for, and print what was found; returns the exit code.

    Raises:
        UsageError: A name matches nothing, a file is not there, or --files goes with a selection.
    """
    from runner.config.selection import Selection, selection  # noqa: PLC0415 # everything heavy

    chosen = selection(options.names, options.labels, options.excluded)
    found: list[Diagnostic] = []
    summaries = []
    for one in _each(options, common):
        wanted = Selection() if options.files else chosen
        diagnostics, summary = _check(options, one, wanted, console)
        found += diagnostics
        summaries.append((bool(_errors(diagnostics)), summary))
    console.diagnostics(found, form=options.form, stream=console.out)
    for failed, summary in summaries if options.form == "text" else ():
        if failed or common.verbosity >= 0:
            console.say(summary)
    return EXIT_CONFIGURATION if _errors(found) else 0


def _each(options: ValidateOptions, common: Common) -> list[Common]:
    """The shared options, for each configuration to check."""
    from runner.config.document.owners import configurations  # noqa: PLC0415 # everything heavy

    if not options.files:
        return [common]
    if common.file or options.labels or options.excluded:
        raise UsageError("--files checks whole files: leave --file, --label and --exclude out.")
    return [replace(common, file=str(path)) for path in configurations(options.names)]


def _check(
    options: ValidateOptions, common: Common, wanted: "Selection", console: Console
) -> tuple[list[Diagnostic], str]:
    """What was found in one configuration, and the line that sums it up."""
    from runner.cli.services.composition import Composition  # noqa: PLC0415 # everything heavy
    from runner.cli.services.past import warn_of_idle_quarantines  # noqa: PLC0415
    from runner.errors import ConfigurationError  # noqa: PLC0415
    from runner.reports.diagnostics.render import count_diagnostics  # noqa: PLC0415

    unset = Severity.ERROR if options.strict else Severity.WARNING
    parts = Composition(common, console, unset=unset, fill_metadata=False)
    try:
        reading = parts.reading
        count = reading.check(wanted)
        warn_of_idle_quarantines(parts)
    except ConfigurationError as error:
        found = list(error.diagnostics)
        return found, f"{count_diagnostics(found)}."
    found = list(reading.diagnostics)
    if _errors(found):
        return found, f"{reading.name}: {count_diagnostics(found)}."
    return found, f"{reading.name} is valid: {counted(count, 'instance')}."


def _errors(found: list[Diagnostic]) -> list[Diagnostic]:
    return [one for one in found if one.severity is Severity.ERROR]
