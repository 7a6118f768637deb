"""Past applies, newest first; old ones are folded into a document a month."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from typing import Any, Final

from pydantic import Field

from runner.errors import StateError
from runner.models.apply_id import time_of
from runner.models.clock import Clock
from runner.models.history import PastApply
from runner.state.journal import ApplyJournal
from runner.state.store.codec import Damaged, decode, encode, parse
from runner.state.store.numbered import NumberedDocument, number_of
from runner.state.store.object_store import Store
from runner.state.store.paths import escape_id, shown

FOLD_ABOVE: Final = 300
"""When an apply finds more than so many applies in documents of their own, it folds them."""
FOLD_DOWN_TO: Final = 100
_AT_ONCE: Final = 16
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
    """The applies there are, newest first.

    Attributes:
        ended: Names of those in a document of their own: their ids, escaped.
        open: Names of those that have segments.
        months: Paths of folded ones, by their month.
    """

    ended: tuple[str, ...]
    open: tuple[str, ...]
    months: dict[str, list[str]]


class History:
    """The applies of one scope."""

    def __init__(self, store: Store, base: str, *, clock: Clock, token: Callable[[], str]) -> None:
        self._store = store
        self.applies = f"{base}/applies"
        self._months = f"{base}/history"
        self._clock = clock
        self._token = token

    def journal(self, apply_id: str) -> ApplyJournal:
        """The journal of an apply, empty until it is loaded or begun."""
        return self._at(escape_id(apply_id), apply_id)

    def _at(self, name: str, apply_id: str = "") -> ApplyJournal:
        path = f"{self.applies}/{name}"
        return ApplyJournal(
            self._store, path, apply_id=apply_id, clock=self._clock, token=self._token
        )

    async def ids(self, problems: list[StateError]) -> list[str]:
        """The ids of all applies, newest first."""
        listing = await self.listing()
        found = {*listing.ended, *listing.open}
        for paths in listing.months.values():
            found |= (await self._trees(paths, problems)).keys()
        return sorted(found, reverse=True)

    async def open(self) -> list[ApplyJournal]:
        """The applies that have not ended, as far as they can be read."""
        return await self._read((await self.listing()).open, [])

    async def listing(self) -> Listing:
        """What there is."""
        applies, months = await asyncio.gather(
            self._store.entries(self.applies), self._store.entries(self._months)
        )
        ended, open_ = set(), set()
        for entry in applies:
            parent, _, name = entry.path.removeprefix(f"{self.applies}/").rpartition("/")
            if parent and number_of(entry):
                open_.add(parent)
            elif name.endswith(".json") and not parent:
                ended.add(name.removesuffix(".json"))
        by_month: dict[str, list[str]] = {}
        for entry in months:
            by_month.setdefault(_month(entry.path), []).append(entry.path)
        newest = sorted(ended, reverse=True), sorted(open_ - ended, reverse=True)
        return Listing(tuple(newest[0]), tuple(newest[1]), by_month)

    async def past(
        self,
        *,
        since: datetime | None,
        running: Callable[[str], bool],
        problems: list[StateError] | None,
    ) -> AsyncIterator[PastApply]:
        """Past applies, newest first, read page by page as they are asked for.

        Args:
            since: Applies whose attempts were all made earlier are left out.
            running: Whether an apply is still at work.
            problems: Where to tell what can't be read; with ``None`` that is an error.
        """
        listing = await self.listing()
        loose = sorted({*listing.ended, *listing.open}, reverse=True)
        months = sorted({month_of(each) for each in loose} | set(listing.months), reverse=True)
        told: set[str] = set()
        for month in months:
            if since and month < f"{since - _LONGEST:%Y-%m}" and month != _NO_MONTH:
                return
            ids = [each for each in loose if month_of(each) == month]
            pages = [
                partial(self._read, ids[start : start + _AT_ONCE], problems)
                for start in range(0, len(ids), _AT_ONCE)
            ]
            pages.append(partial(self._folded, listing.months.get(month, ()), problems))
            for read_page in pages:
                for journal in await read_page():
                    if journal.apply_id in told:
                        continue
                    told.add(journal.apply_id)
                    past = journal.past(is_running=running(journal.apply_id))
                    if not since or any(each.intent_at >= since for each in past.attempts):
                        yield past

    async def find(self, apply_id: str, problems: list[StateError] | None) -> ApplyJournal | None:
        """One apply, wherever it is."""
        journal = self.journal(apply_id)
        if await journal.load(problems):
            return journal
        entries = await self._store.entries(self._months)
        paths = [each.path for each in entries if _month(each.path) == month_of(apply_id)]
        folded = {each.apply_id: each for each in await self._folded(paths, problems)}
        return folded.get(apply_id)

    # ---------------------------------------------------------------- looking after it

    async def has_more_than(self, number: int) -> bool:
        """Whether there are more documents of applies than ``number``."""
        return len(await self._store.entries(self.applies)) > number

    async def fold(self, keep: int) -> int:
        """Fold all but the newest applies that have ended into months; says how many.

        A month is written before its applies are deleted, so that none is ever missing.
        """
        ended = (await self.listing()).ended[keep:]
        for month, ids in groupby(ended, key=month_of):
            paths = [f"{self.applies}/{each}.json" for each in ids]
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
            trees = await self._trees(paths, problems)
            kept = {each: tree for each, tree in trees.items() if each not in ids}
            if kept != trees:
                if kept:
                    await self._add_month(month, kept)
                await self._store.delete(paths)

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
        self, names: Iterable[str], problems: list[StateError] | None
    ) -> list[ApplyJournal]:
        async def one(name: str) -> ApplyJournal | None:
            journal = self._at(name)
            try:
                return journal if await journal.load(problems) else None
            except Damaged as error:
                if problems is None:
                    raise
                problems.append(error)
                return None

        return [each for each in await asyncio.gather(*map(one, names)) if each is not None]

    async def _folded(
        self, paths: Sequence[str], problems: list[StateError] | None
    ) -> list[ApplyJournal]:
        """The applies of a month, newest first."""
        found = []
        for apply_id, tree in (await self._trees(paths, problems)).items():
            journal = self.journal(apply_id)
            try:
                journal.take_document(
                    tree, f"{self._store.where(paths[0])} ({shown(apply_id)})", problems
                )
            except Damaged as error:
                if problems is None:
                    raise
                problems.append(error)
            else:
                found.append(journal)
        return sorted(found, key=lambda journal: journal.apply_id, reverse=True)

    async def _trees(
        self, paths: Sequence[str], problems: list[StateError] | None
    ) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for path, data in zip(paths, await self._store.get_all(paths), strict=True):
            try:
                found |= (
                    {} if data is None else decode(Month, data, self._store.where(path)).applies
                )
            except Damaged as error:
                if problems is None:
                    raise
                problems.append(error)
        return found


def month_of(apply_id: str) -> str:
    """The month in which an apply began, as its documents are named."""
    began = time_of(apply_id)
    return _NO_MONTH if began is None else f"{began:%Y-%m}"


def _month(path: str) -> str:
    return path.rpartition("/")[2].partition(".")[0]
