"""Lay out pieces of text on lines that fit the terminal, or on one line elsewhere."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from runner.reports.text.sanitize import LINK, SGR, display_width
from runner.reports.text.style import Style

_GAP = "  "
#: Columns before all lines of a row but the first.
_HANG = 4
_STYLED = re.compile(rf"{SGR}|{LINK}")
_START = re.compile(rf"((?:{SGR}|{LINK})*)( *)(.*)", re.DOTALL)


class Piece(NamedTuple):
    """Text that stays together if possible, and its style.

    Attributes:
        text: One line, clean, without colours.
        styles: Names of :class:`Style`.
        pad: Least number of columns, if there is room.
        glued: Whether one space separates it from the piece before, instead of two.
        link: The address it links to, if the receiver supports links.
    """

    text: str
    styles: tuple[str, ...] = ()
    pad: int = 0
    glued: bool = False
    link: str | None = None


def lay_out(pieces: Sequence[Piece], style: Style, indent: int = 0) -> list[str]:
    """Lines that hold ``pieces`` one after the other.

    A piece that no longer fits goes to a line of its own, and is broken at its spaces if
    even that is too short; a glued one flows on. A long word stays whole. If lines do not wrap,
    everything goes on one. ``indent`` columns precede the first line.
    """
    done: list[str] = []
    line, used = " " * indent, indent
    start = indent
    for piece in pieces:
        if not piece.text:
            continue
        text = style.plain(piece.text)
        gap = "" if used == start else " " if piece.glued else _GAP
        width = display_width(text)
        rows = [text]
        if style.wraps and used + len(gap) + width > style.width:
            flows = piece.glued or used == start
            first = style.width - used - len(gap) if flows else 0
            rows = _wrap(text, first, style.width - _HANG)
        if rows[0]:
            line += gap + style.link(style.paint(rows[0], *piece.styles), piece.link)
            used += len(gap) + display_width(rows[0])
        for row in rows[1:]:
            if used > start:
                done.append(line)
            start = _HANG
            line = " " * _HANG + style.link(style.paint(row, *piece.styles), piece.link)
            used = _HANG + display_width(row)
        padding = max(piece.pad - width, 0) if len(rows) == 1 else 0
        line += " " * padding
        used += padding
    return [row.rstrip() for row in (*done, line)]


def fold(text: str, style: Style) -> str:
    """``text`` with each line that is too long for the terminal broken at its spaces.

    Continuation lines are indented two columns more. Colours and links are kept.
    """
    if not style.wraps:
        return text
    lines = text.split("\n")
    return "\n".join(row for line in lines for row in _folded(line, style.width))


def _folded(line: str, width: int) -> Iterator[str]:
    if _columns(line) <= width:
        yield line
        return
    color, spaces, body = _START.fullmatch(line).groups()  # type: ignore[union-attr] # any line fits
    rows = _wrap(body, width - len(spaces), width - len(spaces) - 2)
    first, *others = [*filter(None, rows)] or [""]
    yield spaces + color + first
    for row in others:
        yield f"{spaces}  {row}"


def _wrap(text: str, first: int, width: int) -> list[str]:
    """``text`` broken at spaces: ``first`` columns on the first line, ``width`` on the others."""
    rows = [""]
    for word in text.split(" "):
        room = width if len(rows) > 1 else first
        joined = f"{rows[-1]} {word}" if rows[-1] else word
        if _columns(joined) <= room or (not rows[-1] and len(rows) > 1):
            rows[-1] = joined
        else:
            rows.append(word)
    return rows


def _columns(text: str) -> int:
    return display_width(_STYLED.sub("", text))
