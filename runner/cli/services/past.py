"""Read past applies for the commands that look at many of them."""

from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from runner.cli.services.aio import iterate
from runner.cli.services.state import warn
from runner.errors import RunnerError

if TYPE_CHECKING:
    from runner.cli.console import Console
    from runner.cli.services.composition import Composition
    from runner.config.selection import Selection
    from runner.errors import StateError
    from runner.models.history import PastApply
    from runner.models.record import Attempt
    from runner.state.state import State

SINCE_OPTION = click.option(
    "--since",
    default="30d",
    metavar="WHEN",
    show_default=True,
    help="Only applies from then on: 7d, 12h or 2026-08-01.",
)
#: What no command shows of an attempt.
UNSHOWN: Final = frozenset({"request", "lookup"})


def is_of(chosen: "Selection", attempt: "Attempt") -> bool:
    """Whether an attempt is of what is selected; its profile need not be in the file any more."""
    return chosen.has_instance(attempt.profile, attempt.instance) and chosen.has_labels(
        attempt.settings.get("labels", {})
    )


def past_applies(
    state: "State",
    console: "Console",
    chosen: "Selection",
    *,
    since: datetime | None,
    is_enough: Callable[[int], bool] = lambda _: False,
    wanted: "Callable[[Attempt], bool] | None" = None,
    without: Collection[str] = UNSHOWN,
) -> "Iterator[PastApply]":
    """The applies of what is selected, newest first, as they are read.

    Documents that can't be read are told at the end.

    Args:
        state: Where they are.
        console: Where to tell.
        chosen: What is selected.
        since: Applies that were over before then are left out.
        is_enough: Whether so many applies are all that is needed.
        wanted: Which attempts; those of what is selected by default.
        without: Fields of attempts that are not needed.

    Raises:
        StateError: The state can't be read.
    """
    problems: list[StateError] = []
    found = state.history(
        named=chosen.has_instance,
        wanted=wanted or (lambda attempt: is_of(chosen, attempt)),
        without=without,
        since=since,
        problems=problems,
    )
    for number, past in enumerate(iterate(found), 1):
        yield past
        if is_enough(number):
            break
    warn(problems, console)


def warn_of_idle_quarantines(parts: "Composition") -> None:
    """Add a warning for each quarantine that has nothing left to do: nothing failed for long.

    A state that can't be read tells nothing of them.
    """
    written = list(parts.reading.structure.quarantines())
    folder = Path(parts.state_address.removeprefix("file://"))
    if not written or not folder.exists():  # a bucket would need the network
        return
    from runner.config.selection import Selection  # noqa: PLC0415 # everything heavy
    from runner.models.clock import SystemClock  # noqa: PLC0415
    from runner.reports.history.check_stats import check_stats  # noqa: PLC0415
    from runner.reports.history.quarantine import is_idle  # noqa: PLC0415

    with suppress(RunnerError):
        since = SystemClock().now() - timedelta(days=30)
        stats = check_stats(past_applies(parts.state, parts.console, Selection(), since=since))
        for check, span in written:
            if is_idle(stats, check):
                parts.reading.diagnostics.warning(
                    "quarantine-idle",
                    f"The quarantine of `{check}` has nothing left to do: every run passed",
                    span,
                    hint="Remove it.",
                )
