"""Past applies, newest first; old ones are folded into a document a month."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final

from pydantic import Field

from runner.errors import StateError
from runner.models.apply_id import time_of
from runner.models.clock import Clock
from runner.state.apply_document import Pick
from runner.state.journal import ApplyJournal
from runner.state.store.codec import Damaged, decode, encode, parse, tell
from runner.state.store.numbered import NumberedDocument, number_of
from runner.state.store.object_store import Store
from runner.state.store.paths import escape_id, shown

FOLD_ABOVE: Final = 300
"""When an apply finds more than so many applies in documents of their own, it folds them."""
FOLD_DOWN_TO: Final = 100
_AT_ONCE: Final = 10
_BYTES_AT_ONCE: Final = 8 * 1024 * 1024
"""So many applies are read at once, fewer where they are large; folded, they may be as many."""
_LONGEST: Final = timedelta(days=2)
"""No apply goes on for longer."""
_NO_MONTH: Final = "0000-00"


class Month(NumberedDocument):
    """``history/<year>-<month>.json``, and ``history/<year>-<month>.<n>.json`` for what came later.

    An apply that two of them have is the same in both.
    """

    applies: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Documents of applies, by their ids."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The applies there are: names (ids, escaped) and bytes, newest first.

    Attributes:
        ended: Those in a document of their own.
        open: Those that have segments.
        months: Paths of folded ones, by their month.
    """

    ended: dict[str, int]
    open: dict[str, int]
    months: dict[str, list[str]]


