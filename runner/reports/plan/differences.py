"""Compare long values so that every difference is shown or counted: items of lists, lines of text.

Everything returned is a harmless line without colour.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

from runner.listing import counted
from runner.models.plan import Op
from runner.reports.text.sanitize import one_line

#: Characters that are shown of one text, and differences that are shown of one value.
TEXT_LIMIT: Final = 600
_MOST: Final = 20
#: Characters of both sides that are still shown beside each other in full.
_SHORT: Final = 100
#: Characters around a difference inside a long line.
_AROUND: Final = 40
#: More lines or words than this are not aligned: it takes their square in time.
_MOST_ALIGNED: Final = 10_000
_HEAD_LIMIT: Final = 60


class Part(NamedTuple):
    """One line of a value's difference; without ``op`` it is a remark."""

    op: Op | None
    text: str


def compared(before: Any, after: Any, words: Callable[[Any], str]) -> tuple[Part, ...]:
    """Return the differences of two values; nothing if both fit beside each other in full."""
    old, new = words(before), words(after)
    if isinstance(before, list) and isinstance(after, list):
        return () if len(old) + len(new) <= _SHORT else tuple(_items(before, after, words))
    if not (isinstance(before, str) and isinstance(after, str)):
        old, new = one_line(old), one_line(new)
        return () if max(len(old), len(new)) <= TEXT_LIMIT else tuple(_inside(old, new))
    if "\n" in before or "\n" in after:
        return tuple(_bounded(_lines(before.split("\n"), after.split("\n")), "difference"))
    if len(old) + len(new) <= 2 * _SHORT:
        return ()
    return tuple(_inside(one_line(before), one_line(after)))


def listed_items(op: Op, value: Any, words: Callable[[Any], str]) -> tuple[Part, ...]:
    """Return the items of a long list that comes or goes; nothing for any other value."""
    if not isinstance(value, list) or len(words(value)) <= _SHORT:
        return ()
    return tuple(_bounded((Part(op, cut(words(item))) for item in value), "item"))


def cut(text: str) -> str:
    """Return ``text`` as one harmless line; one that is cut ends with its length."""
    shown = one_line(text)
    if len(shown) <= TEXT_LIMIT:
        return shown
    return f"{shown[:TEXT_LIMIT]}… ({len(shown):,} characters)"


def _bounded(parts: Iterator[Part], what: str) -> Iterator[Part]:
    yield from islice(parts, _MOST)
    if rest := sum(part.op is not None for part in parts):
        yield Part(None, f"and {counted(rest, f'more {what}')}")


def _items(before: list[Any], after: list[Any], words: Callable[[Any], str]) -> Iterator[Part]:
    gone, come = _without_common(before, after)
    if not gone and not come:
        yield Part(Op.REPLACE, f"the same {counted(len(after), 'item')} in another order")
        return
    yield from _bounded(_paired(gone, come, words), "difference")
    if same := len(after) - len(come):
        yield Part(None, f"{counted(same, 'item is', 'items are')} unchanged")


def _paired(gone: list[Any], come: list[Any], words: Callable[[Any], str]) -> Iterator[Part]:
    """Yield removed and added items; an item that is still similar is one change."""
    come = list(come)
    for old in gone:
        similar = next((new for new in come if _is_similar(old, new)), None)
        if similar is None:
            yield Part(Op.REMOVE, cut(words(old)))
        else:
            come.remove(similar)
            yield Part(Op.REPLACE, cut(_inner(old, similar, words)))
    yield from (Part(Op.ADD, cut(words(new))) for new in come)


def _is_similar(old: Any, new: Any) -> bool:
    if isinstance(old, dict) and isinstance(new, dict):
        return bool(old) and next(iter(old.items())) == next(iter(new.items()), None)
    if isinstance(old, list) and isinstance(new, list):
        gone, come = _without_common(old, new)
        return len(old) - len(gone) >= max(len(gone), len(come), 1)
    return False


