"""A YAML text as it is laid out: its nodes with their places, and its comments."""

import re
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final, NamedTuple, TypeAlias

from ruamel.yaml import events

from runner.config.yaml.core_schema import resolve
from runner.config.yaml.events import Event, Reading, read

#: What an event says, without its place and style: equal lists of them mean the same.
Meaning: TypeAlias = tuple[object, ...]
_KINDS: Final[dict[type, str]] = {
    events.ScalarEvent: "scalar",
    events.AliasEvent: "alias",
    events.MappingStartEvent: "mapping",
    events.SequenceStartEvent: "sequence",
}
_PROPERTY = re.compile(r"!<[^>\s]*>|[&!][^\s,\[\]{}]*")
_COMMENT = re.compile(r"(?<![^ \t\n,\[\]{}])#.*")
_BLANK = re.compile(r"(?:\s++(?:#.*)?)*+")


@dataclass(slots=True)
class LayoutNode:
    """A node and its place.

    Attributes:
        kind: ``scalar``, ``alias``, ``mapping`` or ``sequence``.
        start: Offset of its first character, an anchor or a tag too.
        body: Offset behind its anchor and tag.
        end: Offset behind it; of a block collection that of its last part.
        properties: Its anchor and tag, as they are written.
        flow: Whether it is a collection in brackets, or a scalar in one.
        style: How a scalar is quoted: ``'``, ``"``, ``|``, ``>`` or nothing.
        value: The value of a scalar.
        parts: Items of a sequence; keys and values of a mapping in turn.
    """

    kind: str
    start: int
    body: int
    end: int
    properties: str = ""
    flow: bool = False
    style: str = ""
    value: str = ""
    parts: "list[LayoutNode]" = field(default_factory=list)

    @property
    def is_block_scalar(self) -> bool:
        """Whether it is written with ``|`` or ``>``."""
        return self.style in {"|", ">"}

    @property
    def entries(self) -> "list[tuple[LayoutNode | None, LayoutNode]]":
        """The items of a sequence; the values of a mapping, each after its key."""
        if self.kind == "mapping":
            return list(zip(self.parts[::2], self.parts[1::2], strict=True))
        return [(None, part) for part in self.parts]


class Comment(NamedTuple):
    """One comment: its place, its text without blanks at the end, and whether it is ``alone``.

    It is alone if only blanks are before it on its line.
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
        comments: All comments, in order.

    Raises:
        One of PARSE_ERRORS: The text is not valid.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.root = read(text, self._read)
        outside = _masked(text, self._scalars)  # where a `#` may begin a comment
        self.comments = [
            Comment(*found.span(), found[0].rstrip(), self.column(found.start()) is not None)
            for found in _COMMENT.finditer(outside)
        ]
        self._bare = _masked(outside, [(each.start, each.end) for each in self.comments])

    def _read(self, reading: Reading) -> LayoutNode:
        self.marker: int | None = None
        self.meaning: list[Meaning] = []
        self._scalars: list[tuple[int, int]] = []
        top = LayoutNode("sequence", 0, 0, 0)
        stack = [top]
        for event in reading.start():
            kind = event.__class__
            if kind is events.DocumentStartEvent and event.explicit:
                self.marker = event.end_mark.index - 3
            elif isinstance(event, events.CollectionEndEvent):
                self.meaning.append((kind,))
                node = stack.pop()
                node.end = event.end_mark.index if node.flow else max(p.end for p in node.parts)
            elif kind in _KINDS:
                node = self._node(_KINDS[kind], event)
                stack[-1].parts.append(node)
                typed: object = None
                if node.kind == "scalar":
                    node.flow = stack[-1].flow
                    node.style = event.style or ""
                    node.value = reading.restore(event.value) if reading.restore else event.value
                    typed = _typed(event, node.value)
                    self._add_scalar(node)
                elif node.kind != "alias":
                    node.flow = bool(event.flow_style)
                    typed = event.tag
                    stack.append(node)
                self.meaning.append((kind, event.anchor, node.value, typed))
        return top.parts[0]

    def _node(self, kind: str, event: Event) -> LayoutNode:
        """Return the node of an event, its anchor and tag separate from its body."""
        start, end = event.start_mark.index, event.end_mark.index
        body, found = start, []
        is_collection = kind in {"mapping", "sequence"}
        tag = None if kind == "alias" else event.tag
        for _ in range((kind != "alias" and event.anchor is not None) + (tag is not None)):
            if match := _PROPERTY.match(self.text, body):
                found.append(match[0])
                last = len(self.text) if is_collection else max(end, match.end())
                blank = _BLANK.match(self.text, match.end(), last)
                body = blank.end() if blank else match.end()
        return LayoutNode(kind, start, body, max(end, body), " ".join(found))

    def _add_scalar(self, node: LayoutNode) -> None:
        """Note the place of a scalar's text."""
        begin = node.body
        if node.is_block_scalar:
            node.end = self._block_end(node)
            begin = self.text.find("\n", node.body, node.end) + 1 or node.end
        self._scalars.append((begin, node.end))

    def _block_end(self, node: LayoutNode) -> int:
        """Return the offset behind the last line of a block scalar, without ignored blank lines."""
        text = self.text[node.body : node.end]
        if "+" in text[:3]:
            return node.end
        if node.style == ">":
            return node.body + len(text.rstrip(" \n"))
        count = node.value.count("\n") + (node.value[-1:] not in {"", "\n"})
        return node.body + len("\n".join(text.split("\n")[: count + 1]))

    def comments_between(self, start: int, end: int) -> list[Comment]:
        """Return the comments from one offset to another."""
        return self.comments[self._index(start) : self._index(end)]

    def find(self, character: str, start: int, end: int) -> int:
        """Return the first ``character`` in a range, outside of comments; -1 if there is none."""
        return self._bare.find(character, start, end)

    def _index(self, offset: int) -> int:
        return bisect_left(self.comments, offset, key=attrgetter("start"))

    def column(self, offset: int) -> int | None:
        """Return the column of ``offset``, if only blanks are before it on its line."""
        begin = self.text.rfind("\n", 0, offset) + 1
        return None if self.text[begin:offset].strip() else offset - begin


def _masked(text: str, places: Iterable[tuple[int, int]]) -> str:
    """Return ``text`` with a letter for each character at ``places`` that is no line break."""
    parts, at = [], 0
    for start, end in places:
        parts += [text[at:start], re.sub(".", "x", text[start:end])]
        at = end
    return "".join([*parts, text[at:]])


def _typed(event: Event, value: str) -> object:
    """Return the type of a scalar's value, and the value if it is not text."""
    if event.style or event.tag:
        return "text" if event.style or event.tag.endswith(":str") else event.tag
    typed = resolve(value)
    return "text" if isinstance(typed, str) else repr(typed)
