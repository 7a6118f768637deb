"""Read past applies for the commands that look at many of them."""

from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from typing import Final

from runner.cli.services.aio import iterate
from runner.cli.services.composition import Composition
from runner.config.selection import Selection
from runner.errors import StateError
from runner.models.history import PastApply
from runner.models.record import Attempt

#: The fields of an attempt that no command shows.
UNSHOWN: Final = frozenset({"request", "lookup"})


def is_of(chosen: Selection, attempt: Attempt) -> bool:
    """Return whether an attempt is selected; its profile need not be in the file any more."""
    return chosen.has_instance(attempt.profile, attempt.instance) and chosen.has_labels(
        attempt.settings.get("labels", {})
    )


def past_applies(
    parts: Composition,
    chosen: Selection,
    *,
    since: datetime | None,
    is_enough: Callable[[int], bool] = lambda _: False,
    wanted: Callable[[Attempt], bool] | None = None,
    without: Collection[str] = UNSHOWN,
) -> Iterator[PastApply]:
    """The applies of what is selected, newest first, as they are read.

    Documents that can't be read are reported at the end.

    Args:
        parts: The state, and where to tell.
        chosen: What is selected.
        since: Applies that were over before then are left out.
        is_enough: Whether so many applies are all that is needed.
        wanted: Which attempts; those of what is selected by default.
        without: Fields of attempts that are not needed.

    Raises:
        StateError: The state can't be read.
    """
    problems = list[StateError]()
    found = parts.state.history(
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
    parts.console.warn(*problems)
