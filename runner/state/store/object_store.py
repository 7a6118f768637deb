"""The object store, a folder or a bucket of small objects: where obstore is used."""

import asyncio
import errno
import random
import secrets
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, TypeVar

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, MemoryStore, ObjectStore

from runner.errors import StateError
from runner.state.store.errors import (
    is_no_bucket,
    is_no_folder,
    is_store_error,
    is_transient,
    store_error,
)

T = TypeVar("T")

PATIENCE_SECONDS: Final = 20.0
"""For how long a request that fails temporarily is sent again."""
_AT_ONCE: Final = 16
"""At most so many requests are under way."""
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 4.0
_FOLDER_TRIES: Final = 50
_FOLDER_PAUSE: Final = 0.01
_RANDOM: Final = random.SystemRandom()


class Entry(NamedTuple):
    """An object as a listing shows it: ``modified`` by the store's clock, ``size`` in bytes."""

    path: str
    modified: datetime
    size: int

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]


def _ignore(_: StateError) -> None:
    pass


@dataclass(eq=False)
class Store:
    """A folder or bucket of small objects, addressed by paths with slashes.

    All it needs is consistent listings and to create an object only if there is none. Requests
    that fail temporarily (a reset, 5xx, 429) are sent again. Every method raises ``StateError``,
    which explains what the store complains of.

    Attributes:
        address: For people.
        bucket: The bucket, or the folder once it is there.
        folder: The folder; the first write creates it.
        one_by_one: Where the bucket deletes many objects with one request: the same bucket,
            deleting each with a request of its own.
        warn: Called, once, if objects can't be deleted.
    """

    address: str
    bucket: ObjectStore | None = None
    folder: Path | None = None
    one_by_one: ObjectStore | None = None
    warn: Callable[[StateError], None] = _ignore

    def __post_init__(self) -> None:
        # The library's own asynchronous calls end the process with SIGABRT now and then: their
        # threads may still want the interpreter when it shuts down. Its plain calls do not.
        self._threads = ThreadPoolExecutor(_AT_ONCE, "state")

    @property
    def is_local(self) -> bool:
        """Whether it is a folder."""
        return self.folder is not None

    def where(self, path: str = "") -> str:
        """The address of an object, for people."""
        return f"{self.address}/{path}" if path else self.address

    async def get(self, path: str) -> bytes | None:
        """Read an object; ``None`` if there is none."""
        return await self._send("read", path, partial(self._get, path))

    async def entries(self, prefix: str) -> list[Entry]:
        """List all objects under the folder ``prefix``, in the order of their paths."""

        def entries() -> list[Entry]:
            found = obstore.list(self._backend(), prefix, chunk_size=1000).collect()
            return sorted(
                Entry(each["path"], each["last_modified"], each["size"]) for each in found
            )

        return await self._send("list", prefix, entries)

    async def folders(self, prefix: str) -> list[str]:
        """List the names of the folders right below ``prefix``, sorted."""

        def folders() -> list[str]:
            found = obstore.list_with_delimiter(self._backend(), prefix)["common_prefixes"]
            return sorted(path.rpartition("/")[2] for path in found)

        return await self._send("list", prefix, folders)

    async def create(self, path: str, data: bytes) -> bool:
        """Write an object unless there is another; return whether it holds ``data`` now.

        ``data`` should hold something that nobody else writes: after a lost answer, that tells
        whether the object was created by this very request.
        """

        def create() -> bool:
            try:
                self._put(path, data, mode="create")
            except AlreadyExistsError:
                return self._get(path) == data
            return True

        return await self._send("write", path, create)

    async def put(self, path: str, data: bytes) -> None:
        """Write an object in one step, over what may be there."""
        await self._send("write", path, partial(self._put, path, data))

    async def delete(self, paths: Iterable[str]) -> None:
        """Delete objects; those already gone are fine."""
        doomed = list(paths)
        if doomed and self.one_by_one is not None:
            try:
                await self._send("delete", doomed[0], partial(self._delete, doomed))
            except StateError:  # not every store knows this request
                self.bucket, self.one_by_one = self.one_by_one, None
            else:
                return
        await asyncio.gather(
            *(self._send("delete", path, partial(self._delete, path)) for path in doomed)
        )

    async def tidy(self, paths: Iterable[str]) -> None:
        """Delete objects that may as well stay; warn once if they can't be deleted."""
        try:
            await self.delete(paths)
        except StateError as error:
            warn, self.warn = self.warn, _ignore
            hint = "Everything works, but outdated documents pile up there. Allow deletes."
            warn(StateError(error.message, hint=hint))

    async def time(self, folder: str) -> datetime:
        """Read the store's own clock, by an object that is written into ``folder`` and deleted."""
        path = f"{folder}/{secrets.token_hex(8)}.tmp"
        await self.create(path, b"{}\n")
        written = [each.modified for each in await self.entries(folder) if each.path == path]
        await self.tidy([path])
        if not written:
            raise StateError(
                f"{self.where(path)} was written, but is not listed.",
                hint="Locks need a store that lists an object as soon as it is written.",
            )
        return written[0]

    async def _send(self, verb: str, path: str, do: Callable[[], T]) -> T:
        """Call ``do`` in a thread, and again while it fails temporarily."""
        loop = asyncio.get_running_loop()
        end, pause = loop.time() + PATIENCE_SECONDS, _FIRST_PAUSE
        while True:
            doing = loop.run_in_executor(self._threads, do)
            doing.add_done_callback(looked_at)
            try:
                return await asyncio.shield(doing)
            except asyncio.CancelledError:
                if verb == "write":  # none may come later
                    await asyncio.wait({doing})
                raise
            except BaseException as error:
                if not is_store_error(error):
                    raise
                if self.is_local or loop.time() >= end or not is_transient(error):
                    raise store_error(error, verb, self.where(path)) from None
            await asyncio.sleep(_RANDOM.uniform(pause / 2, pause))
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _backend(self) -> ObjectStore:
        """The bucket or folder; a folder that does not exist yet is empty."""
        if self.bucket is None and self.folder is not None and self.folder.is_dir():
            _check_spelling(self.folder)
            self.bucket = LocalStore(self.folder, automatic_cleanup=True)
        return self.bucket or MemoryStore()

    def _get(self, path: str) -> bytes | None:
        try:
            return bytes(obstore.get(self._backend(), path).bytes())
        except FileNotFoundError as error:
            if is_no_bucket(error):
                raise
            return None

    def _put(
        self, path: str, data: bytes, mode: Literal["create", "overwrite"] = "overwrite"
    ) -> None:
        """Write an object; in a folder for its owner only, whatever the umask."""
        if self.folder is None:
            obstore.put(self._backend(), path, data, mode=mode, use_multipart=False)
            return
        for left in reversed(range(_FOLDER_TRIES)):
            try:
                _make_private(self.folder, path)
                self.bucket = self.bucket or LocalStore(self.folder, automatic_cleanup=True)
                obstore.put(self.bucket, path, data, mode=mode, use_multipart=False)
                break
            except (BaseError, OSError) as error:
                if not left or not is_no_folder(error):  # others delete a folder once it is empty
                    raise
                time.sleep(_RANDOM.uniform(0, _FOLDER_PAUSE))
        with suppress(FileNotFoundError):  # it may have been tidied away
            (self.folder / path).chmod(0o600)

    def _delete(self, paths: str | list[str]) -> None:
        with suppress(FileNotFoundError):
            obstore.delete(self._backend(), paths)


def looked_at(future: asyncio.Future[Any]) -> None:
    """Keep asyncio from printing an error whose waiter was cancelled."""
    if not future.cancelled():
        future.exception()


def _check_spelling(folder: Path) -> None:
    """Raise ``OSError`` for a path that is not UTF-8, over which the library panics."""
    try:
        str(folder).encode()
    except UnicodeEncodeError:
        raise OSError(errno.EILSEQ, "not UTF-8") from None


def _make_private(folder: Path, path: str) -> None:
    """Create the folders down to ``path``, for their owner only; a new one is hidden from git."""
    _check_spelling(folder)
    parent = (folder / path).parent
    if parent.is_dir():
        return
    is_new = not folder.exists()
    missing = [each for each in (parent, *parent.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)
    if is_new:
        (folder / ".gitignore").write_text("*\n", encoding="ascii")
