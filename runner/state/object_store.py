"""The object store, a folder or a bucket of small objects: where obstore is used."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import unquote

import obstore
from obstore.exceptions import AlreadyExistsError
from obstore.store import LocalStore, ObjectStore, from_url

from runner.errors import UsageError
from runner.state.store_errors import COMPLAINTS, VARIABLES, complaint, is_no_bucket
from runner.state.thread_pool import Threads

if TYPE_CHECKING:
    from obstore.store import ClientConfig

T = TypeVar("T")

_AT_ONCE: Final = 64
"""So many requests to a bucket are under way at most."""
_ENDPOINTS: Final = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AZURE_STORAGE_ENDPOINT")
_DELETED_AT_ONCE: Final = 1000
_FILES_AT_ONCE: Final = 8
_FILES_IN_A_ROW: Final = 25
_CONNECT: Final = timedelta(seconds=5)
_PATIENCE: Final = timedelta(seconds=20)
"""How long one request may take, and be tried again."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An object as a listing shows it; ``modified`` is by the store's own clock."""

    path: str
    modified: datetime
    tag: str

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Tagged:
    """The content of an object, and the tag by which the store tells this version of it."""

    data: bytes
    tag: str


@dataclass(frozen=True, slots=True)
class Write:
    """An object that is to be written.

    Attributes:
        path: Where it goes.
        data: What it holds.
        over: Sees what is there, in another thread, and raises an error where that has to stay.
    """

    path: str
    data: bytes
    over: Callable[[bytes], None] | None = None


class Store:
    """A folder or bucket of small objects, addressed by paths with slashes.

    Every method raises ``StateError``, with words for what the store below complains of.
    """

    def __init__(self, place: str, backend: ObjectStore | None, folder: Path | None) -> None:
        self._place = place
        self._backend = backend
        self._folder = folder
        self._scheme = "file" if folder else place.partition(":")[0]
        # The library's own asynchronous calls end the process with SIGABRT now and then: their
        # threads may still want the interpreter when it shuts down. Its plain calls do not.
        self._threads = (
            Threads(_FILES_AT_ONCE, row=_FILES_IN_A_ROW) if folder else Threads(_AT_ONCE, row=1)
        )

    @property
    def is_local(self) -> bool:
        """Whether it is a folder."""
        return self._folder is not None

    def where(self, path: str = "") -> str:
        """The address of an object, for people."""
        return f"{self._place}/{path}" if path else self._place

    async def get(self, path: str) -> Tagged | None:
        """The object, ``None`` when there is none."""
        return await self._read("read", path, lambda backend: _get(backend, path), None)

    async def get_all(self, paths: Iterable[str]) -> list[Tagged | None]:
        """Reads many objects, several at once; in the order of ``paths``."""
        return await asyncio.gather(*map(self.get, paths))

    async def entries(self, prefix: str) -> list[Entry]:
        """All objects under the folder ``prefix``, in the order of their paths."""

        def entries(backend: ObjectStore) -> list[Entry]:
            found = obstore.list(backend, prefix, chunk_size=1000).collect()
            read = (
                Entry(each["path"], each["last_modified"], each["e_tag"] or "") for each in found
            )
            return sorted(read, key=lambda entry: entry.path)

        return await self._read("list", prefix, entries, [])

    async def folders(self, prefix: str) -> list[str]:
        """Names of the folders right below ``prefix``, sorted."""

        def folders(backend: ObjectStore) -> list[str]:
            found = obstore.list_with_delimiter(backend, prefix)["common_prefixes"]
            return sorted(path.rpartition("/")[2] for path in found)

        return await self._read("list", prefix, folders, [])

    async def put(self, path: str, data: bytes) -> None:
        """Writes the object in one step, over what may be there."""
        await self.put_in_turn([Write(path, data)])

    async def put_in_turn(self, writes: Iterable[Write]) -> list[Tagged]:
        """Writes objects one after the other, each in one step; up to the first that can't be."""

        def put_all() -> list[Tagged]:
            return [self._written(write.path, partial(self._put, write)) for write in writes]

        return await self._threads.call(put_all)

    async def create(self, path: str, data: bytes) -> bool:
        """Writes the object in one step unless there is one; says whether it did."""
        return await self._threads.call(partial(self._created, path, data))

    async def create_in_turn(
        self, objects: Iterable[tuple[str, bytes]], created: Callable[[str], None], stop: Event
    ) -> None:
        """Writes objects one after the other, up to the first that is there already.

        Args:
            objects: Paths, and what they hold.
            created: Is told at once, in another thread, the path of each that was written.
            stop: Once it is set no other is begun.
        """

        def create_all() -> None:
            for path, data in objects:
                if stop.is_set() or not self._created(path, data):
                    return
                created(path)

        await self._threads.call(create_all)

    async def delete(self, paths: Iterable[str]) -> None:
        """Deletes objects; those already gone are fine."""
        doomed = list(paths)
        # S3 takes many in one request, and does not mind those that are gone.
        size = _DELETED_AT_ONCE if self._scheme == "s3" else 1
        chunks = [doomed[start : start + size] for start in range(0, len(doomed), size)]

        async def delete(chunk: list[str]) -> None:
            def delete(backend: ObjectStore) -> None:
                with suppress(FileNotFoundError):
                    obstore.delete(backend, chunk if size > 1 else chunk[0])

            await self._read("delete", chunk[0], delete, None)

        await asyncio.gather(*map(delete, chunks))

    async def time(self, path: str) -> datetime:
        """The store's own clock, told by an object that is written to ``path`` and deleted."""

        def time(backend: ObjectStore) -> datetime:
            obstore.put(backend, path, b"{}\n", use_multipart=False)
            modified = obstore.head(backend, path)["last_modified"]
            obstore.delete(backend, path)
            return modified

        return await self._threads.call(partial(self._written, path, time))

    async def _read(self, verb: str, path: str, do: Callable[[ObjectStore], T], nothing: T) -> T:
        """Does ``do``; in a folder that nobody has made yet there is ``nothing``."""

        def read() -> T:
            with self._complaining(verb, path):
                return nothing if self._backend is None else do(self._backend)

        return await self._threads.call(read)

    def _written(self, path: str, do: Callable[[ObjectStore], T]) -> T:
        """Does ``do``; a folder is made by the first who writes."""
        with self._complaining("write", path):
            if self._folder is not None:
                _make_private(self._folder, path)
            if self._backend is None:
                self._backend = LocalStore(self._folder)
            return do(self._backend)

    def _put(self, write: Write, backend: ObjectStore) -> Tagged:
        there = _get(backend, write.path) if write.over else None
        if write.over and there:
            write.over(there.data)
        done = obstore.put(backend, write.path, write.data, use_multipart=False)
        self._close_to_others(write.path)
        return Tagged(write.data, done["e_tag"] or "")

    def _created(self, path: str, data: bytes) -> bool:
        def create(backend: ObjectStore) -> bool:
            try:
                obstore.put(backend, path, data, mode="create", use_multipart=False)
            except AlreadyExistsError:
                return False
            self._close_to_others(path)
            return True

        return self._written(path, create)

    @contextmanager
    def _complaining(self, verb: str, path: str) -> Iterator[None]:
        """Words what a store says that can't, or won't."""
        try:
            yield
        except COMPLAINTS as error:
            where = self.where(path)
            raise complaint(error, verb=verb, where=where, scheme=self._scheme) from None

    def _close_to_others(self, path: str) -> None:
        """State is for its owner only, whatever the umask."""
        if self._folder is not None:
            with suppress(FileNotFoundError):  # the next owner of a lock may have deleted it
                (self._folder / path).chmod(0o600)


