"""Compiled request bodies: JSON trees whose leaves may carry marks.

A body is what ``POST /v1/test-sessions/trigger`` takes, as plain dictionaries, lists and
scalars, in which a leaf that is more than its value is a :class:`Marked`.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

#: A JSON tree in which a leaf may be a ``Marked``.
Body: TypeAlias = dict[str, Any]
#: Keys and indexes that lead to a place in a tree.
Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Marked:
    """A leaf that is more than its value.

    Attributes:
        value: What goes on the wire; ``None`` if ``unset`` says that it is not known.
        secret: Whether the value may not be shown anywhere.
        unset: The variables (``env.NAME``) that are not set and leave it unresolved.
        template: Its text in the file if it is volatile (reads ``git``, ``ci`` or ``run``):
            it is compared by this and by ``inputs``, not by its value.
        inputs: The other names that a volatile template reads, and their values.
    """

    value: str | int | float | bool | None
    secret: bool = False
    unset: tuple[str, ...] = ()
    template: str | None = None
    inputs: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        shown = "(secret)" if self.secret else repr(self.value)
        return f"Marked({shown}, unset={self.unset}, template={self.template!r})"


def leaves(tree: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    """Yield every leaf of ``tree`` with its path; empty lists and mappings are leaves too."""
    if isinstance(tree, Mapping) and tree:
        for key, child in tree.items():
            yield from leaves(child, (*path, key))
    elif isinstance(tree, list) and tree:
        for index, child in enumerate(tree):
            yield from leaves(child, (*path, index))
    else:
        yield path, tree


def mapped(tree: Any, change: Callable[[Any], Any]) -> Any:
    """Return ``tree`` with each leaf changed."""
    if isinstance(tree, dict):
        return {key: mapped(child, change) for key, child in tree.items()}
    if isinstance(tree, list):
        return [mapped(child, change) for child in tree]
    return change(tree)


def unmarked(tree: Any) -> Any:
    """Replace each mark by its value: secrets in clear, unset values as null."""
    return mapped(tree, lambda leaf: leaf.value if isinstance(leaf, Marked) else leaf)


def whole(value: Any) -> Any:
    """Return a whole number as such: 2 and not 2.0; anything else as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _of_mark(marked: Marked) -> list[Any]:
    """Write a mark as a list that no file can hold."""
    return ["\udfff", *(getattr(marked, name) for name in Marked.__slots__)]


#: Makes a text that is equal for equal trees with marks; it holds secrets in clear.
text_of: Final = json.JSONEncoder(default=_of_mark).encode
