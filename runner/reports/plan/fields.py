"""The fields of a planned instance: new ones, changes, and the differences of long values."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

from runner.models.contract.filled import FILLED_METADATA
from runner.models.plan import Action, FieldChange, Op, PlannedInstance
from runner.plan.diff import additions
from runner.plan.normalize import VOLATILE, Normal, mark_of, normal_form, own_keys
from runner.reports.plan.differences import Part, compared, cut, listed_items
from runner.reports.plan.values import Masks, current, in_words, sensitive_in_words

ALL_CHECKS: Final = "ALL checks of the account"
#: A request that says nothing, to show what another says beyond the defaults.
_EMPTY: Final[Normal] = {**normal_form({}, lambda _: None), "metadata": {}}
#: The runner's own keys where a profile says nothing of them.
_OWN: Final = own_keys({})
_FILTERS: Final = {"target.matchTags": "matchTags", "target.checkId": "checkId"}

_Words = Callable[[Any], str]


class Field(NamedTuple):
    """One field in words, each value a harmless line.

    Attributes:
        op: How it changed; ``None`` for one that is told although it did not.
        before, after: The values; ``None`` where there is none on that side.
        parts: The differences of long values, which are shown in place of the values.
    """

    op: Op | None
    path: str
    before: str | None
    after: str | None
    parts: tuple[Part, ...] = ()


def fields_of(planned: PlannedInstance, masks: Masks) -> tuple[Field, ...]:
    """What changes; for a new instance all that it says beyond the defaults."""

    def words(value: Any) -> str:
        return in_words(value, masks)

    if planned.action is Action.CREATE:
        return tuple(_new(planned, words))
    if planned.action is not Action.UPDATE:
        return ()
    target = _target_change(planned, words)
    is_whole = target is not None and target.op is not None
    changes = [
        field
        for change in planned.changes
        if not (is_whole and change.path in _FILTERS)
        for field in _changed(change, masks, words)
    ]
    return (*((target,) if target else ()), *changes)


def not_compared(path: str) -> Field:
    """The field of a secret that could not be compared."""
    return Field(None, path, None, "(secret, not compared)")


def matches_all(target: Any) -> bool:
    """Whether a target in normal form has no filter, so that every check matches."""
    return isinstance(target, dict) and target.get("matchTags") == target.get("checkId") == []


def _new(planned: PlannedInstance, words: _Words) -> Iterator[Field]:
    """What a new instance says beyond the defaults; what git fills in, in one line."""
    request = current(planned)
    filled: list[str] = []
    if mark_of(metadata := request["metadata"]) is None and isinstance(metadata, dict):
        filled = [key for key in metadata if _is_filled(key, planned.request["metadata"][key])]
        rest = {key: value for key, value in metadata.items() if key not in filled}
        request = {**request, "metadata": rest}
    if request["name"] == planned.name:
        request = {**request, "name": _EMPTY["name"]}  # it is the default
    if matches_all(request["target"]):
        yield Field(Op.ADD, "target", None, ALL_CHECKS)
    yield from _each(Op.ADD, additions(_EMPTY, request), words)
    if filled:
        yield Field(Op.ADD, "metadata", None, f"{', '.join(filled)} (filled in)")
    if planned.instance is not None:
        yield from _each(Op.ADD, additions(_OWN, own_keys(planned.instance.own)), words)


def _target_change(planned: PlannedInstance, words: _Words) -> Field | None:
    """A line of its own where every check matches, now or before."""
    now = planned.request["target"]
    if not isinstance(now, dict):
        return None
    old = {_FILTERS[c.path]: c.before for c in planned.changes if c.path in _FILTERS}
    before = {**now, **old}
    if not matches_all(now) and not matches_all(before):
        return None
    if matches_all(now) and matches_all(before):
        return Field(None, "target", None, ALL_CHECKS)
    return Field(Op.REPLACE, "target", _filters(before, words), _filters(now, words))


def _filters(target: dict[str, Any], words: _Words) -> str:
    if matches_all(target):
        return ALL_CHECKS
    given = (f"{key} {words(target[key])}" for key in _FILTERS.values() if target[key] != [])
    return cut(", ".join(given))


def _changed(change: FieldChange, masks: Masks, words: _Words) -> Iterator[Field]:
    before, after = change.before, change.after
    if change.op is not Op.REPLACE or _is_whole(before) or _is_whole(after):
        if change.op is not Op.ADD:
            yield from _each(Op.REMOVE, [(change.path, before)], words)
        if change.op is not Op.REMOVE:
            yield from _each(Op.ADD, [(change.path, after)], words)
    elif change.sensitive:
        old, new = sensitive_in_words(change, masks)
        yield Field(change.op, change.path, cut(old), cut(new))
    else:
        parts = compared(before, after, words)
        yield Field(change.op, change.path, cut(words(before)), cut(words(after)), parts)


def _each(op: Op, fields: Iterable[tuple[str, Any]], words: _Words) -> Iterator[Field]:
    """Fields that come or go."""
    for place, whole in fields:
        for path, value in _flat(place, whole):
            text = cut(words(value))
            before, after = (None, text) if op is Op.ADD else (text, None)
            yield Field(op, path, before, after, listed_items(op, value, words))


def _is_filled(key: str, value: Any) -> bool:
    """Whether a field of the metadata is what the runner fills in by itself."""
    template = f"$<{FILLED_METADATA[key]}>" if key in FILLED_METADATA else None
    return bool(value == {VOLATILE: {"template": template, "inputs": {}}})


def _is_whole(value: Any) -> bool:
    """Whether it is a whole variable or retry strategy and not the value of one field."""
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
