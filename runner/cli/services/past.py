"""Read past applies for the commands that look at many of them."""

from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from itertools import chain, islice
from typing import Final

from runner.cli.services.aio import iterate, run_async
from runner.cli.services.composition import Composition
from runner.cli.services.state import unknown_parts
from runner.config.selection import Selection
from runner.errors import StateError, together
from runner.models.history import PastApply
from runner.models.record import Attempt

#: The fields of an attempt that no command shows.
UNSHOWN: Final = frozenset({"request", "lookup"})


def past_applies(
    parts: Composition,
    chosen: Selection,
    *,
    since: datetime | None,
    limit: int | None = None,
    wanted: Callable[[Attempt], bool] = lambda _: True,
    without: Collection[str] = UNSHOWN,
) -> Iterator[PastApply]:
    """The applies of what is selected, newest first, as they are read.

    Documents that can't be read are reported at the end.

    Args:
        parts: The state, and where to tell.
        chosen: What is selected.
        since: Attempts that were made before then are left out.
        limit: So many applies at most.
        wanted: Which attempts of what is selected.
        without: Fields of attempts that are not needed.

    Raises:
        UsageError: A name or label is known to neither the file nor the state.
        StateError: The state can't be read.
    """
    problems = list[StateError]()
    is_narrowed = bool(chosen.names or chosen.labels)
    unknown = run_async(unknown_parts(chosen, parts, [])) if is_narrowed else {}

    def is_wanted(attempt: Attempt) -> bool:
        for part in [part for part in unknown if _is_of(part, attempt)]:
            del unknown[part]
        is_recent = since is None or attempt.intent_at >= since
        return is_recent and _is_of(chosen, attempt) and wanted(attempt)

    found = iterate(
        parts.state.history(
            named=chosen.has_instance,
            wanted=is_wanted,
            without=without,
            since=None if unknown else since,
            problems=problems,
        )
    )
    newest = list[PastApply]()
    while unknown and (past := next(found, None)):  # show nothing until each has turned up
        if limit is None or len(newest) < limit:
            newest.append(past)
    if unknown:
        raise together(unknown.values())
    yield from islice(chain(newest, found), limit)
    parts.console.warn(*problems)


def _is_of(chosen: Selection, attempt: Attempt) -> bool:
    """Return whether an attempt is selected; its profile need not be in the file any more."""
    return chosen.has_instance(attempt.profile, attempt.instance) and chosen.has_labels(
        attempt.settings.get("labels", {})
    )
