"""Styles of a terminal: colours as ANSI sequences, and signs with an ASCII equivalent.

Kept apart from rich, which takes longer to import than a whole ``validate`` may take.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TextIO

from runner.environment import is_on

_CODES: Final = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
}
_ASCII: Final = str.maketrans(
    {"…": "...", "✓": "+", "✗": "x", "›": ">", "·": "-", "↻": "~", "−": "-", "→": "->", "─": "-"}
)


@dataclass(frozen=True, slots=True)
class Style:
    """The abilities of the receiver of a text.

    Attributes:
        color: Whether ANSI colour sequences may be used.
        unicode: Whether more than ASCII can be shown.
        width: Columns.
        wraps: Whether lines end at ``width``, as on a terminal; in a log or a file they do not.
    """

    color: bool = False
    unicode: bool = True
    width: int = 80
    wraps: bool = False

    def paint(self, text: str, *styles: str) -> str:
        """``text`` in ``styles`` (``bold``, ``red`` …), where colours may be used."""
        if not (self.color and text and styles):
            return text
        return f"\x1b[{';'.join(_CODES[style] for style in styles)}m{text}\x1b[0m"

    def plain(self, text: str) -> str:
        r"""``text`` in the characters the receiver has: in ASCII, others are spelt ``\u…``."""
        if self.unicode or text.isascii():
            return text
        return text.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")


def style_for(stream: TextIO, environ: Mapping[str, str], *, no_color: bool = False) -> Style:
    """The style of ``stream``: its colours, its characters, and its columns if it has any."""
    columns = 0
    if stream.isatty():
        try:
            columns = os.get_terminal_size(stream.fileno()).columns
        except OSError:  # it says that it is a terminal, and has no size
            columns = 0
    return Style(
        color=wants_color(stream, environ, no_color=no_color),
        unicode=has_unicode(stream),
        width=columns or _columns(environ) or 80,
        wraps=stream.isatty(),
    )


def _columns(environ: Mapping[str, str]) -> int:
    text = environ.get("COLUMNS", "")
    return int(text) if text.isascii() and text.isdigit() else 0


def wants_color(stream: TextIO, environ: Mapping[str, str], *, no_color: bool = False) -> bool:
    """Whether to colour what goes to ``stream``.

    ``--no-color`` and ``NO_COLOR`` (https://no-color.org) decide first, then ``FORCE_COLOR``
    (https://force-color.org; ``0`` and ``false`` turn it off), then whether it is a terminal.
    """
    if no_color or environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return is_on(environ, "FORCE_COLOR")
    return stream.isatty() and environ.get("TERM") != "dumb"


def has_unicode(stream: TextIO) -> bool:
    """Whether ``stream`` can take more than ASCII."""
    encoding = (getattr(stream, "encoding", None) or "utf-8").lower()
    return encoding.replace("-", "").replace("_", "") in {"utf8", "utf8sig", "utf16"}