def _inner(old: Any, new: Any, words: Callable[[Any], str]) -> str:
    if isinstance(old, dict):
        label = next(iter(old.values()))
        changes = (
            f"{key} {words(old.get(key))} → {words(new.get(key))}"
            for key in {**old, **new}
            if old.get(key) != new.get(key)
        )
        return f"{label}: {', '.join(changes)}"
    gone, come = _without_common(old, new)
    common, _ = _without_common(old, gone)
    head = words(common)
    head = head if len(head) <= _HEAD_LIMIT else f"{head[:_HEAD_LIMIT]}… ({len(common)} items)"
    turns = [f"{sign}{words(item)}" for sign, all_ in (("−", gone), ("+", come)) for item in all_]
    return f"{head}: {', '.join(turns)}"


def _without_common(before: Sequence[Any], after: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Return the items of each side that the other does not have as often."""
    old, new = ([json.dumps(item, sort_keys=True) for item in side] for side in (before, after))
    return _left(before, old, Counter(new)), _left(after, new, Counter(old))


def _left(items: Sequence[Any], keys: Sequence[str], common: Counter[str]) -> list[Any]:
    left = []
    for item, key in zip(items, keys, strict=True):
        common[key] -= 1
        if common[key] < 0:
            left.append(item)
    return left


def _lines(before: Sequence[str], after: Sequence[str]) -> Iterator[Part]:
    """Compare line by line; lines that differ only inside are shown around the difference."""
    for low, high, first, last in _hunks(before, after):
        yield Part(None, f"line {first + 1:,}:")
        if high - low == last - first:
            for old, new in zip(before[low:high], after[first:last], strict=True):
                yield from _inside(one_line(old), one_line(new))
        else:
            yield from (Part(Op.REMOVE, cut(line)) for line in before[low:high])
            yield from (Part(Op.ADD, cut(line)) for line in after[first:last])


def _inside(old: str, new: str) -> Iterator[Part]:
    """Show two versions of one line: in full, or around each difference if they are long."""
    if max(len(old), len(new)) <= TEXT_LIMIT // 2:
        yield from (Part(Op.REMOVE, old), Part(Op.ADD, new))
    else:
        yield from _bounded(_around(old, new), "difference")


def _around(old: str, new: str) -> Iterator[Part]:
    before, after = (re.findall(r"\w+|\W", text) for text in (old, new))
    for low, high, first, last in _hunks(before, after):
        start, end = (len("".join(before[:count])) for count in (low, high))
        begin, stop = (len("".join(after[:count])) for count in (first, last))
        lead, tail = _common_ends(old[start:end], new[begin:stop])
        yield Part(Op.REMOVE, _excerpt(old, start + lead, end - tail))
        yield Part(Op.ADD, _excerpt(new, begin + lead, stop - tail))


def _excerpt(text: str, start: int, end: int) -> str:
    """Return the text from ``start`` to ``end`` with a little of what is around it."""
    low, high = max(0, start - _AROUND), end + _AROUND
    lead, tail = "…" if low else "", "…" if high < len(text) else ""
    return lead + text[low:start] + cut(text[start:end]) + text[end:high] + tail


def _hunks(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[int, int, int, int]]:
    """Yield the ranges that differ, in order; between common ends, huge ones count as one."""
    start, end = _common_ends(before, after)
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    if max(len(old), len(new)) > _MOST_ALIGNED:
        yield start, start + len(old), start, start + len(new)
        return
    from difflib import SequenceMatcher  # noqa: PLC0415 # only if long values differ

    for tag, low, high, first, last in SequenceMatcher(None, old, new).get_opcodes():
        if tag != "equal":
            yield start + low, start + high, start + first, start + last


def _common_ends(one: Sequence[str], other: Sequence[str]) -> tuple[int, int]:
    """Return how many items both begin with, and how many they end with after these."""
    lead = _shared(one, other)
    return lead, _shared(one[lead:][::-1], other[lead:][::-1])


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))
