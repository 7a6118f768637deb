"""Read one apply: its document, or the segments of its journal while there is none."""

import asyncio
from collections.abc import Mapping
from functools import reduce
from typing import Any, Final

from runner.state.apply_document import ApplyDocument
from runner.state.store.codec import Problems, foreign, parse, tolerating, validate
from runner.state.store.numbered import number_of, path_of
from runner.state.store.object_store import Store
from runner.state.store.paths import escape_id

_PAUSE: Final = 0.5
"""Seconds before a gap is looked at again."""


async def read_apply(store: Store, path: str, problems: Problems) -> ApplyDocument | None:
    """Read the apply whose segments are at ``path``; ``None`` if it is gone.

    Segments that can't be read are added to ``problems``; with ``None`` they are an error.

    Raises:
        Damaged: Its document can't be read.
    """
    numbers: list[int] = []
    while (data := await store.get(f"{path}.json")) is None:
        before, numbers = numbers, [*filter(None, map(number_of, await store.entries(path)))]
        segments = await asyncio.gather(*(store.get(path_of(path, each)) for each in numbers))
        is_gapless = bool(numbers) and numbers == [*range(1, len(numbers) + 1)]
        # Where some are gone, or all, it has just ended, or a late owner takes one back.
        is_settled = is_gapless or (numbers == before and not await store.get(f"{path}.json"))
        if None not in segments and is_settled:
            return _joined(store, path, dict(zip(numbers, segments, strict=True)), problems)
        if numbers and not is_gapless:
            await asyncio.sleep(_PAUSE)
    where = store.where(f"{path}.json")
    return document_of(parse(data, where), path.rpartition("/")[2], where)


def _joined(
    store: Store, path: str, segments: Mapping[int, bytes | None], problems: Problems
) -> ApplyDocument | None:
    parts: list[ApplyDocument] = []
    for number, data in sorted(segments.items(), reverse=True):
        where = store.where(path_of(path, number))
        with tolerating(problems):
            part = document_of(parse(data or b"", where), path.rpartition("/")[2], where)
            parts.append(part)
            if part.is_whole:  # those before it may be half tidied away
                break
            if number - 1 not in segments and number > 1:
                raise foreign(where, f"number {number - 1} before it is missing")
    if not parts:
        return None
    read = {"segments": max(segments), "where": store.where(path), "is_over": False}
    return reduce(ApplyDocument.with_, reversed(parts)).model_copy(update=read)


def document_of(tree: Any, name: str, where: str) -> ApplyDocument:
    """Return the document that a tree of JSON describes.

    Raises:
        Damaged: It is something else, or not of the apply whose id is spelt ``name``.
    """
    document = validate(ApplyDocument, tree, where)
    if escape_id(document.apply_id) != name:
        raise foreign(where, "it belongs to another apply")
    return document.model_copy(update={"where": where, "is_over": True})
