"""What a plan says, in words that the text and the Markdown of it share."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final

from runner.models.filled import FILLED_METADATA
from runner.models.plan import Action, CheckDrift, Op, Plan, PlannedInstance
from runner.plan.diff import additions
from runner.plan.normalize import VOLATILE, Normal, mark_of, normal_form
from runner.plan.own_keys import own_keys
from runner.reports.plan.values import Masks, change_in_words, current, in_words
from runner.reports.text.sanitize import one_line

if TYPE_CHECKING:
    from runner.models.record import Record

#: Characters of a value that are shown; a variable may hold a megabyte.
VALUE_LIMIT: Final = 600
#: Names of checks that are shown of those that came or went.
_NAMES_LIMIT: Final = 10
#: Characters that are shown of such a name.
_NAME_LIMIT: Final = 80

#: A request that says nothing, to show what another says beyond the defaults.
_EMPTY: Final[Normal] = {**normal_form({}, lambda _: None), "metadata": {}}
#: The runner's own keys where a profile says nothing of them.
_OWN: Final = own_keys({})


@dataclass(frozen=True, slots=True)
class Line:
    """One field that changes, in words; ``None`` where there is no value on that side."""

    op: Op
    path: str
    before: str | None
    after: str | None


def summary(plan: Plan) -> str:
    """The line that sums a plan up: ``Plan: 1 to create, 1 to update, 2 to rerun, 0 removed.``."""
    return (
        f"Plan: {plan.count(Action.CREATE)} to create, {plan.count(Action.UPDATE)} to update, "
        f"{plan.count(Action.RERUN)} to rerun, {plan.count(Action.REMOVED)} removed."
    )


def last_ended(record: "Record | None") -> str:
    """When and how an instance last ended: ``last passed 2026-11-23 08:12 UTC``."""
    if record is None:
        return "never applied"
    at = (record.stopped_at or record.applied_at).astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    if record.verdict is None:
        return f"last started {at}, not known to have ended"
    return f"last {record.verdict} {at}"


def drift(checks: CheckDrift) -> str:
    """How many checks match, and which came or went: ``14 match (+1: Login; −1: Search)``."""
    count = len(checks.matched)
    turns = [
        f"{sign}{len(names)}: {_listed(names)}"
        for sign, names in (("+", checks.added), ("−", checks.removed))
        if names
    ]
    least = "" if checks.complete else "at least "
    verb = "matches" if count == 1 else "match"
    return f"{least}{count} {verb}" + (f" ({'; '.join(turns)})" if turns else "")


def lines_of(planned: PlannedInstance, masks: Masks) -> Iterator[Line]:
    """What changes, field by field; for a new instance all that it says beyond the defaults."""
    if planned.action is Action.CREATE:
        yield from _new(planned, masks)
    for change in planned.changes:
        if change.op is Op.REPLACE and not (_is_whole(change.before) or _is_whole(change.after)):
            yield Line(change.op, change.path, *change_in_words(change, masks, VALUE_LIMIT))
            continue
        if change.op is not Op.ADD:
            for path, value in _flat(change.path, change.before):
                yield Line(Op.REMOVE, path, in_words(value, masks, VALUE_LIMIT), None)
        if change.op is not Op.REMOVE:
            yield from _added([(change.path, change.after)], masks)


def _new(planned: PlannedInstance, masks: Masks) -> Iterator[Line]:
    """What a new instance says beyond the defaults; what git fills in, in one line."""
    request = current(planned)
    filled: list[str] = []
    if mark_of(metadata := request["metadata"]) is None and isinstance(metadata, dict):
        filled = [key for key in metadata if _is_filled(key, planned.request["metadata"][key])]
        rest = {key: value for key, value in metadata.items() if key not in filled}
        request = {**request, "metadata": rest}
    yield from _added(additions(_EMPTY, request), masks)
    if filled:
        yield Line(Op.ADD, "metadata", None, f"{', '.join(filled)} (filled in)")
    if planned.instance is not None:
        yield from _added(additions(_OWN, own_keys(planned.instance.own)), masks)


def _added(fields: Iterable[tuple[str, Any]], masks: Masks) -> Iterator[Line]:
    for place, added in fields:
        for path, value in _flat(place, added):
            yield Line(Op.ADD, path, None, in_words(value, masks, VALUE_LIMIT))


def _is_filled(key: str, value: Any) -> bool:
    """Whether a field of the metadata is what the runner fills in by itself."""
    template = f"$<{FILLED_METADATA[key]}>"
    return bool(value == {VOLATILE: {"template": template, "inputs": {}}})


def _is_whole(value: Any) -> bool:
    """Whether it is no value of one field: a variable, or a retry strategy."""
    return isinstance(value, dict) and mark_of(value) is None


def _flat(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The fields of a whole variable or retry strategy that are not the default."""
    if not _is_whole(value):
        yield path, value
    elif "value" in value:
        yield path + (" (locked)" if value.get("locked") is True else ""), value["value"]
    else:
        plain = normal_form({"retryStrategy": {"type": value.get("type")}}, lambda _: None)
        for key, child in value.items():
            if key == "type" or child not in (None, [], plain["retryStrategy"].get(key)):
                yield f"{path}.{key}", child


def _listed(names: tuple[str, ...]) -> str:
    more = len(names) - _NAMES_LIMIT
    shown = ", ".join(one_line(name, _NAME_LIMIT) for name in names[:_NAMES_LIMIT])
    return shown + (f" and {more} more" if more > 0 else "")
