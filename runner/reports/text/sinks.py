"""Where reports go: to a stream, or to a file that appears whole or not at all."""

import os
import stat
from pathlib import Path
from typing import TextIO

from runner.errors import CannotRun, UsageError


class FileOutput:
    """A file that is written whole when the report is ready.

    Raises:
        UsageError: The file can't be written, which is found out before it is needed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            # Links are followed, so that what they point at is replaced and not the link.
            self._target = Path(os.path.realpath(path))
            self._part = self._target.with_name(f".{self._target.name[:200]}.{os.getpid()}.part")
            self._try_out()
        except (OSError, ValueError) as error:  # a NUL in a path is a ValueError
            raise UsageError(
                f"The report can't be written to {str(path)!r}: {_reason(error)}.",
                hint="Give another path with --report FORMAT=PATH.",
            ) from error

    def write(self, text: str) -> None:
        """Put ``text`` into the file, in place of what it held.

        Raises:
            CannotRun: It can't be written any more.
        """
        try:
            if self._is_special():
                self._target.write_text(text, encoding="utf-8", newline="")
                return
            try:
                with self._create() as file:
                    file.write(text)
                    file.flush()
                    os.fsync(file.fileno())
                self._part.replace(self._target)
            finally:
                self._part.unlink(missing_ok=True)
        except OSError as error:
            raise CannotRun(
                f"The report could not be written to {str(self.path)!r}: {_reason(error)}."
            ) from error

    def _try_out(self) -> None:
        if self._target.is_dir():
            raise IsADirectoryError("it is a folder")
        if self._target.exists() and not os.access(self._target, os.W_OK):
            raise PermissionError("permission denied")
        if self._is_special():
            return  # to open a pipe would wait for its reader
        self._target.parent.mkdir(parents=True, exist_ok=True)
        self._create().close()
        self._part.unlink()

    def _create(self) -> TextIO:
        self._part.unlink(missing_ok=True)
        # Not through tempfile, whose files nobody else may read: reports are picked up by others.
        return self._part.open("x", encoding="utf-8", newline="")

    def _is_special(self) -> bool:
        """Whether it is a device or a pipe, which are written to and never replaced."""
        try:
            mode = self._target.stat().st_mode
        except OSError:
            return False
        return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


class StreamOutput:
    """A stream, such as standard output."""

    path: Path | None = None

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        """Write ``text`` at once; what the stream has no characters for is spelt out.

        Raises:
            CannotRun: Nobody reads the stream any more, or it is full.
        """
        try:
            try:
                self._stream.write(text)
            except UnicodeEncodeError:
                encoding = self._stream.encoding
                self._stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
            self._stream.flush()
        except (OSError, ValueError) as error:  # a closed stream is a ValueError
            raise CannotRun(f"The output can't be written: {_reason(error)}.") from error


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[:1].lower() + error.strerror[1:]
    return str(error)
