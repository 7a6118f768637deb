"""Read past applies for the commands that look at many of them."""

from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Final

import click

from runner.cli.services.aio import iterate
from runner.cli.services.state import warn

if TYPE_CHECKING:
    from runner.cli.console import Console
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
