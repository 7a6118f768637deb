"""The object store, a folder or a bucket of small objects: where obstore is used."""

import asyncio
import random
import secrets
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import obstore
from obstore.exceptions import AlreadyExistsError
from obstore.store import LocalStore, MemoryStore, ObjectStore

from runner.errors import StateError
from runner.state.store.errors import complaint, is_complaint, is_no_bucket, is_transient

T = TypeVar("T")

_AT_ONCE: Final = 16
"""So many requests are under way at most."""
PATIENCE_SECONDS: Final = 20.0
"""How long a request that fails in passing is sent again."""
_FIRST_PAUSE: Final = 0.1
_FOLDER_TRIES: Final = 50
_LONGEST_PAUSE: Final = 4.0


@dataclass(frozen=True, slots=True)
class Entry:
    """An object as a listing shows it.

    Attributes:
        modified: By the store's own clock.
        size: Bytes.
    """

    path: str
    modified: datetime
    size: int

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]


class Store:
    """A folder or bucket of small objects, addressed by paths with slashes.

    Nothing is asked of it but to list consistently and to create an object only where there is
    none. Requests that fail in passing (a reset, 5xx, 429) are sent again. Every method raises
    ``StateError``, with words for what the store complains of.

    Attributes:
        warn: Is told, once, that objects can't be deleted.
    """

    def __init__(
        self,
        place: str,
        backend: ObjectStore | None = None,
        folder: Path | None = None,
        *,
        one_by_one: ObjectStore | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Make a store of ``folder``, or of a bucket.

        Args:
            place: Its address, for people.
            backend: The bucket.
            folder: A folder, which the first who writes makes.
            one_by_one: A second way to a bucket that deletes many objects with one request; this
                one deletes them one by one.
            sleep: Waits.
        """
        self._place = place
        self._folder = folder
        self._bucket = backend
        self._one_by_one = one_by_one
        self._sleep = sleep
        self._rng = random.SystemRandom()
        self._scheme = "file" if folder else place.partition(":")[0]
        # The library's own asynchronous calls end the process with SIGABRT now and then: their
        # threads may still want the interpreter when it shuts down. Its plain calls do not.
        self._threads = ThreadPoolExecutor(_AT_ONCE, "state")
        self._has_warned = False
        self.warn: Callable[[StateError], None] = lambda _: None

    @property
    def is_local(self) -> bool:
        """Whether it is a folder."""
        return self._folder is not None

    def where(self, path: str = "") -> str:
        """The address of an object, for people."""
        return f"{self._place}/{path}" if path else self._place

    async def get(self, path: str) -> bytes | None:
        """The object, ``None`` when there is none."""
        return await self._send("read", path, lambda: _get(self._backend(), path))

    async def get_all(self, paths: Iterable[str]) -> list[bytes | None]:
        """Read many objects, several at once; in the order of ``paths``."""
        return await asyncio.gather(*map(self.get, paths))

    async def entries(self, prefix: str) -> list[Entry]:
        """All objects under the folder ``prefix``, in the order of their paths."""

        def entries() -> list[Entry]:
            found = obstore.list(self._backend(), prefix, chunk_size=1000).collect()
            read = (Entry(each["path"], each["last_modified"], each["size"]) for each in found)
            return sorted(read, key=lambda entry: entry.path)

        return await self._send("list", prefix, entries)

    async def folders(self, prefix: str) -> list[str]:
        """Names of the folders right below ``prefix``, sorted."""

        def folders() -> list[str]:
            found = obstore.list_with_delimiter(self._backend(), prefix)["common_prefixes"]
            return sorted(path.rpartition("/")[2] for path in found)

        return await self._send("list", prefix, folders)

    async def create(self, path: str, data: bytes) -> bool:
        """Write the object unless there is one; says whether it did.

        After a lost answer the object that is there is one's own if it holds the same: ``data``
        should hold something that nobody else writes.
        """
        is_again = False

        def create() -> bool:
            nonlocal is_again
            before, is_again = is_again, True
            try:
                self._put(path, data, mode="create")
            except AlreadyExistsError:
                return before and _get(self._backend(), path) == data
            return True

        return await self._send("write", path, create)

    async def put(self, path: str, data: bytes) -> None:
        """Write the object in one step, over what may be there."""
        await self._send("write", path, partial(self._put, path, data))

    async def delete(self, paths: Iterable[str]) -> None:
        """Delete objects; those already gone are fine."""
        if not (doomed := list(paths)):
            return
        if self._one_by_one is not None:
            try:
                await self._send(
                    "delete", doomed[0], lambda: obstore.delete(self._backend(), doomed)
                )
            except StateError:  # some stores know no such request
                self._bucket, self._one_by_one = self._one_by_one, None
            else:
                return
        await asyncio.gather(
            *(self._send("delete", path, partial(self._delete, path)) for path in doomed)
        )

    async def tidy(self, paths: Iterable[str]) -> None:
        """Delete objects that are in nobody's way if they stay; says once that it can't."""
        try:
            await self.delete(paths)
        except StateError as error:
            if not self._has_warned:
                self._has_warned = True
                hint = "Everything works, but what is outdated piles up there. Allow deleting."
                self.warn(StateError(error.message, hint=hint))

    async def time(self, folder: str) -> datetime:
        """The store's own clock, told by an object that is written into ``folder`` and deleted."""
        path = f"{folder}/{secrets.token_hex(8)}.tmp"
        await self.create(path, b"{}\n")
        entries = await self.entries(folder)
        await self.tidy([path])
        return max(entry.modified for entry in entries if entry.path == path)

    async def _send(self, verb: str, path: str, do: Callable[[], T]) -> T:
        """Do ``do`` in a thread, again where it failed in passing."""
        loop = asyncio.get_running_loop()
        end, pause = loop.time() + PATIENCE_SECONDS, _FIRST_PAUSE
        while True:
            try:
                return await self._in_thread(do, is_write=verb == "write")
            except BaseException as error:
                if not is_complaint(error):
                    raise
                if self.is_local or loop.time() >= end or not is_transient(error):
                    where = self.where(path)
                    raise complaint(error, verb=verb, where=where, scheme=self._scheme) from None
            await self._sleep(self._rng.uniform(pause / 2, pause))
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _in_thread(self, do: Callable[[], T], *, is_write: bool) -> T:
        """Do ``do``; a write is waited for even when cancelled, so that none comes later."""
        doing = asyncio.get_running_loop().run_in_executor(self._threads, do)
        doing.add_done_callback(looked_at)
        try:
            return await asyncio.shield(doing)
        except asyncio.CancelledError:
            if is_write:
                await asyncio.wait({doing})
            raise

    def _backend(self) -> ObjectStore:
        """The bucket or folder; in a folder that nobody has made yet there is nothing."""
        if self._bucket is None and self._folder is not None and self._folder.is_dir():
            self._bucket = LocalStore(self._folder, automatic_cleanup=True)
        return self._bucket or MemoryStore()

    def _put(
        self, path: str, data: bytes, mode: Literal["create", "overwrite"] = "overwrite"
    ) -> None:
        """Write an object; in a folder for its owner only, whatever the umask."""
        if self._folder is None:
            obstore.put(self._backend(), path, data, mode=mode, use_multipart=False)
            return
        for tries in range(_FOLDER_TRIES):
            try:
                _make_private(self._folder, path)
                self._bucket = self._bucket or LocalStore(self._folder, automatic_cleanup=True)
                obstore.put(self._bucket, path, data, mode=mode, use_multipart=False)
                break
            except (FileNotFoundError, FileExistsError):  # somebody deletes it whenever it is empty
                if tries + 1 == _FOLDER_TRIES:
                    raise
        with suppress(FileNotFoundError):  # somebody may have tidied it away
            (self._folder / path).chmod(0o600)

    def _delete(self, path: str) -> None:
        with suppress(FileNotFoundError):
            obstore.delete(self._backend(), path)


def looked_at(future: asyncio.Future[Any]) -> None:
    """Keep asyncio from printing an error whose waiter was cancelled."""
    if not future.cancelled():
        future.exception()


def _get(backend: ObjectStore, path: str) -> bytes | None:
    try:
        return bytes(obstore.get(backend, path).bytes())
    except FileNotFoundError as error:
        if is_no_bucket(error):
            raise
        return None


def _make_private(folder: Path, path: str) -> None:
    """Make the folders down to ``path``, for their owner only; a new one is hidden from git."""
    parent = (folder / path).parent
    if parent.is_dir():
        return
    is_new = not folder.exists()
    missing = [each for each in (parent, *parent.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)
    if is_new:
        (folder / ".gitignore").write_text("*\n", encoding="ascii")
