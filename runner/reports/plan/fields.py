"""The fields of a planned instance: new ones, changes, and the differences of long values."""

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from runner.models.plan import Action, FieldChange, Op, PlannedInstance
from runner.plan.diff import additions, has_fields
from runner.plan.normalize import Normal, normal_form, normal_settings
from runner.reports.plan.differences import Part, compared, cut, listed_items
from runner.reports.plan.values import Masks, current

ALL_CHECKS: Final = "ALL checks of the account"
#: A request that says nothing, to show what another says beyond the defaults.
_PLAIN: Final[Normal] = normal_form({}, lambda _: None)
#: The runner's own keys of a profile that sets none.
_OWN: Final = normal_settings({})
_FILTERS: Final = {"target.matchTags": "matchTags", "target.checkId": "checkId"}


class Field(NamedTuple):
    """One field in words.

    Attributes:
        op: How it changed; ``None`` for one that is shown although it did not.
        lines: The old value and the new one, as far as there are such, or their differences.
        is_whole: Whether ``lines`` are values, which may be shown beside each other.
    """

    op: Op | None
    path: str
    lines: tuple[Part, ...]
    is_whole: bool = True


def fields_of(planned: PlannedInstance, masks: Masks) -> Iterator[Field]:
    """Yield what changes; for a new instance all that it says beyond the defaults."""
    if planned.action is Action.CREATE:
        yield from _new(planned, masks)
    elif planned.action is Action.UPDATE:
        target = _target_change(planned, masks)
        if target is not None:
            yield target
        for change in planned.changes:
            if not (target and target.op and change.path in _FILTERS):
                yield from _changed(change, masks)
    for path in planned.not_compared:
        yield _unchanged(path, "(secret, not compared)")


def _unchanged(path: str, text: str) -> Field:
    return Field(None, path, (Part(None, text),))


def matches_all(target: Any) -> bool:
    """Return whether a target in normal form has no filter, so that every check matches."""
    return isinstance(target, dict) and target.get("matchTags") == target.get("checkId") == []


def _new(planned: PlannedInstance, masks: Masks) -> Iterator[Field]:
    request = current(planned)
    filled: list[str] = []
    metadata = request["metadata"]
    if has_fields(metadata):
        given, plain = planned.request["metadata"], _PLAIN["metadata"]
        filled = [key for key in metadata if given[key] == plain.get(key)]
        metadata = {key: value for key, value in metadata.items() if key not in filled}
    # The name of the instance is the default name.
    name = None if request["name"] == planned.name else request["name"]
    request = request | {"name": name, "metadata": metadata}
    if matches_all(request["target"]):
        yield Field(Op.ADD, "target", (Part(Op.ADD, ALL_CHECKS),))
    yield from _each(Op.ADD, additions(_PLAIN | {"metadata": {}}, request), masks)
    if filled:
        text = f"{', '.join(filled)} (filled in)"
        yield Field(Op.ADD, "metadata", (Part(Op.ADD, text),))
    if planned.instance is not None:
        yield from _each(Op.ADD, additions(_OWN, normal_settings(planned.instance.own)), masks)


def _target_change(planned: PlannedInstance, masks: Masks) -> Field | None:
    """Return a line of its own if every check matches, now or before."""
    now = planned.request["target"]
    if not isinstance(now, dict):
        return None
    before = now | {_FILTERS[c.path]: c.before for c in planned.changes if c.path in _FILTERS}
    if matches_all(now) and matches_all(before):
        return _unchanged("target", ALL_CHECKS)
    if matches_all(now) or matches_all(before):
        return _replaced("target", _filters(before, masks), _filters(now, masks))
    return None


def _filters(target: dict[str, Any], masks: Masks) -> str:
    if matches_all(target):
        return ALL_CHECKS
    given = (
        f"{key} {masks.in_words(target[key])}" for key in _FILTERS.values() if target[key] != []
    )
    return ", ".join(given)


def _replaced(path: str, before: str, after: str) -> Field:
    lines = Part(Op.REMOVE, cut(before)), Part(Op.ADD, cut(after))
    return Field(Op.REPLACE, path, lines)


def _changed(change: FieldChange, masks: Masks) -> Iterator[Field]:
    before, after = change.before, change.after
    if change.op is not Op.REPLACE or has_fields(before) or has_fields(after):
        if change.op is not Op.ADD:
            yield from _each(Op.REMOVE, [(change.path, before)], masks)
        if change.op is not Op.REMOVE:
            yield from _each(Op.ADD, [(change.path, after)], masks)
    elif not change.sensitive and (parts := compared(before, after, masks.in_words)):
        yield Field(change.op, change.path, parts, is_whole=False)
    else:
        yield _replaced(change.path, *masks.sides(change, masks.in_words))


def _each(op: Op, fields: Iterable[tuple[str, Any]], masks: Masks) -> Iterator[Field]:
    for place, whole in fields:
        for path, value in _flat(place, whole):
            if items := listed_items(op, value, masks.in_words):
                yield Field(op, path, items, is_whole=False)
            else:
                yield Field(op, path, (Part(op, cut(masks.in_words(value))),))


def _flat(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the fields of a whole variable or retry strategy that are not the default."""
    if not has_fields(value):
        yield path, value
    elif "value" in value:
        yield path + (" (locked)" if value.get("locked") is True else ""), value["value"]
    else:
        plain = normal_form({"retryStrategy": {"type": value.get("type")}}, lambda _: None)
        for key, child in value.items():
            if key == "type" or child not in (None, [], plain["retryStrategy"].get(key)):
                yield f"{path}.{key}", child
