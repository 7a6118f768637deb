"""What a YAML text looks like beside its tree: comments, and where lines begin."""

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from runner.config.yaml.core_schema import resolve
from runner.config.yaml.events import PARSE_ERRORS, Event, Reading, readings

#: What an event says, without where and in which style: equal lists of them mean the same.
Meaning: TypeAlias = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment.

    Attributes:
        start: Offset of its ``#``.
        text: From the ``#`` to the end of the line, without blanks at the end.
        alone: Whether nothing but blanks stands before it on its line.
    """

    start: int
    text: str
    alone: bool


class Layout:
    """The layout of one valid YAML text."""

    def __init__(self, text: str) -> None:
        self.text = text
        for reading in readings(text):
            self._starts: list[int] = []
            self._scalars: list[tuple[int, int]] = []
            self.meaning: list[Meaning] = []
            try:
                self._read(reading)
            except PARSE_ERRORS:
                continue
            return

    def _read(self, reading: Reading) -> None:
        pull, classes = reading.start(), reading.classes
        while (event := pull()) is not None:
            kind = event.__class__
            start = event.start_mark.index
            if kind is classes.scalar:
                value = reading.shown(event.value) if reading.shown else event.value
                self._scalars.append(self._opaque(start, event.end_mark.index))
                self._starts.append(start)
                self.meaning.append(("scalar", event.anchor, value, _typed(event, value)))
            elif kind in (classes.mapping_start, classes.sequence_start, classes.alias):
                self._starts.append(start)
                self.meaning.append((kind.__name__, event.anchor))
            elif kind in (classes.mapping_end, classes.sequence_end):
                self.meaning.append((kind.__name__,))

    def _opaque(self, start: int, end: int) -> tuple[int, int]:
        """The part of a scalar where a ``#`` is text: of a block scalar, what is under its head."""
        if self.text[start : start + 1] in {"|", ">"}:
            return self.text.find("\n", start), end
        return start, end

    def is_text(self, offset: int) -> bool:
        """Whether ``offset`` lies inside a scalar."""
        index = bisect_right(self._scalars, (offset, len(self.text))) - 1
        return index >= 0 and offset < self._scalars[index][1]

    @cached_property
    def comments(self) -> list[Comment]:
        """All comments, in order."""
        text, found, at = self.text, [], -1
        while (at := text.find("#", at + 1)) >= 0:
            before = text[self.line_start(at) : at]
            if self.is_text(at) or (before and before[-1] not in " \t"):
                continue
            end = self.line_end(at)
            found.append(Comment(at, text[at:end].rstrip(), not before.strip()))
            at = end
        return found

    @cached_property
    def leads(self) -> list[int | None]:
        """For each node the column its line begins in, if it is the first node of its line."""
        columns: list[int | None] = []
        for start in self._starts:
            line_start = self.line_start(start)
            before = self.text[line_start:start]
            blanks = len(before) - len(before.lstrip(" "))
            columns.append(None if before.strip(" -?") else blanks)
        return columns

    @property
    def starts(self) -> list[int]:
        """The offset of each node."""
        return self._starts

    def line_start(self, offset: int) -> int:
        """Where the line of ``offset`` begins."""
        return self.text.rfind("\n", 0, offset) + 1

    def line_end(self, offset: int) -> int:
        """Where the line of ``offset`` ends."""
        end = self.text.find("\n", offset)
        return len(self.text) if end < 0 else end


def _typed(event: Event, value: str) -> object:
    """The type of a scalar's value, and the value where it is no text."""
    if event.style or event.tag:
        return "text" if event.style or event.tag.endswith(":str") else event.tag
    typed = resolve(value)
    return "text" if isinstance(typed, str) else repr(typed)
