r"""Make texts from outside harmless: names of checks and profiles, errors, file contents.

What is cleaned can't move a cursor, start a line, turn the reading direction or be taken for
a command by a CI system that reads the log. Characters that do such things are shown as what
they are (``\x1b``, ``\u202e``), so that nothing gets lost unseen.
"""

import os
import re
from typing import Final
from unicodedata import category, combining, east_asian_width
from urllib.parse import quote

#: Most characters shown of a name, if whole texts are not needed.
NAME_LIMIT: Final = 200

#: What :class:`runner.reports.text.style.Style` paints with, and nothing else.
SGR: Final = r"\x1b\[(?:0|(?:[12]|3[1-6])(?:;(?:[12]|3[1-6]))*)m"
# The mark of the program's own links (OSC 8) is new in each process: no text can know it.
_LINK_MARK: Final = f"\x1b]8;id={os.urandom(8).hex()};"
_LINK_END: Final = "\x1b]8;;\x1b\\"
#: What :func:`link_to` makes of a text, but for the text.
LINK: Final = rf"{re.escape(_LINK_MARK)}[!-~]{{1,2000}}?\x1b\\|{re.escape(_LINK_END)}"

# Joiners shape Persian words and families of emoji; all other format characters are invisible.
_JOINERS: Final = frozenset("\u200c\u200d")
_ESCAPED: Final = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs"})
# GitHub reads "::command::" at the head of a line and "##[command]" anywhere in one; Azure
# and TeamCity read "##vso[" and "##teamcity[".
# After a space too, since a line may be broken there.
_LEADING_COMMAND: Final = re.compile(r"(?:^|(?<=\s))(?=::)")
_HASH_COMMAND: Final = re.compile(r"##(?=\w*\[)")
# Buildkite folds the log below a line that begins so.
_GROUPS: Final = ("--- ", "+++ ", "~~~ ", "^^^ ")
_COMMAND_LINE: Final = re.compile(r"\A((?:\s|\x1b\[[\d;]*m)*)(?=::)")
_ANNOTATION: Final = re.compile(r"::(?:error|warning|notice)(?: [^:]*)?::")
_KEPT: Final = re.compile(rf"(\t|{SGR}|{LINK})")
_URL_LIMIT: Final = 2_000


def one_line(text: str, limit: int | None = None) -> str:
    """``text`` as one harmless line, cut to ``limit`` characters with an ellipsis."""
    if text.startswith(_GROUPS):
        text = f" {text}"
    if not text.isprintable():
        if limit is not None and len(text) > limit:
            text = text[: limit + 1]  # no more is looked at than can be shown
        text = "".join(map(_visible, text))
    if limit is not None and len(text) > limit:
        text = text[: limit - 1] + "…"
    if "::" in text:
        text = _LEADING_COMMAND.sub(r"\\", text)
    if "##" in text:
        text = _HASH_COMMAND.sub(r"#\\#", text)
    return text


def lines(text: str, limit: int | None = None, most: int | None = None) -> list[str]:
    """The lines of ``text``, each harmless and cut to ``limit`` characters.

    Lines after the first ``most`` are counted on a line of their own.
    """
    found = re.split(r"\r\n|\r|\n", text)
    left_out = 0 if most is None else len(found) - most
    more = [f"… and {left_out} more lines"] if left_out > 0 else []
    return [one_line(line, limit) for line in found[:most]] + more


def harmless(text: str, *, annotations: bool = False) -> str:
    """Make a whole text safe for a terminal or a log: the last step before printing.

    Styles, line breaks and tabs stay; with ``annotations``, those of GitHub Actions as well.
    """
    if text.replace("\n", "").isprintable() and "::" not in text and "##" not in text:
        return text
    return "\n".join(_harmless_line(line, annotations) for line in text.split("\n"))


def _harmless_line(line: str, annotations: bool) -> str:
    parts = _KEPT.split(line)
    parts[::2] = ["".join(map(_visible, part)) for part in parts[::2]]
    shown = _HASH_COMMAND.sub(r"#\\#", "".join(parts))
    if annotations and _ANNOTATION.match(shown):
        return shown
    return _COMMAND_LINE.sub(r"\1\\", shown)


def safe_url(url: str | None) -> str | None:
    """``url`` if it is safe to link to: only http and https, and nothing that ends a link."""
    if url is None or not url.lower().startswith(("https://", "http://")):
        return None
    quoted = quote(url, safe=":/?#@!$&*+,;=%", errors="surrogatepass")
    return quoted.replace("##", "%23%23")[:_URL_LIMIT]


def link_to(url: str, text: str) -> str:
    """``text`` as a terminal's link to ``url``, which :func:`safe_url` returned."""
    return f"{_LINK_MARK}{url}\x1b\\{text}{_LINK_END}"


def command_marks(text: str) -> set[int]:
    """Indexes of the ``#`` in ``text`` that must be escaped so that no log contains a command."""
    return {found.start() + 1 for found in _HASH_COMMAND.finditer(text)}


def display_width(text: str) -> int:
    """How many columns of a terminal ``text`` takes."""
    if text.isascii():
        return len(text)
    return sum(map(char_width, text))


def char_width(char: str) -> int:
    """How many columns of a terminal ``char`` takes: 0, 1 or 2."""
    if char.isascii():
        return 1
    if combining(char) or category(char) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if east_asian_width(char) in {"W", "F"} else 1


def fit(text: str, width: int) -> str:
    """``text`` cut so that it takes at most ``width`` columns, with an ellipsis if it was cut."""
    if display_width(text) <= width:
        return text
    kept, used = [], 0
    for char in text:
        used += char_width(char)
        if used > width - 1:
            break
        kept.append(char)
    return "".join(kept) + "…" if width > 0 else ""


def _visible(char: str) -> str:
    if char.isprintable() or char in _JOINERS:
        return char
    if category(char) not in _ESCAPED and ord(char) & 0xFFFE != 0xFFFE:
        return char
    return char.encode("unicode_escape").decode()
