"""Everything the program prints goes through here, masked."""

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from typing import IO

from runner.diagnostics import Diagnostic


def _unmasked(text: str) -> str:
    return text


class Console:
    """Standard output and error, with what is known of them.

    Attributes:
        mask: Replaces secrets in a text; the identity until a configuration was read.
        color: Whether to colour what goes to standard output.
    """

    _process: "Console | None" = None

    def __init__(self, out: IO[str], err: IO[str]) -> None:
        self.out = out
        self.err = err
        self.mask: Callable[[str], str] = _unmasked
        self.color: bool | None = None

    @classmethod
    def of_process(cls) -> "Console":
        """The console of this process."""
        if cls._process is None:
            cls._process = cls(sys.stdout, sys.stderr)
        return cls._process

    def write(self, text: str) -> None:
        """Print ``text`` on standard output, with a line break."""
        print(self._printable(text, self.out), file=self.out)

    def problem(self, text: str, *, hint: str | None = None) -> None:
        """Print what went wrong, and what to do about it, on standard error."""
        print(self._printable(text, self.err), file=self.err)
        if hint:
            print(self._printable(f"  {hint}", self.err), file=self.err)

    def diagnostics(self, diagnostics: Sequence[Diagnostic], *, form: str = "text") -> None:
        """Print diagnostics: as text on standard error, else on standard output."""
        from runner.reports.diagnostics import render_diagnostics  # noqa: PLC0415 # when needed

        stream = self.err if form == "text" else self.out
        text = render_diagnostics(
            diagnostics,
            form,
            color=self.colored(stream),
            width=self.width,
            unicode=self.unicode(stream),
        )
        if text:
            print(self._printable(text, stream), file=stream)

    def colored(self, stream: IO[str]) -> bool:
        """Whether to colour what goes to ``stream``: by option, NO_COLOR, FORCE_COLOR, terminal."""
        if self.color is not None:
            return self.color
        if os.environ.get("NO_COLOR"):
            return False
        if os.environ.get("FORCE_COLOR"):
            return True
        return stream.isatty() and os.environ.get("TERM") != "dumb"

    @property
    def width(self) -> int:
        """Columns of the terminal; 80 where there is none."""
        return shutil.get_terminal_size().columns

    def unicode(self, stream: IO[str]) -> bool:
        """Whether ``stream`` can take more than ASCII."""
        return (getattr(stream, "encoding", None) or "ascii").lower().startswith("utf")

    def _printable(self, text: str, stream: IO[str]) -> str:
        encoding = getattr(stream, "encoding", None) or "utf-8"
        return self.mask(text).encode(encoding, "replace").decode(encoding)
