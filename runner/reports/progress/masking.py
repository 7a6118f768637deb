"""Mask secrets in events before any reporter sees them.

Texts are masked before they are cut or escaped, so that neither can hide a secret from the
mask. A format's own text is never touched, so that no mask can break it.
"""

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from functools import cache
from typing import Any, TypeVar

from runner.source import Span

T = TypeVar("T")


def masked(value: T, mask: Callable[[str], str]) -> T:
    """``value`` (an event or a part of one) with each text in it masked."""
    return _masked(value, mask)  # type: ignore[no-any-return] # of the type that it was given


def _masked(value: Any, mask: Callable[[str], str]) -> Any:
    if isinstance(value, (Enum, Span)):
        return value  # fixed words, and a place whose text is never printed
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, tuple):
        items = tuple(_masked(item, mask) for item in value)
        return value if items == value else items
    changed = {}
    for name in _parts(type(value)):  # type: ignore[arg-type] # a class is hashable
        part = getattr(value, name)
        clean = _masked(part, mask)
        if clean is not part:
            changed[name] = clean
    # Most events hold no secret, and a copy is slow.
    return replace(value, **changed) if changed else value


@cache
def _parts(kind: type[object]) -> tuple[str, ...]:
    """Names of a dataclass's fields, cached since looking them up takes longer than masking."""
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()
