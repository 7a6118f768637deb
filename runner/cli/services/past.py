"""Read past applies for the commands that look at many of them."""

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import click

from runner.cli.services.aio import run_async
from runner.cli.services.state import moment, state_of, warn

if TYPE_CHECKING:
    from runner.cli.console import Console
    from runner.cli.options.common import Common
    from runner.cli.services.backend import Backend
    from runner.cli.services.configuration import Reading
    from runner.config.selection import Selection
    from runner.errors import StateError
    from runner.models.history import PastApply
    from runner.models.record import Attempt

SINCE_OPTION = click.option(
    "--since",
    default="30d",
    metavar="WHEN",
    show_default=True,
    help="Only applies from then on: 7d, 12h or 2026-08-01.",
)


def is_of(chosen: "Selection", attempt: "Attempt") -> bool:
    """Whether an attempt is of what is selected; its profile need not be in the file any more."""
    return chosen.has_instance(attempt.profile, attempt.instance) and chosen.has_labels(
        attempt.settings.get("labels", {})
    )


def past_applies(
    common: "Common",
    console: "Console",
    chosen: "Selection",
    *,
    since: str,
    now: datetime,
    emulated: bool,
    limit: int | None = None,
) -> "tuple[Reading, Backend, list[PastApply]]":
    """The file, the API, and the applies of what is selected, newest first.

    Documents that can't be read are told.

    Raises:
        ConfigurationError: The file can't be read.
        UsageError: ``since`` is not a time.
        StateError: The state can't be read.
    """
    first = moment(since, "--since", now)
    reading, state, api = state_of(common, console, emulated=emulated)
    problems: list[StateError] = []
    wanted = partial(is_of, chosen)

    async def read() -> "list[PastApply]":
        found: list[PastApply] = []
        async for past in state.history(wanted=wanted, since=first, problems=problems):
            found.append(past)
            if len(found) == limit:
                break
        return found

    found = run_async(read())
    warn(problems, console)
    return reading, api, found
