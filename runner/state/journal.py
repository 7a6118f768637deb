"""The journal of an apply: numbered segments while it runs, one document once it has ended.

Group commit: one write is under way at a time, and what comes meanwhile goes into the next one. A
segment holds only what changed. Who takes over an apply that is gone adds a segment first, so that
its late owner finds the next number taken and learns that it was replaced.
"""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final, Protocol

from runner.errors import StateError
from runner.models.clock import Clock
from runner.models.record import Attempt, Initiator
from runner.state.apply_document import ApplyDocument, ApplyReader
from runner.state.lock_table import taken_over
from runner.state.store.codec import Tree, encode
from runner.state.store.object_store import Store, looked_at

_LAG: Final = 3.0
"""Outcomes may be written so many seconds late: the API can be asked for them again."""
_SLOWER: Final = 0.01
_SLOWEST: Final = 0.5
"""With each segment the next one waits a little longer, so that many sessions share it."""

_HEAD: Final = ("by", "started_at", "planned")


class Noting(Protocol):
    """Locks, as a journal sees them."""

    def note(self, apply_id: str, instance: str, *, is_open: bool) -> None:
        """Have their release tell whether an attempt is still without an outcome."""
        ...


class ApplyJournal(ApplyReader):
    """The way to add to what is known of one apply.

    Attributes:
        is_kept: Whether all that was noted is written.
    """

    def __init__(
        self,
        store: Store,
        path: str,
        *,
        apply_id: str = "",
        clock: Clock,
        token: Callable[[], str],
    ) -> None:
        super().__init__(store, path, apply_id)
        self.is_kept = False
        self._clock = clock
        self._token = token
        self._is_own = False
        self._locks: Noting | None = None
        self._touched: set[str] = set()
        self._dirty: dict[str, Attempt] = {}
        self._waiting: list[asyncio.Future[None]] = []
        self._unsure: tuple[int, bytes] | None = None
        self._wake = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None
        self._paused_until = 0.0

    def begin(self, locks: Noting, planned: dict[str, str], by: Initiator, now: datetime) -> None:
        """Make it the journal of an apply that begins; nothing is written yet."""
        self._locks, self._is_own = locks, True
        self._head = {"by": by.model_dump(), "started_at": now, "planned": planned}

    async def take_over(self, locks: Noting, names: Iterable[str]) -> None:
        """Go on in the journal of an apply whose owner is gone.

        Args:
            locks: Noting that are held.
            names: Instances among them, which were left open.

        Raises:
            StateError: The store can't be written.
        """
        self._locks, names = locks, list(names)
        self._touched.update(name for name in names if name in self.attempts)
        if not self._head:  # its owner did not get far, but may still wake up
            planned = {name: name.partition("[")[0] for name in names}
            self._head = {"by": {}, "started_at": self._clock.now(), "planned": planned}
        if not self._is_over:
            await self._add({})

    async def put(self, attempt: Attempt, *, durable: bool) -> None:
        """Note how far an attempt got.

        Args:
            attempt: The attempt.
            durable: Whether to wait until it is written.

        Raises:
            StateError: It can't be written, or somebody took the apply over.
        """
        assert self._locks is not None  # noqa: S101 # begun, or taken over
        name = attempt.instance
        self.attempts[name] = self._dirty[name] = attempt
        self._touched.add(name)
        if attempt.is_open:  # that it is not any more is told once all of it is kept
            self._locks.note(self.apply_id, name, is_open=True)
        if durable:
            written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            written.add_done_callback(looked_at)
            self._waiting.append(written)
            self._wake.set()
            self._start_writing()
            await asyncio.shield(written)
        else:
            self._start_writing()

    async def flush(self) -> None:
        """Write what is left to write.

        Raises:
            StateError: It can't be written.
        """
        self._wake.set()
        if self._writer is not None:
            await asyncio.shield(self._writer)
        if self._dirty or self._unsure:
            await self._commit()

    async def end(self, exit_code: int | None = None) -> None:
        """Write what is left, and the whole in one document if nothing is open any more.

        Raises:
            StateError: It can't be written.
        """
        self.is_kept = False
        if not any(attempt.is_open for attempt in self.attempts.values()):
            self._dirty.clear()  # the whole holds it
        await self.flush()
        if not self._is_over and (self._number or self.attempts):
            await self._end(exit_code)
        self.is_kept = True

    async def _end(self, exit_code: int | None) -> None:
        attempts, before = self.past().attempts, self._number
        trees = {each.instance: self._tree(each) for each in attempts}
        if not any(attempt.is_open for attempt in attempts):
            document = ApplyDocument(
                **self._kept_head(),
                nonce=self._token(),
                attempts=trees,
                segments=before,
                exit_code=exit_code,
            )
            await self._store.create(f"{self._path}.json", encode(document))
            self._is_over, self.exit_code = True, exit_code
        elif self._is_own and before > 1:  # one segment: it is left open, and will be read often
            await self._add({name: trees[name] for name in self.attempts}, is_whole=True)
        else:
            return
        await self._store.tidy(self._segment(number) for number in range(1, before + 1))

    def touched(self) -> list[Attempt]:
        """The attempts that were noted here since it was read."""
        return [self.attempts[name] for name in sorted(self._touched)]

    def _start_writing(self) -> None:
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())

    async def _write(self) -> None:
        while self._dirty or self._waiting:
            await self._pace()
            waiting, self._waiting = self._waiting, []
            self._wake.clear()
            try:
                await self._commit()
            except StateError as error:
                for each in waiting:
                    each.set_exception(error)
                if not self._waiting:
                    return
            else:
                for each in waiting:
                    each.set_result(None)

    async def _pace(self) -> None:
        await asyncio.sleep(0)  # what others note in the same turn
        if not self._wake.is_set():
            ending = asyncio.create_task(self._clock.sleep(_LAG))
            waking = asyncio.create_task(self._wake.wait())
            await asyncio.wait({ending, waking}, return_when=asyncio.FIRST_COMPLETED)
            ending.cancel()
            waking.cancel()
        left = self._paused_until - self._clock.monotonic()
        if left > 0:
            await self._clock.sleep(left)

    async def _commit(self) -> None:
        """Create a segment of what changed.

        Raises:
            StateError: The store can't be written, or somebody took the apply over.
        """
        if self._unsure:  # it may have been written: only the same again is safe
            await self._create(*self._unsure)
        batch, self._dirty = self._dirty, {}
        changed = {}
        for name, attempt in batch.items():
            tree = self._tree(attempt)
            before = self._trees.get(name, {})
            changed[name] = {key: tree[key] for key in tree if tree[key] != before.get(key)}
            self._trees[name] = tree
        if changed:
            await self._add(changed)

    async def _add(self, changed: dict[str, Tree], *, is_whole: bool = False) -> None:
        planned = self._head.get("planned") if is_whole or not self._number else None
        head = {**self._kept_head(), "planned": planned}
        segment = ApplyDocument(**head, nonce=self._token(), is_whole=is_whole, attempts=changed)
        await self._create(self._number + 1, encode(segment))
        pause = min(self._number * _SLOWER, _SLOWEST)
        self._paused_until = self._clock.monotonic() + pause

    async def _create(self, number: int, data: bytes) -> None:
        self._unsure = number, data
        while not await self._store.create(self._segment(number), data):
            there = await self._store.get(self._segment(number))
            if there == data:
                break
            if self._is_own:
                self._unsure = None
                raise taken_over(self.apply_id)
            number += 1
        self._unsure, self._number = None, number

    def _segment(self, number: int) -> str:
        return f"{self._path}/{number:010}.json"

    def _kept_head(self) -> Tree:
        return {"apply_id": self.apply_id, **{key: self._head.get(key) for key in _HEAD}}

    @staticmethod
    def _tree(attempt: Attempt) -> Tree:
        left_out = {"instance", "apply_id", "by"}
        return attempt.model_dump(
            mode="json", by_alias=True, exclude=left_out, exclude_defaults=True
        )
