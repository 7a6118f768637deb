"""Numbered documents: created under the next number, never overwritten; the highest is the truth.

Creating the next number is the compare-and-swap: whoever finds it taken reads again. Lower numbers
are tidied away, so a writer that slept may create one that was there before. Hence every writer
lists once more, and takes back a document that is not the highest. The highest is never deleted, so
numbers only grow and serve as fencing tokens.
"""

import asyncio
import random
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final, Generic, Self, TypeVar

from pydantic import Field

from runner.errors import StateError
from runner.models.record import FORMAT_VERSION, Document
from runner.state.store.codec import Damaged, decode, encode
from runner.state.store.object_store import Entry, Store

_TRIES: Final = 200
_KEPT: Final = 4
"""How many lower numbers may pile up before they are tidied away."""
_PAUSE: Final = 0.02
_RANDOM: Final = random.SystemRandom()
_NAME: Final = re.compile(r"([0-9]{10})\.json")


class NumberedDocument(Document):
    """One number's document."""

    format_version: int = FORMAT_VERSION
    nonce: str = ""
    """Differs in every document, to recognise one's own after a lost answer."""
    number: Annotated[int, Field(exclude=True)] = 0
    """From its path; 0 if there is no document yet."""
    written: Annotated[datetime | None, Field(exclude=True)] = None
    """When it was created, by the store's clock."""
    where: Annotated[str, Field(exclude=True)] = ""
    """Its address, for messages."""

    def stored(self, number: int, written: datetime, **more: Any) -> Self:
        """Return the document with what the store knows of it."""
        return self.model_copy(update={"number": number, "written": written, **more})


D = TypeVar("D", bound=NumberedDocument)


class DamagedTop(Damaged):
    """The highest document can't be read."""

    def __init__(self, error: Damaged, entry: Entry, data: bytes) -> None:
        super().__init__(error.message, hint=error.hint)
        self.entry = entry
        self.data = data


@dataclass(eq=False)
class Numbered(Generic[D]):
    """The numbered documents of one folder, which is asked for when it is needed.

    Every method raises ``StateError`` when the store can't be read or written, when a newer release
    wrote the highest document, and, as ``DamagedTop``, when that document is damaged.

    Attributes:
        taken_back: How many documents were created and then taken back; others may have read them.
    """

    store: Store
    folder: Callable[[], Awaitable[str]]
    model: type[D]
    token: Callable[[], str]
    taken_back: int = field(default=0, init=False)
    _last: D | None = field(default=None, init=False)

    async def read(self) -> D:
        """Read the highest document; an empty one if there is none."""
        for _ in range(_TRIES):
            entries = await self._entries()
            if not entries:
                self._last = self._last or self.model()
                return self.model()
            top = entries[-1]
            if self._last and self._last.number == number_of(top):
                return self._last
            data = await self.store.get(top.path)
            if data is None:  # tidied away since it was listed
                continue
            where = self.store.where(top.path)
            try:
                document = decode(self.model, data, where)
            except Damaged as error:
                raise DamagedTop(error, top, data) from None
            self._last = document.stored(number_of(top), top.modified, where=where)
            return self._last
        raise await self._too_busy()

    async def change(self, make: Callable[[D], D | None], *, floor: int = 0) -> D:
        """Create the next document, and try again from the new truth while others are faster.

        Args:
            make: Given the truth, returns the next document; the same, or ``None``, if nothing has
                to change. The truth may hold its change already.
            floor: The first number is above it.
        """
        before, is_fresh = self._last, False
        for tries in range(_TRIES):
            if before is None:
                before, is_fresh = await self.read(), True
            document = make(before)
            if document is not None and document != before:
                created = await self._create(max(before.number, floor) + 1, document)
                if created is not None:
                    return created
                if tries > 1:
                    await asyncio.sleep(_RANDOM.uniform(0, _PAUSE * min(tries, 25)))
            elif is_fresh:
                return before
            before = None
        raise await self._too_busy()

    async def replace(self, damaged: DamagedTop, document: D) -> None:
        """Put a document above a damaged one, which is kept under another name."""
        number = number_of(damaged.entry)
        kept = f"{await self.folder()}/damaged-{number}-{self.token()}.txt"
        await self.store.create(kept, damaged.data)
        await self._create(number + 1, document)

    async def _create(self, number: int, document: D) -> D | None:
        """Create a document; return ``None`` if its number was taken, or is not the highest."""
        path = path_of(await self.folder(), number)
        document = document.model_copy(update={"nonce": self.token()})
        if not await self.store.create(path, encode(document)):
            return None
        entries = await self._entries()
        if not entries or number_of(entries[-1]) != number:
            self.taken_back += 1
            await self.store.tidy([path])
            return None
        where = self.store.where(path)
        self._last = document.stored(number, entries[-1].modified, where=where)
        if len(entries) > _KEPT:
            # The lowest first: whoever sees one of them gone has missed all before it.
            await self.store.tidy([entry.path for entry in entries[:-1]])
        return self._last

    async def _entries(self) -> list[Entry]:
        """The documents, lowest number first."""
        folder = await self.folder()
        entries = await self.store.entries(folder)
        return [e for e in entries if number_of(e) and e.path == f"{folder}/{e.name}"]

    async def _too_busy(self) -> StateError:
        where = self.store.where(await self.folder())
        return StateError(
            f"{where} was changed by others each time it was read.", hint="Try again."
        )


def path_of(folder: str, number: int) -> str:
    """Return the path of a document in ``folder``; numbers sort as text."""
    return f"{folder}/{number:010}.json"


def number_of(entry: Entry) -> int:
    """The number of a document; 0 for anything else."""
    found = _NAME.fullmatch(entry.name)
    return int(found[1]) if found else 0
