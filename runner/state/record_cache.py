"""All records of a scope in one object, so that many can be read in two requests.

It is a cache. Each record is in it under the tag that the store gave the record's own object,
and counts only while a listing shows that tag; everything else is read from its own object. It
may be deleted at any time, and nobody minds when it can't be written.
"""

import asyncio
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Final

from runner.errors import StateError
from runner.models.record import FORMAT_VERSION
from runner.state.object_store import Store, Tagged

WORTH_IT: Final = 32
"""From how many objects on it pays."""


class Digest:
    """The digest at ``path``; entries are known by the last part of their paths."""

    def __init__(self, store: Store, path: str) -> None:
        self._store = store
        self._path = path

    async def read(self, folder: str, wanted: Iterable[str] | None) -> dict[str, bytes]:
        """The contents of the documents in ``folder`` by path: of ``wanted`` paths, or of all."""
        listed, known = await asyncio.gather(self._store.entries(folder), self._load())
        entries = [entry for entry in listed if entry.path.endswith(".json")]
        paths = {entry.path for entry in entries}
        chosen = paths if wanted is None else paths.intersection(wanted)
        valid = {
            entry.path: known[entry.name]
            for entry in entries
            if entry.tag and entry.name in known and known[entry.name].tag == entry.tag
        }
        missing = [path for path in sorted(chosen) if path not in valid]
        read = zip(missing, await self._store.get_all(missing), strict=True)
        found = {path: tagged for path, tagged in read if tagged is not None}
        if len(found) >= WORTH_IT:
            await self._save(valid | found)
        return {path: each.data for path, each in sorted((valid | found).items()) if path in chosen}

    async def update(self, written: Mapping[str, Tagged]) -> None:
        """Takes what was just written, when it is much."""
        if len(written) >= WORTH_IT:
            known = await self._load()
            await self._save(known | dict(written))

    async def _load(self) -> dict[str, Tagged]:
        """What it holds by name; nothing when it is not there or not understood."""
        with suppress(StateError, ValueError, KeyError, TypeError, AttributeError):
            found = await self._store.get(self._path)
            tree: dict[str, Any] = json.loads(found.data) if found else {"records": {}}
            return {
                name: Tagged(each["text"].encode(), each["tag"])
                for name, each in tree["records"].items()
            }
        return {}

    async def _save(self, contents: Mapping[str, Tagged]) -> None:
        records = {
            path.rpartition("/")[2]: {"tag": each.tag, "text": each.data.decode(errors="replace")}
            for path, each in contents.items()
            if each.tag
        }
        document = {"formatVersion": FORMAT_VERSION, "records": records}
        with suppress(StateError):  # whoever may only read does without
            await self._store.put(self._path, json.dumps(document).encode())
