"""Read configuration through one small interface, with a folder on disk behind it.

Paths are ``PurePosixPath`` relative to the root of what may be read, so that the same code reads
a folder and a commit. The root is the repository, or without one the file's own folder; nothing
outside of it is ever opened, whatever links say, so no diagnostic can quote anything else.
"""

import os
import stat
from pathlib import Path, PurePosixPath
from typing import Protocol

from runner.atomic_write import atomic_write
from runner.errors import UsageError, os_reason

#: The limit of one file, and of a file with its includes.
MAX_BYTES = 16 * 1024 * 1024
MAX_SIZE = "16 MiB"

_KINDS = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe"}


class Files(Protocol):
    """Something that configuration can be read from."""

    def name(self, path: PurePosixPath) -> str:
        """Return the name of the file at ``path`` for diagnostics."""

    def read(self, path: PurePosixPath) -> bytes:
        """Return the content of the file at ``path``.

        Raises:
            UsageError: There is no such file, it can't be read, or it is too large.
        """

    def entries(self, folder: PurePosixPath) -> dict[str, bool]:
        """Return the names in ``folder``, and whether each is a folder.

        It is empty if ``folder`` is not a folder or can't be read.
        """

    def identity(self, path: PurePosixPath) -> PurePosixPath:
        """Return the path of the file itself, if ``path`` goes over links."""


class FolderFiles:
    """The files below ``root``, a folder on disk without links in its path."""

    def __init__(self, root: Path, working_directory: Path) -> None:
        self._root = root
        self._working_directory = working_directory

    @classmethod
    def around(cls, file: Path, working_directory: Path) -> "tuple[FolderFiles, PurePosixPath]":
        """Return the files that ``file`` and its includes may be, and its path among them.

        Raises:
            UsageError: ``file`` is the name of a folder.
        """
        if file.name in {"", ".."}:
            raise UsageError(f"{file} is a folder, not a file.")
        folder = (working_directory / file).parent.resolve()
        root = repository_root(folder) or folder
        path = (folder / file.name).relative_to(root)
        return cls(root, working_directory.resolve()), PurePosixPath(path.as_posix())

    def name(self, path: PurePosixPath) -> str:
        """Return the path from the working directory, or the whole one if that is shorter."""
        full = self._root / path
        return min(os.path.relpath(full, self._working_directory), str(full), key=len)

    def read(self, path: PurePosixPath) -> bytes:
        """Return the content of a regular file below the root; see ``Files.read``."""
        name = self.name(path)
        try:
            real = (self._root / path).resolve()
            if not real.is_relative_to(self._root):
                area = "the repository" if repository_root(self._root) else "the file's folder"
                hint = "Put the file itself there."
                raise UsageError(f"{name} is a link that leads out of {area}.", hint=hint)
            # Before it is opened: opening a pipe would wait, and a device might act on it.
            kind = stat.S_IFMT(real.stat().st_mode)
            if kind != stat.S_IFREG:
                raise UsageError(f"{name} is {_KINDS.get(kind, 'a device or socket')}, not a file.")
            with real.open("rb") as stream:
                data = stream.read(MAX_BYTES + 1)
        except (OSError, ValueError, RuntimeError) as error:
            raise UsageError(f"{name} can't be read: {os_reason(error)}.") from error
        if len(data) > MAX_BYTES:
            raise too_large(name)
        return data

    def entries(self, folder: PurePosixPath) -> dict[str, bool]:
        """Return what is in a folder below the root; links count as files."""
        try:
            with os.scandir(self._root / folder) as found:
                return {entry.name: entry.is_dir(follow_symlinks=False) for entry in found}
        except (OSError, ValueError):
            return {}

    def identity(self, path: PurePosixPath) -> PurePosixPath:
        """Return the path of the file itself, as far as it lies below the root."""
        try:
            return PurePosixPath((self._root / path).resolve().relative_to(self._root).as_posix())
        except (OSError, ValueError, RuntimeError):
            return path

    def write(self, path: PurePosixPath, data: bytes) -> None:
        """Replace the content of an existing file, entirely or not at all.

        Raises:
            UsageError: It can't be written.
        """
        try:
            atomic_write(self._root / path, data)
        except OSError as error:
            raise UsageError(f"{self.name(path)} can't be written: {os_reason(error)}.") from error


def repository_root(folder: Path) -> Path | None:
    """Return the nearest folder from ``folder`` upwards that has a ``.git``, if any."""
    return next((at for at in (folder, *folder.parents) if (at / ".git").exists()), None)


def too_large(name: str) -> UsageError:
    """Return the error for a file of more than ``MAX_BYTES``."""
    return UsageError(f"{name} is larger than {MAX_SIZE}.", hint="Split it with `include`.")
