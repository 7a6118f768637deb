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
from runner.models.plan import Plan
from runner.models.record import Attempt
from runner.state.record_table import current_name

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


async def with_untried(plan: Plan, parts: Composition) -> Plan:
    """Mark what passed, and what a later apply then did not start: skipped, blocked, cut off.

    Its record is still the one of the pass, since that holds what the API was last sent.
    """
    passed = {
        one.name: one.record
        for one in plan.instances
        if one.record is not None and one.record.verdict and one.record.verdict.is_pass
    }
    if not passed:
        return plan
    problems = list[StateError]()
    past = parts.state.history(
        named=lambda _, name: name in passed,
        wanted=lambda one: one.verdict is not None and not (one.session_id or one.verdict.is_pass),
        without=UNSHOWN,
        since=min(record.applied_at for record in passed.values()),
        problems=problems,
    )
    later = [
        (apply_id, current_name(name, parts.state.moved))
        for apply_id, names in (await parts.state.unsettled(problems)).items()
        for name in names
    ]
    later += [(apply.apply_id, one.instance) async for apply in past for one in apply.attempts]
    untried = {
        name: f"The later apply {apply_id} did not start it."
        for apply_id, name in later
        if name in passed and apply_id > passed[name].apply_id
    }
    parts.console.warn(*problems)
    instances = (
        one._replace(is_untried=True, warnings=(*one.warnings, untried[one.name]))
        if one.name in untried
        else one
        for one in plan.instances
    )
    return plan._replace(instances=tuple(instances))


def _is_of(chosen: Selection, attempt: Attempt) -> bool:
    """Return whether an attempt is selected; its profile need not be in the file any more."""
    return chosen.has_instance(attempt.profile, attempt.instance) and chosen.has_labels(
        attempt.settings.get("labels", {})
    )
