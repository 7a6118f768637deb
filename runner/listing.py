"""Lists and numbers of things in a sentence."""

from collections.abc import Iterable


def listed(things: Iterable[str]) -> str:
    """``a``, ``a and b``, or ``a, b and c``; nothing for nothing."""
    *first, last = tuple(things) or ("",)
    return f"{', '.join(first)} and {last}" if first else last


def counted(number: int, one: str, many: str | None = None) -> str:
    """``1 check``, ``2 checks``; with ``many`` where the plural is not ``one`` and an s."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
