"""``runner validate``."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from runner.cli.options.common import Common
from runner.cli.services.composition import Composition
from runner.config.document.owners import configurations
from runner.config.selection import Selection
from runner.diagnostics import Diagnostic, Severity
from runner.errors import ConfigurationError, RunnerError, UsageError
from runner.listing import counted
from runner.reports.diagnostics.render import DiagnosticsFormat, count_diagnostics

EXIT_CONFIGURATION = 2


def validate(
    common: Common,
    *,
    files: bool,
    strict: bool,
    form: DiagnosticsFormat,
) -> int:
    """Check what is asked for, and print what was found; returns the exit code."""
    each = [common]
    if files:
        if common.file or common.labels or common.excluded:
            raise UsageError("--files checks whole files: leave --file, --label and --exclude out.")
        paths = configurations(common.names)
        each = [replace(common, file=str(path), names=()) for path in paths]
    found: list[Diagnostic] = []
    summaries = []
    unset = Severity.ERROR if strict else Severity.WARNING
    for one in each:
        parts = Composition(one, unset=unset, fill_metadata=False)
        diagnostics, summary = _check(parts)
        found += diagnostics
        summaries.append((_has_errors(diagnostics), summary))
    common.console.diagnostics(found, form=form, stream=common.console.out)
    for failed, summary in summaries if form == "text" else ():
        if failed or common.verbosity >= 0:
            common.console.say(summary)
    return EXIT_CONFIGURATION if _has_errors(found) else 0


def _check(parts: Composition) -> tuple[list[Diagnostic], str]:
    """Return the diagnostics of one configuration, and a line that sums them up."""
    try:
        reading = parts.reading
        count = reading.check(parts.common.selection)
        _warn_of_idle_quarantines(parts)
    except ConfigurationError as error:
        found = list(error.diagnostics)
        return found, f"{count_diagnostics(found)}."
    found = list(reading.diagnostics)
    if _has_errors(found):
        return found, f"{reading.name}: {count_diagnostics(found)}."
    return found, f"{reading.name} is valid: {counted(count, 'instance')}."


def _has_errors(found: list[Diagnostic]) -> bool:
    return any(one.severity is Severity.ERROR for one in found)


def _warn_of_idle_quarantines(parts: Composition) -> None:
    """Add a warning for each quarantine that is no longer needed.

    A state that can't be read tells nothing of them.
    """
    written = list(parts.reading.structure.quarantines())
    folder = Path(parts.state_address.removeprefix("file://"))
    if not written or not folder.exists():  # a bucket would need the network
        return
    from runner.cli.services.past import past_applies  # noqa: PLC0415 # what few files need
    from runner.models.clock import Clock  # noqa: PLC0415
    from runner.reports.history.check_stats import check_stats  # noqa: PLC0415
    from runner.reports.history.quarantine import is_idle  # noqa: PLC0415

    with suppress(RunnerError):
        since = Clock().now() - timedelta(days=30)
        stats = check_stats(past_applies(parts, Selection(), since=since))
        for check, span in written:
            if is_idle(stats, check):
                parts.reading.diagnostics.warning(
                    "quarantine-idle",
                    f"The quarantine of `{check}` is no longer needed: every run passed",
                    span,
                    hint="Remove it.",
                )
