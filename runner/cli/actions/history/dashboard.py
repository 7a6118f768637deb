"""``runner dashboard``."""

from itertools import chain
from pathlib import Path

from runner.atomic_write import atomic_write
from runner.cli.options.common import Common
from runner.cli.services.composition import Composition
from runner.cli.services.past import past_applies
from runner.cli.services.state import moment
from runner.errors import UsageError, os_reason
from runner.listing import counted
from runner.models.clock import Clock
from runner.models.outcome import Subject
from runner.reports.dashboard.page import render, run_pages


def dashboard(
    common: Common,
    *,
    folder: Path,
    runs: bool,
    since: str,
    limit: int,
) -> None:
    """Write the pages."""
    now = Clock().now()
    parts = Composition(common, at_rest=True)
    first = moment(since, "--since", now)
    past = list(past_applies(parts, common.selection, since=first, limit=limit))
    subject = Subject(
        account=parts.backend.account_id or "", project=parts.project, scope=parts.common.scope
    )
    index = "index.html", render(past, subject, now, with_runs=runs)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in chain(run_pages(past, subject) if runs else (), [index]):
            atomic_write(folder / name, text.encode())
    except OSError as error:
        raise UsageError(f"{folder} can't be written: {os_reason(error)}.") from error
    applies = counted(len(past), "apply", "applies")
    common.console.say(f"Wrote {folder / 'index.html'} with {applies}.")
