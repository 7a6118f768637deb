"""The object store: the only module that knows obstore, and where its errors become words."""

import asyncio
import re
from collections.abc import Awaitable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    NotSupportedError,
    PermissionDeniedError,
    UnauthenticatedError,
    UnknownConfigurationKeyError,
)
from obstore.store import LocalStore, ObjectStore, from_url

from runner.errors import StateError

T = TypeVar("T")

_AT_ONCE: Final = 64
_VARIABLES: Final = {
    "s3": "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT_URL",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS",
    "az": "AZURE_STORAGE_ACCOUNT_NAME, AZURE_STORAGE_ACCOUNT_KEY",
}
_OS_ERRORS: Final = {
    13: ("access is denied", "Let this user write there, or choose another place with --state."),
    1: ("access is denied", "Let this user write there, or choose another place with --state."),
    20: ("a file is where a folder should be", "Move it away, or choose another place."),
    27: ("the file size limit of this process is too small", "Raise it (ulimit -f)."),
    28: ("the disk is full", "Make room, or choose another place with --state."),
    30: ("the file system is read-only", "Choose another place with --state."),
    36: ("the path is too long", "Choose a place with a shorter path with --state."),
    122: ("the disk quota is used up", "Make room, or choose another place with --state."),
}


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


class Store:
    """A folder or bucket of small objects, addressed by paths with slashes.

    Every method raises ``StateError`` with words for what the store below complains of.
    """

    def __init__(self, backend: ObjectStore | None, *, url: str, folder: Path | None) -> None:
        self._backend = backend
        self._url = url.rstrip("/")
        self._folder = folder
        self._room = asyncio.Semaphore(_AT_ONCE)

    @property
    def is_local(self) -> bool:
        """Whether it is a folder of this machine (or one that is mounted)."""
        return self._folder is not None

    def where(self, path: str = "") -> str:
        """The address of an object, for people."""
        base = self._url if self._folder is None else str(self._folder)
        return f"{base}/{path}" if path else base

    async def get(self, path: str) -> bytes | None:
        """The object's content, ``None`` when there is none."""
        backend = self._backend
        if backend is None:
            return None

        async def read() -> bytes | None:
            try:
                found = await obstore.get_async(backend, path)
                return bytes(await found.bytes_async())
            except FileNotFoundError as error:
                if "NoSuchBucket" in str(error):
                    raise
                return None

        return await self._do(read(), "read", path)

    async def put(self, path: str, data: bytes) -> None:
        """Writes the object in one step, over what may be there."""
        backend = self._writable(path)
        await self._do(obstore.put_async(backend, path, data, use_multipart=False), "write", path)
        self._close_to_others(path)

    async def create(self, path: str, data: bytes) -> bool:
        """Writes the object in one step unless there is one; says whether it did."""
        backend = self._writable(path)

        async def write() -> bool:
            try:
                await obstore.put_async(backend, path, data, mode="create", use_multipart=False)
            except AlreadyExistsError:
                return False
            return True

        created = await self._do(write(), "write", path)
        if created:
            self._close_to_others(path)
        return created

    async def entries(self, prefix: str) -> list[Entry]:
        """All objects under the folder ``prefix``, in the order of their paths."""
        backend = self._backend
        if backend is None:
            return []

        async def read() -> list[Entry]:
            return [
                Entry(meta["path"], meta["last_modified"], meta["e_tag"] or "")
                async for chunk in obstore.list(backend, prefix, chunk_size=1000)
                for meta in chunk
            ]

        return sorted(await self._do(read(), "list", prefix), key=lambda entry: entry.path)

    async def folders(self, prefix: str) -> list[str]:
        """Names of the folders right below ``prefix``, sorted."""
        backend = self._backend
        if backend is None:
            return []
        listing = obstore.list_with_delimiter_async(backend, prefix)
        found = await self._do(listing, "list", prefix)
        return sorted(path.rpartition("/")[2] for path in found["common_prefixes"])

    async def delete(self, paths: Iterable[str]) -> None:
        """Deletes objects; those already gone are fine."""
        backend = self._backend
        if backend is None:
            return

        async def delete(path: str) -> None:
            with suppress(FileNotFoundError):
                await obstore.delete_async(backend, path)

        await asyncio.gather(*(self._do(delete(path), "delete", path) for path in paths))

    async def get_all(self, paths: Iterable[str]) -> list[bytes | None]:
        """Reads many objects, several at once; the contents in the order of ``paths``."""
        return await asyncio.gather(*(self.get(path) for path in paths))

    async def time(self, path: str) -> datetime:
        """The store's own clock, told by an object that is written to ``path`` and deleted."""
        await self.put(path, b"{}\n")
        assert self._backend is not None  # noqa: S101 - it was just written to
        found = await self._do(obstore.head_async(self._backend, path), "read", path)
        await self.delete([path])
        return found["last_modified"]

    def _writable(self, path: str) -> ObjectStore:
        """The store to write to; a folder is made by the first who writes."""
        folder = self._folder
        if folder is not None:
            try:
                _make_private(folder, path)
                if self._backend is None:
                    self._backend = LocalStore(folder)
            except OSError as error:
                raise _unable("write", self.where(path), _of_system(error.errno)) from None
        assert self._backend is not None  # noqa: S101 - only a folder is opened late
        return self._backend

    def _close_to_others(self, path: str) -> None:
        """State is for its owner only, whatever the umask."""
        if self._folder is not None:
            with suppress(FileNotFoundError):  # a lock document may be gone already
                (self._folder / path).chmod(0o600)

    async def _do(self, work: Awaitable[T], verb: str, path: str) -> T:
        async with self._room:
            try:
                return await work
            except (BaseError, OSError) as error:
                raise self._explain(error, verb, path) from None

    def _explain(self, error: Exception, verb: str, path: str) -> StateError:
        where = self.where(path)
        text = str(error)
        number = re.search(r"\(os error (\d+)\)", text)
        if number and int(number[1]) in _OS_ERRORS:
            return _unable(verb, where, _OS_ERRORS[int(number[1])])
        variables = _VARIABLES.get(self._url.partition(":")[0], "the store's variables")
        if isinstance(error, (PermissionDeniedError, UnauthenticatedError)):
            why, hint = "access is denied", f"Check the credentials ({variables}) and their rights."
        elif isinstance(error, FileNotFoundError) or "NoSuchBucket" in text:
            why, hint = "the bucket does not exist", "Create it, or correct --state."
        elif isinstance(error, NotSupportedError) or "NotImplemented" in text:
            why, hint = "the store can't do that", "Choose another store with --state."
        else:
            why, hint = _plain(text), f"Check the address and {variables}."
        return _unable(verb, where, (why, hint))


