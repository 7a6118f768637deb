"""Compare two requests in normal form, field by field, in linear time."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from runner.models.marked import Path
from runner.models.plan import FieldChange, Op
from runner.plan.normalize import SECRET, UNSET, Normal, holds_mark, mark_of

#: Marks a missing field; never in a result.
_MISSING: Final = object()
_PLAIN_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def diff(before: Normal, after: Normal) -> tuple[FieldChange, ...]:
    """Return the changes from ``before`` to ``after``, in the order of the fields.

    A value that is unresolved on either side is never a change, nor is a secret with fingerprints
    that can't be compared. A variable that is added or removed is one change.
    """
    if before is after:
        return ()
    return tuple(
        FieldChange(
            path_text(path),
            Op.ADD if old is _MISSING else Op.REMOVE if new is _MISSING else Op.REPLACE,
            None if old is _MISSING else old,
            None if new is _MISSING else new,
            holds_mark(old, SECRET) or holds_mark(new, SECRET),
        )
        for path, old, new in _pairs((), before, after)
        if _is_change(old, new)
    )


def not_compared(before: Normal, after: Normal) -> tuple[str, ...]:
    """Return the paths of secrets that can't be compared: without a key, or with different ones."""
    old, new = (form.get("environmentVariables") or {} for form in (before, after))
    return tuple(
        path_text(("environmentVariables", key, "value"))
        for key in new
        if key in old and _are_foreign_secrets(old[key].get("value"), new[key].get("value"))
    )


def additions(plain: Normal, request: Normal) -> Iterator[tuple[str, Any]]:
    """Yield path and value of all that ``request`` adds to ``plain``, unresolved or not."""
    for path, old, new in _pairs((), plain, request):
        if new is not _MISSING and (old is _MISSING or not _same(old, new)):
            yield path_text(path), new


def path_text(path: Path) -> str:
    """Return ``path`` as it is shown: ``environmentVariables.HOST.value``.

    A key that is not a plain word is written in brackets, as JSON, so that no two paths look alike.
    """
    shown = ""
    for key in map(str, path):
        if _PLAIN_KEY.fullmatch(key):
            shown += f".{key}" if shown else key
        else:
            shown += f"[{json.dumps(key)}]"
    return shown


def _pairs(path: Path, before: Any, after: Any) -> Iterator[tuple[Path, Any, Any]]:
    """Yield every field of either side with both of its values."""
    if not (has_fields(before) and has_fields(after)):
        yield path, before, after
        return
    for key in (*after, *(key for key in before if key not in after)):
        yield from _pairs((*path, key), before.get(key, _MISSING), after.get(key, _MISSING))


def has_fields(value: Any) -> bool:
    """Return whether ``value`` is made of fields, and not a single value or mark."""
    return isinstance(value, dict) and mark_of(value) is None


def _is_change(old: Any, new: Any) -> bool:
    if old is _MISSING or new is _MISSING:  # a variable counts even while its value is unresolved
        return mark_of(old) != UNSET and mark_of(new) != UNSET
    if _same(old, new) or _are_foreign_secrets(old, new):
        return False
    return not (holds_mark(old, UNSET) or holds_mark(new, UNSET))


def _are_foreign_secrets(old: Any, new: Any) -> bool:
    """Return whether these are secrets without fingerprints under one key."""
    if mark_of(old) != SECRET or mark_of(new) != SECRET:
        return False
    one, other = old[SECRET], new[SECRET]
    return not (one and other and one.get("keyId") == other.get("keyId"))


def _same(old: Any, new: Any) -> bool:
    """Return whether two values are the same JSON, in which true and 1 differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(_same(old[key], new[key]) for key in old)
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(_same, old, new))
    return isinstance(old, bool) == isinstance(new, bool) and bool(old == new)