class History:
    """The applies of one scope.

    Those who read many documents name a list of ``problems``: what can't be read is told there and
    left out; with ``None`` it is an error.
    """

    def __init__(self, store: Store, base: str, *, clock: Clock, token: Callable[[], str]) -> None:
        self._store = store
        self.applies = f"{base}/applies"
        self._months = f"{base}/history"
        self._clock = clock
        self._token = token

    def journal(self, apply_id: str) -> ApplyJournal:
        """The journal of an apply, empty until it is loaded or begun."""
        return self._at(escape_id(apply_id), apply_id)

    def _at(self, name: str, apply_id: str = "", pick: Pick | None = None) -> ApplyJournal:
        journal = ApplyJournal(
            self._store,
            f"{self.applies}/{name}",
            apply_id=apply_id,
            clock=self._clock,
            token=self._token,
        )
        if pick is not None:
            journal.pick = pick
        return journal

    async def ids(self, problems: list[StateError]) -> list[str]:
        """The ids of all applies, newest first."""
        listing = await self.listing()
        found = {*listing.ended, *listing.open}
        for paths in listing.months.values():
            for path in paths:
                found |= (await self._month(path, problems)).keys()
        return sorted(found, reverse=True)

    async def open(self) -> list[ApplyJournal]:
        """The applies that have not ended, as far as they can be read."""
        return await self._read((await self.listing()).open, None, [])

    async def listing(self) -> Listing:
        """What there is."""
        applies, months = await asyncio.gather(
            self._store.entries(self.applies), self._store.entries(self._months)
        )
        ended: dict[str, int] = {}
        open_: dict[str, int] = {}
        for entry in reversed(applies):
            parent, _, name = entry.path.removeprefix(f"{self.applies}/").rpartition("/")
            if parent and number_of(entry):
                open_[parent] = open_.get(parent, 0) + entry.size
            elif name.endswith(".json") and not parent:
                ended[name.removesuffix(".json")] = entry.size
        by_month: dict[str, list[str]] = {}
        for entry in months:
            by_month.setdefault(_month_in(entry.path), []).append(entry.path)
        still_open = {name: size for name, size in open_.items() if name not in ended}
        return Listing(_newest_first(ended), _newest_first(still_open), by_month)

    async def past(
        self,
        *,
        pick: Pick | None = None,
        since: datetime | None = None,
        problems: list[StateError] | None,
    ) -> AsyncIterator[ApplyJournal]:
        """Past applies, newest first, read page by page as they are asked for.

        Args:
            pick: What to read of each attempt; all by default.
            since: Applies that surely ended before then need not be read.
            problems: See the class.
        """
        listing = await self.listing()
        sizes = _newest_first(listing.ended | listing.open)
        if since:
            sizes = {each: size for each, size in sizes.items() if _may_last_until(since, each)}
        first = f"{since - _LONGEST:%Y-%m}" if since else ""
        told: set[str] = set()
        months = {month_of(each) for each in sizes} | set(listing.months)
        for month in sorted(months, reverse=True):
            if _NO_MONTH < month < first:
                return
            loose = {each: size for each, size in sizes.items() if month_of(each) == month}
            for page in _pages(loose):
                for journal in await self._read(page, pick, problems):
                    told.add(journal.apply_id)
                    yield journal
            folded = [
                journal
                for path in listing.months.get(month, ())
                for journal in await self._folded(path, pick, problems)
            ]
            for journal in sorted(folded, key=lambda each: each.apply_id, reverse=True):
                if journal.apply_id not in told:
                    told.add(journal.apply_id)
                    yield journal

    async def find(
        self, ids: Iterable[str], problems: list[StateError] | None, pick: Pick | None = None
    ) -> AsyncIterator[ApplyJournal]:
        """Applies, wherever they are, each as it is read; those that are gone are left out."""
        by_month: dict[str, set[str]] = {}
        wanted = list(ids)
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            found = {
                each.apply_id: each
                for each in await self._read(map(escape_id, some), pick, problems)
            }
            for apply_id in some:
                if apply_id in found:
                    yield found.pop(apply_id)
                else:
                    by_month.setdefault(month_of(apply_id), set()).add(apply_id)
        entries = await self._store.entries(self._months) if by_month else []
        for entry in entries:
            missing = by_month.get(_month_in(entry.path), set())
            for journal in await self._folded(entry.path, pick, problems) if missing else ():
                if journal.apply_id in missing:
                    missing.remove(journal.apply_id)
                    yield journal

    # ---------------------------------------------------------------- looking after it

    async def has_more_than(self, number: int) -> bool:
        """Whether there are more documents of applies than ``number``."""
        return len(await self._store.entries(self.applies)) > number

    async def fold(self, keep: int) -> int:
        """Fold all but the newest applies that have ended into months; says how many.

        A month is written before its applies are deleted, so that none is ever missing.
        """
        ended = dict(list((await self.listing()).ended.items())[keep:])
        for month, names in groupby(ended, key=month_of):
            for page in _pages({each: ended[each] for each in names}, most=len(ended)):
                paths = [f"{self.applies}/{each}.json" for each in page]
                found: dict[str, Any] = {}
                read = []
                for path, data in zip(paths, await self._store.get_all(paths), strict=True):
                    with suppress(Damaged):  # it stays where it is, and is told of when it is read
                        tree = parse(data or b"", path)
                        found[tree["applyId"]] = tree
                        read.append(path)
                await self._add_month(month, found)
                await self._store.tidy(read)
        return len(ended)

    async def drop(self, ids: Collection[str], problems: list[StateError]) -> None:
        """Delete applies, wherever they are."""
        doomed = {escape_id(each) for each in ids}
        entries = await self._store.entries(self.applies)
        names = [(each.path.removeprefix(f"{self.applies}/"), each.path) for each in entries]
        await self._store.delete(
            path for name, path in names if name.partition("/")[0].removesuffix(".json") in doomed
        )
        for month, paths in (await self.listing()).months.items():
            for path in paths:
                trees = await self._month(path, problems)
                kept = {each: tree for each, tree in trees.items() if each not in ids}
                if kept != trees:
                    if kept:
                        await self._add_month(month, kept)
                    await self._store.delete([path])

    async def _add_month(self, month: str, applies: dict[str, Any]) -> None:
        document = Month(nonce=self._token(), applies=applies)
        for number in range(1, 1000):
            suffix = "" if number == 1 else f".{number}"
            path = f"{self._months}/{month}{suffix}.json"
            if await self._store.create(path, encode(document)):
                return
        raise StateError(f"{self._store.where(self._months)} is full.")

    # ---------------------------------------------------------------- reading

    async def _read(
        self, names: Iterable[str], pick: Pick | None, problems: list[StateError] | None
    ) -> list[ApplyJournal]:
        async def one(name: str) -> ApplyJournal | None:
            journal = self._at(name, pick=pick)
            try:
                return journal if await journal.load(problems) else None
            except Damaged as error:
                tell(error, problems)
                return None

        return [each for each in await asyncio.gather(*map(one, names)) if each is not None]

    async def _folded(
        self, path: str, pick: Pick | None, problems: list[StateError] | None
    ) -> list[ApplyJournal]:
        """The applies in a document of a month."""
        found = []
        for apply_id, tree in (await self._month(path, problems)).items():
            journal = self._at(escape_id(apply_id), apply_id, pick)
            where = f"{self._store.where(path)} ({shown(apply_id)})"
            try:
                journal.take_document(tree, where, problems)
            except Damaged as error:
                tell(error, problems)
            else:
                found.append(journal)
        return found

    async def _month(self, path: str, problems: list[StateError] | None) -> dict[str, Any]:
        data = await self._store.get(path)
        try:
            return {} if data is None else decode(Month, data, self._store.where(path)).applies
        except Damaged as error:
            tell(error, problems)
            return {}


def month_of(apply_id: str) -> str:
    """The month in which an apply began, as its documents are named."""
    began = time_of(apply_id)
    return _NO_MONTH if began is None else f"{began:%Y-%m}"


def _may_last_until(moment: datetime, apply_id: str) -> bool:
    began = time_of(apply_id)
    return began is None or began > moment - _LONGEST


def _month_in(path: str) -> str:
    return path.rpartition("/")[2].partition(".")[0]


def _newest_first(sizes: dict[str, int]) -> dict[str, int]:
    return dict(sorted(sizes.items(), reverse=True))


def _pages(sizes: dict[str, int], most: int = _AT_ONCE) -> Iterator[list[str]]:
    """The names of ``sizes``, few enough at once for the memory of a small machine."""
    page: list[str] = []
    taken = 0
    for name, size in sizes.items():
        if page and (len(page) == most or taken + size > _BYTES_AT_ONCE):
            yield page
            page, taken = [], 0
        page.append(name)
        taken += size
    if page:
        yield page
