"""Compare two requests in normal form, field by field, in linear time."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from runner.models.marked import Path
from runner.models.plan import FieldChange, Op
from runner.plan.normalize import SECRET, UNSET, Normal, mark_of

#: Stands for a missing field; never in a result.
_MISSING: Final = object()
_PLAIN_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def diff(before: Normal, after: Normal) -> tuple[FieldChange, ...]:
    """The changes that make ``after`` of ``before``, in the order of the fields.

    What is unresolved on either side is never a change, nor is a secret whose fingerprints
    can't be compared. A variable that comes or goes is one change, with all of its fields.
    """
    return tuple(
        FieldChange(
            path=path_text(path),
            op=_op(old, new),
            before=None if old is _MISSING else old,
            after=None if new is _MISSING else new,
            sensitive=_holds(old, SECRET) or _holds(new, SECRET),
        )
        for path, old, new in _pairs((), before, after)
        if _comparable_secrets(old, new) is not False and _differ(old, new)
    )


def not_compared(before: Normal, after: Normal) -> tuple[str, ...]:
    """Paths of the secrets that can't be compared: without a key, or with different ones."""
    return tuple(map(path_text, _not_compared((), before, after)))


def _not_compared(path: Path, before: Any, after: Any) -> Iterator[Path]:
    if _comparable_secrets(before, after) is False:
        yield path
    elif _has_fields(before) and _has_fields(after):
        for key, new in after.items():
            if new.__class__ is dict:  # no secret is anything else
                yield from _not_compared((*path, key), before.get(key), new)


def additions(plain: Normal, request: Normal) -> Iterator[tuple[str, Any]]:
    """Paths and values of all that ``request`` says and ``plain`` does not, unresolved or not."""
    for path, old, new in _pairs((), plain, request):
        if new is not _MISSING and (old is _MISSING or not _same(old, new)):
            yield path_text(path), new


def path_text(path: Path) -> str:
    """``path`` as it is shown: ``environmentVariables.HOST.value``.

    A key that is not a plain word stands in brackets, as JSON, so that no two paths look alike.
    """
    shown = ""
    for key in map(str, path):
        if _PLAIN_KEY.fullmatch(key):
            shown += f".{key}" if shown else key
        else:
            shown += f"[{json.dumps(key)}]"
    return shown


def _pairs(path: Path, before: Any, after: Any) -> Iterator[tuple[Path, Any, Any]]:
    """Every field of either side with both of its values."""
    if not (_has_fields(before) and _has_fields(after)):
        yield path, before, after
        return
    for key in (*after, *(key for key in before if key not in after)):
        yield from _pairs((*path, key), before.get(key, _MISSING), after.get(key, _MISSING))


def _has_fields(value: Any) -> bool:
    """Whether ``value`` holds fields and is not the value of one."""
    return isinstance(value, dict) and mark_of(value) is None


def _op(old: Any, new: Any) -> Op:
    if old is _MISSING:
        return Op.ADD
    return Op.REMOVE if new is _MISSING else Op.REPLACE


def _differ(old: Any, new: Any) -> bool:
    if old is _MISSING or new is _MISSING:
        return mark_of(old) != UNSET and mark_of(new) != UNSET
    return not (_same(old, new) or _holds(old, UNSET) or _holds(new, UNSET))


def _comparable_secrets(old: Any, new: Any) -> bool | None:
    """Whether two secrets can be compared; ``None`` where these are not two secrets."""
    if mark_of(old) != SECRET or mark_of(new) != SECRET:
        return None
    one, other = old[SECRET], new[SECRET]
    return bool(one and other and one.get("keyId") == other.get("keyId"))


def _holds(value: Any, mark: str) -> bool:
    """Whether ``value`` is ``mark`` or has it anywhere inside."""
    if isinstance(value, dict):
        return mark_of(value) == mark or any(_holds(item, mark) for item in value.values())
    return isinstance(value, list) and any(_holds(item, mark) for item in value)


def _same(old: Any, new: Any) -> bool:
    """Whether two values are the same JSON, which tells true from 1 as Python does not."""
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(_same(old[key], new[key]) for key in old)
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(_same, old, new))
    return isinstance(old, bool) == isinstance(new, bool) and bool(old == new)