def open_store(url: str, *, environment: Mapping[str, str], patience: timedelta) -> Store:
    """Opens a store; nothing is read or written yet.

    Args:
        url: ``file://``, ``s3://``, ``gs://`` or ``az://``, with a folder or prefix.
        environment: Where a plain-http endpoint may be named (``AWS_ENDPOINT_URL``).
        patience: How long one request may be tried again.

    Raises:
        StateError: The address or a setting of the store makes no sense.
    """
    scheme, _, rest = url.partition("://")
    if scheme == "file":
        folder = Path(rest)
        return Store(LocalStore(folder) if folder.is_dir() else None, url=url, folder=folder)
    if scheme not in _VARIABLES or not rest.strip("/"):
        raise StateError(
            f"{url!r} is no place for state.",
            hint="Say file:///folder, s3://bucket/prefix, gs://bucket/prefix or az://container.",
        )
    endpoint = environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL", "")
    try:
        backend = from_url(
            url,
            client_options={
                "allow_http": endpoint.startswith("http://"),
                "connect_timeout": timedelta(seconds=5),
                "timeout": patience,
            },
            retry_config={"max_retries": 5, "retry_timeout": patience},
        )
    except (BaseError, UnknownConfigurationKeyError, ValueError) as error:
        raise _unable("open", url, (_plain(str(error)), f"Check {_VARIABLES[scheme]}.")) from None
    return Store(backend, url=url, folder=None)


def _make_private(folder: Path, path: str) -> None:
    """Makes the folders down to ``path``, for their owner only."""
    parent = (folder / path).parent
    if parent.is_dir():
        return
    is_new = not folder.exists()
    missing = [each for each in (parent, *parent.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)
    if is_new:
        (folder / ".gitignore").write_text("*\n", encoding="ascii")


def _of_system(number: int | None) -> tuple[str, str | None]:
    """Words for an error of the operating system."""
    return _OS_ERRORS.get(number or 0, (f"the system reports error {number}", None))


def _plain(text: str) -> str:
    """What a library said, in one line, without anything that could be a credential."""
    code = re.search(r"<Code>([^<]{1,80})</Code>", text)
    told = re.search(r"<Message>([^<]{1,300})</Message>", text)
    if code or told:
        return ": ".join(found[1] for found in (code, told) if found)
    line = text.partition("Debug source")[0].strip().partition("\n")[0]
    return re.sub(r"\?\S+", "", line)[:300].rstrip(".:") or "it gave no reason"


def _unable(verb: str, where: str, why: tuple[str, str | None]) -> StateError:
    return StateError(f"Can't {verb} the state at {where}: {why[0]}.", hint=why[1])
