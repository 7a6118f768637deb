"""The chain of numbered documents that is the lock of one instance.

``locks/<instance>/<number>.json`` is only ever created, never overwritten; the highest number is
the truth. To take, renew or release the lock is to create the next number, which only one can:
create-if-absent is all that is needed of a store. Lower numbers are deleted by whoever holds the
lock, the highest never, so that numbers only grow and serve as fencing tokens.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from threading import Event
from typing import Final, Literal

from runner.models.record import FORMAT_VERSION, Document, Initiator
from runner.state.codec import decode, encode, foreign
from runner.state.object_store import Entry, Store
from runner.state.paths import escape, shown

_LISTED_ONE_BY_ONE: Final = 16


class LockDocument(Document):
    """One link of the chain: who holds the lock, or that nobody does."""

    format_version: Literal[1] = FORMAT_VERSION
    instance: str
    nonce: str
    """Drawn by each owner: tells one's own document after an answer was lost."""
    released: bool = False
    apply_id: str
    by: Initiator
    since: datetime
    """When the lock was taken, by the owner's clock."""
    lease_seconds: float
    unfinished: tuple[str, ...] = ()
    """Earlier applies that may have left an attempt of this instance unfinished."""

    def left_behind(self) -> tuple[str, ...]:
        """Applies that may have left something unfinished, once the owner is gone."""
        if self.released or self.apply_id in self.unfinished:
            return self.unfinished
        return (*self.unfinished, self.apply_id)


@dataclass(frozen=True, slots=True)
class Link:
    """The highest document of a chain: what is true of an instance's lock.

    Attributes:
        lower: The documents it replaced that are still there.
    """

    number: int
    document: LockDocument
    modified: datetime
    lower: tuple[str, ...] = ()


class Chains:
    """The locks of one scope, link by link."""

    def __init__(self, store: Store, folder: str) -> None:
        self._store = store
        self._folder = folder

    def path(self, instance: str, number: int) -> str:
        """Where a link is stored; numbers sort as text."""
        return f"{self._folder}/{escape(instance)}/{number:010}.json"

    async def tops(self, instances: Iterable[str] | None) -> dict[str, Link]:
        """The highest link of each instance's chain; instances never locked are left out.

        Raises:
            StateError: The store can't be read, or a lock is no lock document.
        """
        chains = await self._listed(None if instances is None else map(escape, instances))
        found: dict[str, bytes] = {}
        while missing := {name: chain for name, chain in chains.items() if name not in found}:
            contents = await self._store.get_all(chain[-1].path for chain in missing.values())
            read = zip(missing, contents, strict=True)
            found |= {name: each.data for name, each in read if each is not None}
            # Where there was none, the lock was renewed or released in between: look again.
            gone = missing.keys() - found.keys()
            if gone:
                again = await self._listed(gone)
                chains = {n: c for n, c in chains.items() if n not in gone} | again
        links = [self._link(chains[name], data) for name, data in found.items()]
        return {link.document.instance: link for link in links}

    async def numbers(self, instances: Iterable[str]) -> dict[str, int]:
        """The highest number of each instance's chain, without reading it."""
        names = {escape(instance): instance for instance in instances}
        chains = await self._listed(names)
        return {names[name]: number(entries[-1]) for name, entries in chains.items()}

    async def add(self, link_number: int, document: LockDocument) -> LockDocument | None:
        """Adds a link unless there is one of that number.

        Returns:
            The document that has the number now: ``document``, or one that was there first (of
            the same hold where the answer to an earlier try was lost), or ``None`` where that
            one was replaced meanwhile.
        """
        path = self.path(document.instance, link_number)
        if await self._store.create(path, encode(document)):
            return document
        there = await self._store.get(path)
        return None if there is None else decode(LockDocument, there.data, self._store.where(path))

    async def add_in_turn(
        self,
        links: Iterable[tuple[int, LockDocument]],
        added: Callable[[str], None],
        stop: Event,
    ) -> None:
        """Adds links one after the other, up to the first whose number another hold has.

        Args:
            links: Their numbers, and what they say.
            added: Is told at once, in any thread, the instance of each link that was added.
            stop: Once it is set no other is begun.
        """
        left = {self.path(link.instance, number): (number, link) for number, link in links}

        def created(path: str) -> None:
            added(left.pop(path)[1].instance)

        while left and not stop.is_set():
            encoded = [(path, encode(link)) for path, (_, link) in left.items()]
            await self._store.create_in_turn(encoded, created, stop)
            if left and not stop.is_set():
                # It is of this hold after all if the answer to an earlier try was lost.
                path, (link_number, link) = next(iter(left.items()))
                there = await self.add(link_number, link)
                if there is None or there.nonce != link.nonce:
                    return
                created(path)

    async def drop(self, paths: Iterable[str]) -> None:
        """Deletes links that are no longer the highest."""
        await self._store.delete(paths)

    async def _listed(self, names: Iterable[str] | None) -> dict[str, tuple[Entry, ...]]:
        """Documents by folder, lowest number first; many folders are listed in one go."""
        wanted = None if names is None else set(names)
        if wanted is not None and len(wanted) <= _LISTED_ONE_BY_ONE:
            entries = [
                entry
                for name in sorted(wanted)
                for entry in await self._store.entries(f"{self._folder}/{name}")
            ]
        else:
            entries = await self._store.entries(self._folder)
        chains: dict[str, list[Entry]] = {}
        for entry in entries:
            name = entry.path.rpartition("/")[0].rpartition("/")[2]
            if (wanted is None or name in wanted) and number(entry):
                chains.setdefault(name, []).append(entry)
        return {name: tuple(sorted(chain, key=number)) for name, chain in chains.items()}

    def _link(self, entries: tuple[Entry, ...], data: bytes) -> Link:
        *lower, top = entries
        where = self._store.where(top.path)
        document = decode(LockDocument, data, where)
        if top.path != self.path(document.instance, number(top)):
            raise foreign(where, f"it belongs to {shown(document.instance)}")
        paths = tuple(entry.path for entry in lower)
        return Link(number(top), document, top.modified, paths)


def number(entry: Entry) -> int:
    """The number of a link; 0 for what is none."""
    stem, dot, suffix = entry.name.partition(".")
    return int(stem) if dot and suffix == "json" and stem.isascii() and stem.isdigit() else 0
