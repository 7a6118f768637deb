"""Numbered documents: created under the next number, never overwritten; the highest is the truth.

To create the next number is the compare-and-swap: whoever finds it taken reads again. Lower numbers
are tidied away, so a writer that slept may create one that was there before. Hence whoever creates
lists once more, and takes back what is not the highest. The highest is never deleted, so numbers
only grow and serve as fencing tokens.
"""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Generic, TypeVar

from runner.errors import StateError
from runner.models.record import FORMAT_VERSION, Document
from runner.state.store.codec import Damaged, decode, encode
from runner.state.store.object_store import Entry, Store

_TRIES: Final = 200
_KEPT: Final = 4
"""So many lower numbers may pile up before they are tidied away."""
_PAUSE: Final = 0.02


class NumberedDocument(Document):
    """One number's document."""

    format_version: int = FORMAT_VERSION
    nonce: str = ""
    """Differs in every document, so that one's own is known after an answer was lost."""


D = TypeVar("D", bound=NumberedDocument)


@dataclass(frozen=True, slots=True)
class Version(Generic[D]):
    """The highest document; number 0 where there is none.

    Attributes:
        written: When it was created, by the store's clock.
    """

    number: int = 0
    document: D | None = None
    written: datetime | None = None


class DamagedTop(Damaged):
    """The highest document can't be read."""

    def __init__(self, error: Damaged, number: int, written: datetime, data: bytes) -> None:
        super().__init__(error.message, hint=error.hint)
        self.number = number
        self.written = written
        self.data = data


class Numbered(Generic[D]):
    """The numbered documents of one folder.

    Attributes:
        taken_back: How many documents counted at first, perhaps, and were taken back.
    """

    def __init__(
        self,
        store: Store,
        folder: str,
        model: type[D],
        *,
        token: Callable[[], str],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self.folder = folder
        self.taken_back = 0
        self._store = store
        self._model = model
        self._token = token
        self._sleep = sleep
        self._rng = random.SystemRandom()
        self._last: Version[D] | None = None  # until it is read

    async def read(self) -> Version[D]:
        """The truth just now.

        Raises:
            DamagedTop: It is cut off, or something else.
            StateError: The store can't be read, or a newer release wrote it.
        """
        for _ in range(_TRIES):
            entries = await self._entries()
            if not entries:
                self._last = self._last or Version()
                return Version()
            top = entries[-1]
            if self._last and number_of(top) == self._last.number:
                return self._last
            data = await self._store.get(top.path)
            if data is not None:  # else it was tidied away in between
                return self._remember(top, data)
        raise self._too_busy()

    async def change(self, make: Callable[[Version[D]], D | None], *, floor: int = 0) -> Version[D]:
        """Create the next document, again from what is true by then until nobody was faster.

        Args:
            make: The next document, given the truth; ``None`` where there is nothing to change.
                A change that the truth has already is nothing to change.
            floor: The first number is above it.

        Raises:
            StateError: The store can't be read or written.
        """
        version, is_fresh = self._last, False
        if version is None:
            version, is_fresh = await self.read(), True
        for tries in range(_TRIES):
            document = make(version)
            if document is None and is_fresh:
                return version
            if document is not None:
                created = await self._create(max(version.number, floor) + 1, document)
                if created is not None:
                    return created
                if tries > 1:
                    await self._sleep(self._rng.uniform(0, _PAUSE * min(tries, 25)))
            version, is_fresh = await self.read(), True
        raise self._too_busy()

    async def replace(self, damaged: DamagedTop, document: D) -> None:
        """Put a document above a damaged one, unless somebody else did."""
        await self._create(damaged.number + 1, document)

    def path(self, number: int) -> str:
        """Where a number's document is; numbers sort as text."""
        return f"{self.folder}/{number:010}.json"

    async def _create(self, number: int, document: D) -> Version[D] | None:
        path = self.path(number)
        document = document.model_copy(update={"nonce": self._token()})
        if not await self._store.create(path, encode(document)):
            return None
        entries = await self._entries()
        if not entries or number_of(entries[-1]) != number:
            self.taken_back += 1
            await self._store.tidy([path])
            return None
        self._last = Version(number, document, entries[-1].modified)
        if len(entries) > _KEPT:
            # The lowest first: whoever sees one of them gone has missed all before it.
            await self._store.tidy([entry.path for entry in entries[:-1]])
        return self._last

    async def _entries(self) -> list[Entry]:
        """The documents, lowest number first."""
        entries = await self._store.entries(self.folder)
        own = [entry for entry in entries if number_of(entry)]
        own = [entry for entry in own if entry.path == self.path(number_of(entry))]
        return sorted(own, key=number_of)

    def _remember(self, top: Entry, data: bytes) -> Version[D]:
        try:
            document = decode(self._model, data, self._store.where(top.path))
        except Damaged as error:
            raise DamagedTop(error, number_of(top), top.modified, data) from None
        self._last = Version(number_of(top), document, top.modified)
        return self._last

    def _too_busy(self) -> StateError:
        return StateError(
            f"{self._store.where(self.folder)} was changed by others each time it was read.",
            hint="Try again.",
        )


def number_of(entry: Entry) -> int:
    """The number of a document; 0 for anything else."""
    stem, dot, suffix = entry.name.partition(".")
    is_number = dot and suffix == "json" and stem.isascii() and stem.isdigit() and len(stem) < 16
    return int(stem) if is_number else 0