def _get(backend: ObjectStore, path: str) -> Tagged | None:
    try:
        found = obstore.get(backend, path)
        return Tagged(bytes(found.bytes()), found.meta["e_tag"] or "")
    except FileNotFoundError as error:
        if is_no_bucket(error):
            raise
        return None


def open_store(place: str | Path, *, folder: Path, environment: Mapping[str, str]) -> Store:
    """Opens a store; nothing is read or written yet.

    Args:
        place: A folder, or ``file://``, ``s3://``, ``gs://`` or ``az://`` with folder or prefix.
        folder: What a relative ``file://`` address is relative to.
        environment: Where an endpoint without TLS may be named (``AWS_ENDPOINT_URL``).

    Raises:
        UsageError: The address makes no sense.
        StateError: A setting of the store makes no sense.
    """
    if isinstance(place, str) and place.startswith("file://"):
        place = folder / unquote(place.removeprefix("file://"))
    if isinstance(place, Path):
        return Store(str(place), LocalStore(place) if place.is_dir() else None, place)
    scheme, _, rest = place.partition("://")
    if scheme not in VARIABLES or not rest.strip("/"):
        raise UsageError(
            f"{place!r} is no place for state.",
            hint="Say file:///folder, s3://bucket/prefix, gs://bucket/prefix or az://container.",
        )
    client: ClientConfig = {"connect_timeout": _CONNECT, "timeout": _PATIENCE}
    if any(environment.get(name, "").startswith("http://") for name in _ENDPOINTS):
        client["allow_http"] = True  # who names such an endpoint means it
    place = place.rstrip("/")
    try:
        backend = from_url(
            place,
            client_options=client,
            retry_config={"max_retries": 5, "retry_timeout": _PATIENCE},
        )
    except COMPLAINTS as error:
        raise complaint(error, verb="open", where=place, scheme=scheme) from None
    return Store(place, backend, None)


def _make_private(folder: Path, path: str) -> None:
    """Makes the folders down to ``path``, for their owner only; a new one is hidden from git."""
    parent = (folder / path).parent
    if parent.is_dir():
        return
    is_new = not folder.exists()
    missing = [each for each in (parent, *parent.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)
    if is_new:
        (folder / ".gitignore").write_text("*\n", encoding="ascii")
