"""Secrets taken out of events before any reporter sees them.

Texts are masked before they are cut or escaped, so that neither can hide a secret from the
mask; and what a format writes of its own is never touched, so that no mask can break it.
"""

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import TypeVar

from runner.source import Span

T = TypeVar("T")


def masked(value: T, mask: Callable[[str], str]) -> T:
    """``value`` (an event or a part of one) with each text in it masked."""
    if isinstance(value, (Enum, Span)):
        return value  # fixed words, and a place whose text is never printed
    result: object = value
    if isinstance(value, str):
        result = mask(value)
    elif isinstance(value, tuple):
        result = tuple(masked(item, mask) for item in value)
    elif is_dataclass(value) and not isinstance(value, type):
        parts = {field.name: getattr(value, field.name) for field in fields(value)}
        changed = {name: masked(part, mask) for name, part in parts.items()}
        if changed != parts:  # most events hold no secret, and a copy is slow
            result = replace(value, **changed)
    return result  # type: ignore[return-value] # each branch gives the type it was given
