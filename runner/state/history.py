"""Past applies, newest first; old ones are folded into a document a month."""

import asyncio
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
)
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import chain, count, groupby
from typing import Final, NamedTuple

from pydantic import Field

from runner.models.apply_id import time_of
from runner.state.apply_document import ApplyDocument
from runner.state.apply_reader import document_of, read_apply
from runner.state.store.codec import (
    Damaged,
    Problems,
    Tree,
    decode,
    encode,
    parse,
    tolerating,
)
from runner.state.store.numbered import NumberedDocument, number_of
from runner.state.store.object_store import Store
from runner.state.store.paths import escape_id, shown

_AT_ONCE: Final = 10
_BYTES_AT_ONCE: Final = 8 * 1024 * 1024
"""How many applies are read at once, fewer if they are large; folded ones may be as many."""
_LONGEST: Final = timedelta(days=2)
"""No apply takes longer."""
_EPOCH: Final = datetime.fromtimestamp(0, UTC)
_NO_MONTH: Final = "0000-00"
"""Of an apply whose id does not tell its time."""


class Month(NumberedDocument):
    """``history/<year>-<month>.json``, and ``history/<year>-<month>.<n>.json`` for what came later.

    An apply that two of them have is the same in both.
    """

    applies: dict[str, Tree] = Field(default_factory=dict)
    """Documents of applies, by their ids."""


class Loose(NamedTuple):
    """An apply that is not folded: its bytes, whether it has ended, the segments left."""

    size: int
    is_over: bool
    segments: list[str]


