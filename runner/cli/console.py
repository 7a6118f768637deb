"""Everything the program prints goes through here, masked and made harmless."""

import os
import sys
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, TextIO

import click

from runner.diagnostics import Diagnostic
from runner.errors import RunnerError

if TYPE_CHECKING:
    from runner.reports.diagnostics.render import DiagnosticsFormat
    from runner.reports.text.style import Style
    from runner.secrets import Redactor


class ReaderIsGone(Exception):
    """The reader of the output has left.

    An exception of our own, because click ends with 1 on a closed pipe, which here says that
    a session failed.
    """


class Console:
    """Standard output and error.

    Attributes:
        no_color: Whether ``--no-color`` was given.
    """

    _process: "Console | None" = None

    def __init__(self, out: TextIO, err: TextIO) -> None:
        self.out = out
        self.err = err
        self.no_color = False

    @cached_property
    def redactor(self) -> "Redactor":
        """Knows the credentials of the process, and each secret that a configuration names."""
        from runner.secrets import Redactor, credentials_in  # noqa: PLC0415 # when needed

        return Redactor(credentials_in(os.environ))

    def mask(self, text: str) -> str:
        """``text`` without secrets."""
        return self.redactor.mask(text)

    @classmethod
    def of_process(cls) -> "Console":
        """The console of this process."""
        if cls._process is None:
            cls._process = cls(sys.stdout, sys.stderr)
        return cls._process

    def write(self, text: str, stream: TextIO | None = None) -> None:
        """Print the text of a renderer, of any number of lines, on standard output by default.

        The names in it are harmless already.
        """
        self._print(text.rstrip("\n"), stream or self.out)

    def say(self, sentence: str, stream: TextIO | None = None) -> None:
        """Print one line, whatever the names in it hold, on standard output by default."""
        stream = stream or self.out
        self._print(self.folded(self._line(sentence), stream), stream)

    def problem(self, text: str, *, hint: str | None = None) -> None:
        """Print what went wrong, and what to do about it, each as one line of standard error."""
        self.say(text, self.err)
        if hint:
            self._print(self.folded(f"  {self._line(hint)}", self.err), self.err)

    def warning(self, text: str, *, hint: str | None = None) -> None:
        """Print a problem that stops nothing."""
        self.problem(f"Warning: {text}", hint=hint)

    def warn(self, *errors: RunnerError) -> None:
        """Print errors that do not stop the command."""
        for error in errors:
            self.warning(error.message, hint=error.hint)

    def diagnostics(
        self,
        diagnostics: Sequence[Diagnostic],
        *,
        form: "DiagnosticsFormat" = "text",
        stream: TextIO | None = None,
    ) -> None:
        """Print diagnostics, on standard error unless ``stream`` is given."""
        from runner.reports.diagnostics.render import render_diagnostics  # noqa: PLC0415 # when needed
        from runner.reports.text.github import repository_of  # noqa: PLC0415

        stream = stream or self.err
        repository = repository_of(os.environ)
        text = render_diagnostics(diagnostics, form, self.style_for(stream), repository=repository)
        if text:
            text = self.folded(text.rstrip("\n"), stream)
            self._print(text, stream, annotations=form == "github")

    def annotate(self, commands: str) -> None:
        """Print annotations of GitHub Actions on standard error; reports may use stdout."""
        self._print(commands.rstrip("\n"), self.err, annotations=True)

    def ask(self, question: str) -> bool:
        """Ask ``question`` on standard error, and return whether the answer is yes."""
        try:
            return click.confirm(self._line(question), err=True)
        except click.Abort:
            self.say("", self.err)  # the cursor is still behind the question
            raise

    def style_for(self, stream: TextIO) -> "Style":
        """The style of ``stream``."""
        from runner.reports.text.style import style_for  # noqa: PLC0415 # when needed

        return style_for(stream, os.environ, no_color=self.no_color)

    def _line(self, text: str) -> str:
        """``text`` as one harmless line; masked first, since an escape could hide a secret."""
        from runner.reports.text.sanitize import one_line  # noqa: PLC0415 # when needed

        return one_line(self.mask(text))

    def folded(self, text: str, stream: TextIO) -> str:
        """``text``, in lines that fit, and masked, if ``stream`` is a terminal."""
        if not stream.isatty():
            return text
        from runner.reports.text.layout import fold  # noqa: PLC0415 # when needed

        # Masked first: a secret that a break has parted would not be found any more.
        return fold(self.mask(text), self.style_for(stream))

    def _print(self, text: str, stream: TextIO, *, annotations: bool = False) -> None:
        from runner.reports.text.sinks import emit  # noqa: PLC0415 # when needed

        try:
            emit(f"{self.mask(text)}\n", stream, annotations=annotations)
        except BrokenPipeError:
            raise ReaderIsGone from None
        except OSError:
            if stream is not self.err:  # where else could it be told?
                raise
