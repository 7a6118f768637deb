"""Texts and places in them: what a diagnostic points at."""

from bisect import bisect_right
from functools import cached_property
from typing import NamedTuple


class Source:
    """The text of one file, under the name that a user knows.

    Positions are offsets into ``text``; lines and columns are computed only when something
    is printed, which keeps large files small in memory.
    """

    __slots__ = ("__dict__", "hidden", "name", "text")

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self.hidden: list[tuple[int, int]] = []

    def hide(self, start: int, end: int) -> None:
        """Never quote the text from ``start`` to ``end``, since it is a secret."""
        self.hidden.append((start, end))

    @cached_property
    def _line_starts(self) -> list[int]:
        starts = [0]
        find, position = self.text.find, 0
        while (position := find("\n", position) + 1) > 0:
            starts.append(position)
        return starts

    def line_and_column(self, offset: int) -> tuple[int, int]:
        """Line and column of ``offset``, both counted from 1, the column in characters."""
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def line_text(self, line: int) -> str:
        """The text of ``line`` (counted from 1), without its line break."""
        start = self._line_starts[line - 1]
        end = self._line_starts[line] if line < len(self._line_starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")

    def __repr__(self) -> str:
        return f"Source({self.name!r}, {len(self.text)} characters)"


class Span(NamedTuple):
    """A stretch of a source: ``start`` included, ``end`` not, as offsets into its text."""

    source: Source
    start: int
    end: int

    @property
    def line(self) -> int:
        """Line of the first character, counted from 1."""
        return self.source.line_and_column(self.start)[0]

    @property
    def column(self) -> int:
        """Column of the first character, counted from 1."""
        return self.source.line_and_column(self.start)[1]

    @property
    def last(self) -> tuple[int, int]:
        """Line and column of its end."""
        return self.source.line_and_column(max(self.end, self.start))

    def __str__(self) -> str:
        return f"{self.source.name}:{self.line}:{self.column}"