class History:
    """The applies of one scope.

    What can't be read is left out and added to ``problems``; with ``None`` it is an error.
    """

    def __init__(
        self, store: Store, base: str, token: Callable[[], str], problems: Problems
    ) -> None:
        self._store = store
        self._applies = f"{base}/applies"
        self._months = f"{base}/history"
        self._token = token
        self._problems = problems

    def path(self, apply_id: str) -> str:
        """Return where the segments of an apply are."""
        return f"{self._applies}/{escape_id(apply_id)}"

    async def loose(self) -> dict[str, Loose]:
        """List the applies that are not folded by their escaped ids, newest first."""
        found: dict[str, Loose] = {}
        for entry in reversed(await self._store.entries(self._applies)):
            name, slash, _ = entry.path.removeprefix(f"{self._applies}/").partition("/")
            name = name if slash else name.removesuffix(".json")
            size, _, segments = found.get(name, Loose(0, False, []))
            if slash and number_of(entry):
                found[name] = Loose(size + entry.size, False, [*segments, entry.path])
            elif not slash and entry.name.endswith(".json"):  # its segments came before
                found[name] = Loose(entry.size, True, segments)
        return found

    async def months(self) -> dict[str, list[str]]:
        """List the paths of folded applies, by their month."""
        paths: dict[str, list[str]] = {}
        for entry in await self._store.entries(self._months):
            month = entry.name.partition(".")[0]
            paths.setdefault(month, []).append(entry.path)
        return paths

    async def ids(self) -> list[str]:
        """Return the ids of all applies, newest first."""
        found, is_whole = set(await self.loose()), False
        while not is_whole:
            is_whole = True
            for _, path in _flat(await self.months()):
                applies = await self._month(path)
                is_whole &= applies is not None  # else a prune has replaced it
                found |= (applies or {}).keys()
        return sorted(found, reverse=True)

    async def open(self) -> list[ApplyDocument]:
        """Read the applies that have not ended."""
        loose = await self.loose()
        return await self.read(name for name, each in loose.items() if not each.is_over)

    async def read(self, names: Iterable[str]) -> list[ApplyDocument]:
        """Read applies that are not folded, by their escaped ids; leave out those that are gone."""
        found: dict[str, ApplyDocument | None] = dict.fromkeys(names)

        async def one(name: str) -> None:
            with tolerating(self._problems):
                found[name] = await read_apply(
                    self._store, f"{self._applies}/{name}", self._problems
                )

        await asyncio.gather(*map(one, found))
        return [each for each in found.values() if each is not None]

    async def find(self, ids: Iterable[str]) -> AsyncIterator[ApplyDocument]:
        """Read applies, wherever they are; leave out those that are gone."""
        missing = dict.fromkeys(ids)
        unfinished: list[ApplyDocument] = []  # a late owner may have written beside a month
        for page in _pages(dict.fromkeys(missing, 0)):
            for apply in await self.read(map(escape_id, page)):
                if not apply.is_over:
                    unfinished.append(apply)
                    continue
                missing.pop(apply.apply_id, None)
                yield apply
        is_whole = not missing
        while not is_whole:
            is_whole = True
            for month, path in _flat(await self.months()):
                found = await self._folded(path) if month in map(_month_of, missing) else []
                is_whole &= found is not None
                for apply in found or ():
                    if apply.apply_id in missing:
                        del missing[apply.apply_id]
                        yield apply
        for apply in unfinished:
            if apply.apply_id in missing:
                yield apply

    async def past(self, since: datetime | None = None) -> AsyncIterator[ApplyDocument]:
        """Past applies, newest first, read page by page as they are asked for.

        Args:
            since: Applies that must have ended before then are not read.
        """
        # In this order, since an apply that is folded is first in a month and then gone here.
        loose, months = await self.loose(), await self.months()
        oldest = max(since or _EPOCH, _EPOCH) - _LONGEST
        sizes: dict[str, dict[str, int]] = {
            month: {} for month in months if month >= f"{oldest:%Y-%m}" or month == _NO_MONTH
        }
        for name, each in loose.items():
            if (time_of(name) or oldest) >= oldest:
                sizes.setdefault(_month_of(name), {})[name] = each.size
        told: set[str] = set()
        for month in sorted(sizes, reverse=True):
            for page in _pages(sizes[month]):
                applies = await self.read(page)
                if len(applies) < len(page):  # some may have been folded since
                    months = await self.months()
                for apply in applies:
                    told.add(apply.apply_id)
                    yield apply
            while None in (found := [await self._folded(path) for path in months.get(month, ())]):
                months = await self.months()
            folded = chain.from_iterable(filter(None, found))
            for apply in sorted(folded, key=lambda each: each.apply_id, reverse=True):
                if apply.apply_id not in told:
                    told.add(apply.apply_id)
                    yield apply

    # ---------------------------------------------------------------- maintenance

    async def fold(
        self, unsettled: Callable[[], Awaitable[Collection[str]]], keep: int, above: int = 0
    ) -> int:
        """Fold all but the newest ``keep`` applies that have ended into months; return how many.

        Nothing is done unless there are more than ``above``. A month is written before its applies
        are deleted, so that none is ever missing. Those that the table of records may not have
        stay: they are read as long as they are ``unsettled``.
        """
        loose = await self.loose()
        ended = [(name, each.size) for name, each in loose.items() if each.is_over]
        if len(ended) <= above:
            return 0
        spared = set(map(escape_id, await unsettled()))
        old = [(name, size) for name, size in ended[keep:] if name not in spared]
        folded = 0
        for month, sizes in groupby(old, key=lambda each: _month_of(each[0])):
            for page in _pages(dict(sizes), most=len(old)):
                paths = [f"{self._applies}/{each}.json" for each in page]
                documents = await asyncio.gather(*map(self._store.get, paths))
                found: dict[str, tuple[str, Tree]] = {}
                for name, path, data in zip(page, paths, documents, strict=True):
                    with suppress(Damaged):  # it stays, and is reported when it is read
                        tree = parse(data or b"", path)
                        found[name] = document_of(tree, name, path).apply_id, tree
                if found:
                    await self._add_month(month, dict(found.values()))
                    # What a killed owner left of a journal would pass for an apply that runs.
                    left = (loose[name].segments for name in found)
                    await self._store.tidy(chain.from_iterable(left))
                    await self._store.tidy(f"{self._applies}/{name}.json" for name in found)
                    folded += len(found)
        return folded

    async def drop(self, ids: Collection[str]) -> None:
        """Delete applies, wherever they are."""
        doomed, start = set(map(escape_id, ids)), len(f"{self._applies}/")
        paths = [entry.path for entry in await self._store.entries(self._applies)]
        await self._store.delete(
            path for path in paths if path[start:].partition("/")[0].removesuffix(".json") in doomed
        )
        for month, folded in (await self.months()).items():
            for path in folded:
                trees = await self._month(path) or {}
                kept = {each: tree for each, tree in trees.items() if each not in ids}
                if kept != trees:
                    if kept:
                        await self._add_month(month, kept)
                    await self._store.delete([path])

    # ---------------------------------------------------------------- months

    async def _add_month(self, month: str, applies: dict[str, Tree]) -> None:
        """Create the next document of a month.

        No number is used again, so that readers notice when a prune has replaced one.
        """
        document = encode(Month(nonce=self._token(), applies=applies))
        last = max(map(_number, (await self.months()).get(month, ())), default=0)
        for number in count(last + 1):
            name = f"{month}.{number}.json" if number > 1 else f"{month}.json"
            if await self._store.create(f"{self._months}/{name}", document):
                break

    async def _folded(self, path: str) -> list[ApplyDocument] | None:
        """Read the applies in a document of a month; ``None`` if a prune has replaced it."""
        applies, found = await self._month(path), []
        if applies is None:
            return None
        for apply_id, tree in applies.items():
            where = f"{self._store.where(path)} ({shown(apply_id)})"
            with tolerating(self._problems):
                found.append(document_of(tree, escape_id(apply_id), where))
        return found

    async def _month(self, path: str) -> dict[str, Tree] | None:
        data = await self._store.get(path)
        applies: dict[str, Tree] | None = None if data is None else {}
        with tolerating(self._problems):
            if data is not None:
                applies = decode(Month, data, self._store.where(path)).applies
        return applies


def _flat(months: Mapping[str, Iterable[str]]) -> Iterator[tuple[str, str]]:
    """Yield each document of ``months`` with its month."""
    return ((month, path) for month, paths in months.items() for path in paths)


def _number(path: str) -> int:
    """Return the number of a document of a month; the first has none in its name."""
    number = path.rpartition("/")[2].partition(".")[2].removesuffix(".json")
    return int(number) if number.isdecimal() else 1


def _month_of(apply_id: str) -> str:
    """Return the month in which an apply began, as documents of months are named."""
    began = time_of(apply_id)
    return _NO_MONTH if began is None else f"{began:%Y-%m}"


def _pages(sizes: dict[str, int], most: int = _AT_ONCE) -> Iterator[list[str]]:
    """Yield the names of ``sizes``, few enough at once for the memory of a small machine."""
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
