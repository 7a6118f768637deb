"""``runner dashboard``."""

from itertools import chain
from pathlib import Path

import click

from runner.atomic_write import atomic_write
from runner.cli.console import Console
from runner.cli.options.common import common_options, current
from runner.cli.options.selection import LABEL_OPTION, PROFILE_ARGUMENT
from runner.cli.services.past import SINCE_OPTION, past_applies
from runner.cli.services.state import EMULATED_OPTION, moment, state_of
from runner.errors import UsageError, os_reason
from runner.listing import counted


@click.command()
@PROFILE_ARGUMENT
@LABEL_OPTION
@click.option(
    "--out",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("checkly-dashboard"),
    metavar="DIR",
    show_default=True,
    help="Where to write index.html.",
)
@click.option("--runs", is_flag=True, help="Write a page for each apply beside it.")
@SINCE_OPTION
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(min=1, max=1000),
    default=200,
    metavar="N",
    show_default=True,
    help="The most applies to show.",
)
@EMULATED_OPTION
@common_options
def command(
    names: tuple[str, ...],
    labels: tuple[str, ...],
    folder: Path,
    runs: bool,
    since: str,
    limit: int,
    emulated: bool,
) -> int:
    """Draw history as one page to look at, made to be published by CI."""
    from runner.config.selection import selection  # noqa: PLC0415 # everything heavy
    from runner.models.clock import SystemClock  # noqa: PLC0415
    from runner.models.outcome import Subject  # noqa: PLC0415
    from runner.reports.dashboard.page import render, run_pages  # noqa: PLC0415

    console, now, common = Console.of_process(), SystemClock().now(), current()
    chosen = selection(names, labels)
    reading, state, api = state_of(common, console, emulated=emulated)
    first = moment(since, "--since", now)
    found = past_applies(state, console, chosen, since=first, is_enough=limit.__eq__)
    past = list(found)
    subject = Subject(
        account=api.account_id or "",
        project=reading.structure.project or "default",
        scope=common.scope or "default",
    )
    index = "index.html", render(past, subject, now, with_runs=runs)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in chain(run_pages(past, subject) if runs else (), [index]):
            atomic_write(folder / name, text.encode())
    except OSError as error:
        raise UsageError(f"{folder} can't be written: {os_reason(error)}.") from error
    applies = counted(len(past), "apply", "applies")
    console.say(f"Wrote {folder / 'index.html'} with {applies}.")
    return 0
