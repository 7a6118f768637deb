"""The journal of an apply: numbered segments while it runs, one document once it has ended.

Group commit: one write is under way at a time, and what comes meanwhile goes into the next one. A
segment holds only what changed. Whoever takes over an apply that is gone adds a segment first, so
that its late owner finds the next number taken and learns that it was replaced.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

from runner.models.clock import within
from runner.models.history import PastApply
from runner.models.record import Attempt
from runner.state.apply_document import ApplyDocument
from runner.state.lock_table import taken_over
from runner.state.locks import Locks
from runner.state.place import Place
from runner.state.store.codec import Tree, encode
from runner.state.store.numbered import path_of
from runner.state.store.object_store import looked_at

_LAG: Final = 3.0
"""Outcomes may be written this many seconds late: the API can be asked for them again."""
_SLOWER: Final = 0.01
_SLOWEST: Final = 0.5
"""With each segment the next one waits a little longer, so that many sessions share it."""


class ApplyJournal:
    """Adds to what is known of one apply; made by ``State.begin`` and ``State.take_over``.

    Attributes:
        attempts: By instance.
        is_kept: Whether all that was noted is written.
    """

    def __init__(
        self, place: Place, path: str, apply: ApplyDocument, locks: Locks, *, is_own: bool
    ) -> None:
        self.apply_id = apply.apply_id
        self.attempts = apply.read()
        self.is_kept = False
        self._store = place.store
        self._clock = place.clock
        self._token = place.token
        self._path = path
        self._head = apply.model_copy(update={"attempts": {}})
        self._is_over = apply.is_over
        self._number = apply.segments
        self._locks = locks
        self._is_own = is_own
        self._is_replaced = False
        self._touched: set[str] = set()
        self._dirty: dict[str, Attempt] = {}
        self._written: dict[str, Tree] = {}
        self._unsure: tuple[int, bytes] | None = None
        self._writing = asyncio.Lock()
        self._next: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._paused_until = 0.0

    async def take_over(self, names: Iterable[str]) -> bool:
        """Keep the late owner of the apply from writing; it left ``names`` open.

        Returns:
            Whether that was done; else it wrote more meanwhile, which has to be read first.
        """
        self._touched |= self.attempts.keys() & set(names)
        before = self._number
        if not self._is_over:
            await self._add({})
        return self._number <= before + 1

    async def put(self, attempt: Attempt, *, durable: bool) -> None:
        """Note how far an attempt got, and wait until that is written if it has to be ``durable``.

        Raises:
            StateError: It can't be written, or another process took the apply over.
        """
        name = attempt.instance
        self.attempts[name] = self._dirty[name] = attempt
        self._touched.add(name)
        if attempt.is_open:  # that it is not any more is told once all of it is kept
            self._locks.note(self.apply_id, name, is_open=True)
        if self._next is None or self._next.done():
            self._next = asyncio.create_task(self._write())
            self._next.add_done_callback(looked_at)
        if durable:
            self._wake.set()
            await asyncio.shield(self._next)

    async def flush(self) -> None:
        """Write what is left to write, or raise ``StateError``."""
        self._wake.set()
        if self._next is not None:
            await asyncio.wait({self._next})
        async with self._writing:
            await self._commit()

    async def end(self, exit_code: int | None = None) -> None:
        """Write what is left, and all in one document if nothing is open any more.

        Raises:
            StateError: It can't be written, or another process took the apply over.
        """
        self.is_kept = False
        if self._is_replaced:
            raise taken_over(self.apply_id)
        if not any(attempt.is_open for attempt in self.attempts.values()):
            self._dirty.clear()  # the whole holds it
        await self.flush()
        if not self._is_over and (self._number or self.attempts):
            await self._end(exit_code)
        self.is_kept = True

    def past(self) -> PastApply:
        """Return the apply as history will show it, with what it never started."""
        return self._head.past(self.attempts)

    def touched(self) -> list[Attempt]:
        """Return the attempts that were noted here, or left open by a late owner."""
        return [self.attempts[name] for name in sorted(self._touched)]

    async def _end(self, exit_code: int | None) -> None:
        attempts, before = self.past().attempts, self._number
        trees = {each.instance: _tree(each) for each in attempts}
        if not any(attempt.is_open for attempt in attempts):
            document = self._document(attempts=trees, segments=before, exit_code=exit_code)
            if await self._store.create(f"{self._path}.json", document):
                await self._take_back_if_late(f"{self._path}.json", before)
            self._is_over = True
        elif self._is_own and before > 1:  # one segment: it is left open, and will be read often
            await self._add({name: trees[name] for name in self.attempts}, is_whole=True)
        else:
            return
        segments = (path_of(self._path, number) for number in range(1, before + 1))
        await self._store.tidy(segments)

    # ---------------------------------------------------------------- writing

    async def _write(self) -> None:
        """Write what is noted until the write before it has ended, and the pause is over."""
        async with self._writing:
            await self._pace()
            self._next = None
            self._wake.clear()
            await self._commit()

    async def _pace(self) -> None:
        await asyncio.sleep(0)  # what others note in the same turn
        with suppress(TimeoutError):
            await within(self._clock, _LAG, self._wake.wait())
        await self._clock.sleep(max(self._paused_until - self._clock.monotonic(), 0))

    async def _commit(self) -> None:
        """Create a segment of what changed."""
        if self._unsure:  # it may have been written: only the same again is safe
            await self._create(*self._unsure)
        batch, self._dirty = self._dirty, {}
        changed = {}
        for name, attempt in batch.items():
            tree, before = _tree(attempt), self._written.get(name, {})
            changed[name] = {key: tree[key] for key in tree if tree[key] != before.get(key)}
            self._written[name] = tree
        if changed:
            await self._add(changed)

    async def _add(self, changed: dict[str, Tree], *, is_whole: bool = False) -> None:
        planned = self._head.planned if is_whole or not self._number else None
        segment = self._document(attempts=changed, planned=planned, is_whole=is_whole)
        await self._create(self._number + 1, segment)
        self._paused_until = self._clock.monotonic() + min(self._number * _SLOWER, _SLOWEST)

    async def _create(self, number: int, data: bytes) -> None:
        self._unsure = number, data
        while not await self._store.create(path_of(self._path, number), data):
            if self._is_own:
                self._unsure, self._is_replaced = None, True
                raise taken_over(self.apply_id)
            number += 1
        self._unsure, self._number = None, number
        await self._take_back_if_late(path_of(self._path, number), number - 1)

    async def _take_back_if_late(self, path: str, number: int) -> None:
        """Delete what was written at ``path`` if another process ended and tidied the apply.

        Segment ``number``, written before it, is gone then; 0 stands for none. This is only asked
        once the lock may be another's, and not of an owner's first segment: it sends nothing.
        """
        if not ((number or not self._is_own) and self._locks.lost):
            return
        if not number or await self._store.get(path_of(self._path, number)) is None:
            await self._store.delete([path])
            self._is_replaced = True
            raise taken_over(self.apply_id)

    def _document(self, **fields: Any) -> bytes:
        defaults = {"nonce": self._token(), "is_whole": False, "segments": 0}
        return encode(self._head.model_copy(update={**defaults, **fields}))


def _tree(attempt: Attempt) -> Tree:
    left_out = {"instance", "apply_id", "by"}
    return attempt.model_dump(mode="json", by_alias=True, exclude=left_out, exclude_defaults=True)
