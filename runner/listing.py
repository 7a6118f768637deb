"""Lists, numbers and long texts as parts of a sentence."""

from collections.abc import Iterable, Sequence


def listed(things: Iterable[str]) -> str:
    """``a``, ``a and b``, or ``a, b and c``; nothing for nothing."""
    *first, last = tuple(things) or ("",)
    return f"{', '.join(first)} and {last}" if first else last


def first_of(names: Sequence[str], most: int) -> str:
    """At most ``most`` of ``names``, and how many more there are: ``a, b and 3 more``."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def counted(number: int, one: str, many: str | None = None) -> str:
    """``1 check``, ``2 checks``; with ``many`` if the plural is not ``one`` and an s."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


_CIRCLE_SHOWN = 8


def cycle_text(names: list[str]) -> str:
    """Names that lead back to the first: ``a → b → a``."""
    shown = names if len(names) <= _CIRCLE_SHOWN else [*names[:_CIRCLE_SHOWN], "…"]
    return " → ".join(shown)


def shorten(text: str, limit: int = 60) -> str:
    """``text`` on one line of at most ``limit`` characters."""
    line = " ".join(text[: limit * 2].split())
    return line if len(line) <= limit and len(text) <= limit * 2 else line[: limit - 1] + "…"
