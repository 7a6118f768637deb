"""Destinations of output: a stream, or a file that appears whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from runner.atomic_write import atomic_write, final_target, is_stream, part_of
from runner.errors import CannotRun, UsageError, os_reason
from runner.reports.text.sanitize import harmless


@contextmanager
def _writable(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:  # a NUL in a path is a ValueError
        raise UsageError(
            f"The report can't be written to {str(path)!r}: {os_reason(error)}.",
            hint="Give another path with --report FORMAT=PATH.",
        ) from error


class FileOutput:
    """A file that is written whole when the report is ready.

    Raises:
        UsageError: The file can't be written; this is checked at once.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with _writable(path):
            self._try_out()

    def write(self, text: str) -> None:
        """Replace the contents of the file with ``text``.

        Raises:
            CannotRun: The file can no longer be written.
        """
        try:
            atomic_write(self.path, text.encode())
        except OSError as error:
            raise CannotRun(
                f"The report could not be written to {str(self.path)!r}: {os_reason(error)}."
            ) from error

    def _try_out(self) -> None:
        target = final_target(self.path)
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


class GrowingFile:
    """A file that is written as events happen.

    Raises:
        UsageError: The file can't be written.
    """

    def __init__(self, path: Path) -> None:
        with _writable(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("w", encoding="utf-8", newline="\n")

    def write(self, text: str) -> None:
        """Append ``text`` at once."""
        self._file.write(text)
        self._file.flush()


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


class StreamOutput:
    """A stream, such as standard output."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str, *, annotations: bool = False) -> None:
        """Write ``text`` at once, made harmless; ``annotations`` are those of GitHub Actions.

        Raises:
            CannotRun: Its reader has left, or it is full.
        """
        try:
            emit(text, self._stream, annotations=annotations)
        except (OSError, ValueError) as error:  # a closed stream is a ValueError
            raise CannotRun(f"The output can't be written: {os_reason(error)}.") from error
