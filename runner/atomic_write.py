"""Write a file completely or not at all."""

import errno
import os
import stat
from pathlib import Path
from typing import Final

_MAX_LINKS: Final = 40
_STREAMS: Final = ("/dev/", "/proc/")


def atomic_write(path: Path, data: bytes) -> None:
    """Replace the contents of the file at ``path`` with ``data``.

    Links are followed; devices and pipes are written to, never replaced. A new file gets the mode
    of the umask, an existing one keeps its own.

    Raises:
        OSError: It can't be written.
    """
    target = final_target(path)
    if is_stream(target):
        target.write_bytes(data)
        return
    part = part_of(target)
    try:
        file = part.open("xb")
    except PermissionError:
        if not target.exists():
            raise
        target.write_bytes(data)  # the folder takes no new file, but this one may be writable
        return
    try:
        with file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            part.chmod(stat.S_IMODE(target.stat().st_mode))
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def final_target(path: Path) -> Path:
    """The file that ``path`` leads to; a link to an open stream of a process is not resolved.

    Raises:
        OSError: The links form a cycle.
    """
    for _ in range(_MAX_LINKS):
        if str(path).startswith(_STREAMS) or not path.is_symlink():
            return path if str(path).startswith(_STREAMS) else path.resolve()
        path = path.parent / path.readlink()
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))


def is_stream(path: Path) -> bool:
    """Whether ``path`` is a device, a pipe or an open stream, which can't be replaced."""
    if str(path).startswith(_STREAMS):
        return True
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def part_of(path: Path) -> Path:
    """The temporary name of the new content until it is complete."""
    return path.with_name(f".{path.name[:200]}.{os.getpid()}.part")
