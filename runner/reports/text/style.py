"""Styles of a terminal: colours as ANSI sequences, and signs with an ASCII equivalent.

Independent of rich, which takes longer to import than a whole ``validate`` may take.
"""

import os
from collections.abc import Mapping
from typing import Final, NamedTuple, TextIO

from runner.environment import is_on
from runner.reports.text.sanitize import link_to, safe_url

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

# Terminals that show links: variables that one sets, and names.
_LINKING: Final = ("WT_SESSION", "KITTY_WINDOW_ID", "DOMTERM", "KONSOLE_VERSION")
_LINKING_PROGRAMS: Final = frozenset({"iTerm.app", "WezTerm", "vscode", "ghostty", "zed", "Hyper"})
_LINKING_TERMS: Final = frozenset({"xterm-kitty", "xterm-ghostty", "alacritty", "foot", "wezterm"})
_VTE_THAT_CRASHES: Final = 5000  # the first one with links


class Style(NamedTuple):
    """What the receiver of a text supports.

    Attributes:
        color: Whether ANSI colour sequences may be used.
        links: Whether a text can be a link (OSC 8).
        unicode: Whether more than ASCII can be shown.
        width: Columns.
        wraps: Whether lines end at ``width``, as on a terminal; in a log or a file they do not.
    """

    color: bool = False
    links: bool = False
    unicode: bool = True
    width: int = 80
    wraps: bool = False

    def paint(self, text: str, *styles: str) -> str:
        """``text`` in ``styles`` (``bold``, ``red`` …), if colours may be used."""
        if not (self.color and text and styles):
            return text
        return f"\x1b[{';'.join(_CODES[style] for style in styles)}m{text}\x1b[0m"

    def link(self, text: str, url: str | None) -> str:
        """``text`` as a link to ``url``, if the receiver knows links and ``url`` is on the web."""
        safe = safe_url(url) if self.links else None
        return link_to(safe, text) if safe else text

    def address(self, url: str | None) -> str:
        """``url`` to be printed; empty if :meth:`link` links to it."""
        return "" if url is None or (self.links and safe_url(url)) else url

    def plain(self, text: str) -> str:
        r"""``text`` in characters that the receiver supports: for ASCII, others become ``\u…``."""
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
    color = wants_color(stream, environ, no_color=no_color)
    return Style(
        color=color,
        links=color and knows_links(stream, environ),
        unicode=has_unicode(stream),
        width=columns or _columns(environ) or 80,
        wraps=stream.isatty(),
    )


def _columns(environ: Mapping[str, str]) -> int:
    text = environ.get("COLUMNS", "")
    return int(text) if text.isascii() and text.isdigit() else 0


def wants_color(stream: TextIO, environ: Mapping[str, str], *, no_color: bool = False) -> bool:
    """Decide whether to colour what goes to ``stream``.

    ``--no-color`` and ``NO_COLOR`` (https://no-color.org) decide first, then ``FORCE_COLOR``
    (https://force-color.org; ``0`` and ``false`` turn it off), then ``CLICOLOR_FORCE`` and
    ``CLICOLOR`` (https://bixense.com/clicolors), then whether it is a terminal.
    """
    if no_color or environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return is_on(environ, "FORCE_COLOR")
    if is_on(environ, "CLICOLOR_FORCE"):
        return True
    is_off = environ.get("CLICOLOR") == "0" or environ.get("TERM") == "dumb"
    return stream.isatty() and not is_off


def knows_links(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Decide whether ``stream`` is a terminal that is known to show links (OSC 8).

    ``FORCE_HYPERLINK`` decides, as in other tools; else the terminal, by what it sets. One inside
    tmux or screen is not known: they may swallow the link, and with it the address.
    """
    if environ.get("FORCE_HYPERLINK"):
        return is_on(environ, "FORCE_HYPERLINK")
    term = environ.get("TERM", "")
    if not stream.isatty() or term in {"dumb", "linux"} or term.startswith(("screen", "tmux")):
        return False
    vte = environ.get("VTE_VERSION", "")
    return (
        any(map(environ.get, _LINKING))
        or environ.get("TERM_PROGRAM") in _LINKING_PROGRAMS
        or term in _LINKING_TERMS
        or (vte.isascii() and vte.isdigit() and int(vte) > _VTE_THAT_CRASHES)
    )


def has_unicode(stream: TextIO) -> bool:
    """Decide whether ``stream`` takes more than ASCII."""
    encoding = (getattr(stream, "encoding", None) or "utf-8").lower()
    return encoding.replace("-", "").replace("_", "") in {"utf8", "utf8sig", "utf16"}
