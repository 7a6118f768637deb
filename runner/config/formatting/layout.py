"""A YAML text as it is laid out: its nodes with their places, and its comments."""

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, TypeAlias

from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from runner.config.yaml.core_schema import resolve
from runner.config.yaml.events import PARSE_ERRORS, Event, Reading, readings

#: What an event says, without where and in which style: equal lists of them mean the same.
Meaning: TypeAlias = tuple[object, ...]
Kind: TypeAlias = Literal["scalar", "alias", "mapping", "sequence"]
_PROPERTY = re.compile(r"!<[^>\s]*>|[&!][^\s,\[\]{}]*")


@dataclass(slots=True)
class LayoutNode:
    """A node and where it stands.

    Attributes:
        kind: What it is.
        start: Offset of its first character, an anchor or a tag too.
        body: Offset behind its anchor and tag.
        end: Offset behind it; of a block collection that of its last part.
        properties: Its anchor and tag, as they are written.
        flow: Whether it is a collection in brackets, or a scalar in one.
        style: How a scalar is quoted: ``'``, ``"``, ``|``, ``>`` or nothing.
        value: The value of a scalar.
        parts: Items of a sequence; keys and values of a mapping in turn.
    """

    kind: Kind
    start: int
    body: int
    end: int
    properties: str = ""
    flow: bool = False
    style: str = ""
    value: str = ""
    parts: "list[LayoutNode]" = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment.

    Attributes:
        start: Offset of its ``#``.
        end: Offset of the end of its line.
        text: From the ``#`` to the end of the line, without blanks at the end.
        alone: Whether nothing but blanks stands before it on its line.
    """

    start: int
    end: int
    text: str
    alone: bool


class Layout:
    """The layout of one valid YAML text.

    Attributes:
        text: The text.
        root: Its root node.
        marker: Offset of the ``---`` that it begins with; ``None`` without one.
        meaning: What it says, however it is laid out.

    Raises:
        One of PARSE_ERRORS: The text is not valid.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        failure: Exception | None = None
        for reading in readings(text):
            self.marker: int | None = None
            self.meaning: list[Meaning] = []
            self._scalars: list[tuple[int, int]] = []
            try:
                self.root = self._read(reading)
            except PARSE_ERRORS as error:
                failure = failure or error
                continue
            return
        raise failure or ValueError

    def _read(self, reading: Reading) -> LayoutNode:
        top = LayoutNode("sequence", 0, 0, 0)
        stack = [top]
        for event in reading.start():
            kind = event.__class__
            start, end = event.start_mark.index, event.end_mark.index
            if kind is DocumentStartEvent and event.explicit:
                self.marker = end - 3
            elif kind in (MappingEndEvent, SequenceEndEvent):
                self.meaning.append((kind.__name__,))
                node = stack.pop()
                node.end = end if node.flow else max(p.end for p in node.parts)
            elif kind is ScalarEvent:
                value = reading.restore(event.value) if reading.restore else event.value
                node = self._node("scalar", event, start, end)
                node.style, node.value, node.flow = event.style or "", value, stack[-1].flow
                if node.style in {"|", ">"}:
                    node.end = end = self._block_end(node, end)
                    head = self.text.find("\n", node.body, end)
                    self._scalars.append((end if head < 0 else head, end))
                else:
                    self._scalars.append((node.body, end))
                self.meaning.append(("scalar", event.anchor, value, _typed(event, value)))
                stack[-1].parts.append(node)
            elif kind is AliasEvent:
                self.meaning.append((kind.__name__, event.anchor))
                stack[-1].parts.append(self._node("alias", event, start, end))
            elif kind in (MappingStartEvent, SequenceStartEvent):
                self.meaning.append((kind.__name__, event.anchor, event.tag))
                name: Kind = "mapping" if kind is MappingStartEvent else "sequence"
                node = self._node(name, event, start, end)
                node.flow = bool(event.flow_style)
                stack[-1].parts.append(node)
                stack.append(node)
        return top.parts[0]

    def _block_end(self, node: LayoutNode, end: int) -> int:
        """Offset behind the last line of a block scalar; blank lines that it ignores are none."""
        if "+" in self.text[node.body : node.body + 3]:
            return end
        if node.style == ">":
            return node.body + len(self.text[node.body : end].rstrip(" \n"))
        lines = self.text[node.body : end].split("\n")
        count = node.value.count("\n") + (node.value[-1:] not in {"", "\n"})
        return node.body + len("\n".join(lines[: count + 1]))

    def _node(self, kind: Kind, event: Event, start: int, end: int) -> LayoutNode:
        """A node, its anchor and tag told from its body."""
        body, found = start, []
        for _ in range((event.anchor is not None) + (getattr(event, "tag", None) is not None)):
            if kind != "alias" and (match := _PROPERTY.match(self.text, body)):
                found.append(match[0])
                body = match.end()
                while blank := re.compile(r"\s+(?:#.*)?").match(self.text, body, max(end, body)):
                    body = blank.end()
        if kind in {"mapping", "sequence"} and found:
            while blank := re.compile(r"\s+(?:#.*)?").match(self.text, body):
                body = blank.end()
        return LayoutNode(kind, start, body, max(end, body), " ".join(found))

    @cached_property
    def comments(self) -> list[Comment]:
        """All comments, in order."""
        text, found, at = self.text, [], -1
        while (at := text.find("#", at + 1)) >= 0:
            before = text[text.rfind("\n", 0, at) + 1 : at]
            if self._is_text(at) or (before and before[-1] not in " \t,[]{}"):
                continue
            end = text.find("\n", at)
            end = len(text) if end < 0 else end
            found.append(Comment(at, end, text[at:end].rstrip(), not before.strip()))
            at = end
        return found

    def comments_between(self, start: int, end: int) -> list[Comment]:
        """The comments from one offset to another."""
        return self.comments[self._index(start) : self._index(end)]

    def find(self, character: str, start: int, end: int) -> int:
        """The first ``character`` from one offset to another outside of comments; -1 if none."""
        at = self.text.find(character, start, end)
        while at >= 0 and (index := self._index(at + 1)) and at < self.comments[index - 1].end:
            at = self.text.find(character, self.comments[index - 1].end, end)
        return at

    def column(self, offset: int) -> int | None:
        """The column of ``offset``, if nothing but blanks stands before it on its line."""
        begin = self.text.rfind("\n", 0, offset) + 1
        return None if self.text[begin:offset].strip() else offset - begin

    def _index(self, offset: int) -> int:
        return bisect_left(self._comment_starts, offset)

    @cached_property
    def _comment_starts(self) -> list[int]:
        return [comment.start for comment in self.comments]

    def _is_text(self, offset: int) -> bool:
        index = bisect_right(self._scalars, (offset, len(self.text))) - 1
        return index >= 0 and offset < self._scalars[index][1]


def _typed(event: Event, value: str) -> object:
    """The type of a scalar's value, and the value where it is no text."""
    if event.style or event.tag:
        return "text" if event.style or event.tag.endswith(":str") else event.tag
    typed = resolve(value)
    return "text" if isinstance(typed, str) else repr(typed)
