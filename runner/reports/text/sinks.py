"""Destinations of output: a stream, or a file that appears whole or not at all."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO, TypeAlias

from runner.atomic_write import atomic_write, final_target, is_stream, part_of
from runner.errors import CannotRun, UsageError, os_reason
from runner.reports.text.sanitize import harmless

#: Writes a text to where it belongs.
Write: TypeAlias = Callable[[str], None]


@contextmanager
def _writable(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:  # a NUL in a path is a ValueError
        raise UsageError(
            f"The report can't be written to {str(path)!r}: {os_reason(error)}.",
            hint="Give another path with --report FORMAT=PATH.",
        ) from error


def whole_file(path: Path) -> Write:
    """A file whose contents are replaced at each write.

    Raises:
        UsageError: It can't be written; this is checked at once.
        CannotRun: Later, by a write: it can no longer be written.
    """

    def write(text: str) -> None:
        try:
            atomic_write(path, text.encode(errors="backslashreplace"))
        except OSError as error:
            raise CannotRun(
                f"The report could not be written to {str(path)!r}: {os_reason(error)}."
            ) from error

    with _writable(path):
        _try_out(final_target(path))
    return write


def _try_out(target: Path) -> None:
    if is_stream(target):
        return  # to open a pipe would wait for its reader
    if target.is_dir():
        raise IsADirectoryError("it is a folder")
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError("permission denied")
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        part = part_of(target)
        part.open("xb").close()
        part.unlink()


def growing_file(path: Path) -> Write:
    """A file that each write appends to, at once.

    Raises:
        UsageError: It can't be written.
    """
    with _writable(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w", encoding="utf-8", errors="backslashreplace", newline="\n")

    def write(text: str) -> None:
        file.write(text)
        file.flush()

    return write


def to_stream(stream: TextIO, *, annotations: bool = False) -> Write:
    """A stream, such as standard output; ``annotations`` are those of GitHub Actions.

    Raises:
        CannotRun: By a write: its reader has left, or it is full.
    """

    def write(text: str) -> None:
        try:
            emit(text, stream, annotations=annotations)
        except (OSError, ValueError) as error:  # a closed stream is a ValueError
            raise CannotRun(f"The output can't be written: {os_reason(error)}.") from error

    return write


def emit(text: str, stream: TextIO, *, annotations: bool = False) -> None:
    """Write ``text``, made harmless, to ``stream``: no other code writes to a terminal or a log.

    Characters that the stream can't encode are escaped.

    Raises:
        OSError: The stream can't be written.
        ValueError: It is closed.
    """
    text = harmless(text, annotations=annotations)
    encoding = getattr(stream, "encoding", None) or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()
