"""Several things in one sentence."""

from collections.abc import Iterable


def listed(things: Iterable[str]) -> str:
    """``a``, ``a and b``, or ``a, b and c``; nothing for nothing."""
    *first, last = tuple(things) or ("",)
    return f"{', '.join(first)} and {last}" if first else last
