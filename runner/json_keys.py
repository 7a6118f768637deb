"""Refuse JSON that gives a key twice, of which other readers silently keep the last."""

from typing import Any


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of its ``pairs``: the ``object_pairs_hook`` of ``json.loads``.

    Raises:
        ValueError: Two of them have the same key.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is given twice")
    return found
