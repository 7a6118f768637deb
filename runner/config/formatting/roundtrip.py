"""ruamel.yaml's round trip, bent to one layout: two blanks a level, dashes indented, no folding.

The trip goes from text to nodes and back, not on to Python values: so every scalar keeps the very
text it had (``0x1F``, ``1.10``, ``null``), and every anchor its name, used or not.
"""

import io
import re
from collections.abc import Callable
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.emitter import RoundTripEmitter
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import SequenceEndEvent
from ruamel.yaml.serializer import Serializer

#: Lists and mappings in brackets are broken into lines where they pass this column.
WIDTH = 100
_ENDLESS = 1 << 30
_DASH_OFFSET = 2

# Where a folded scalar was broken its value has a BEL before the blank, which the emitter breaks
# at again; anywhere but between two words it can't.
_UNWRITABLE_FOLD = re.compile(r"(?<=\s)\a|\a(?! \S)")


def round_trip(text: str) -> str:
    """``text`` in the one layout, but for its comments, which end up near their places.

    Args:
        text: One valid YAML document.

    Raises:
        YAMLError: ruamel.yaml can't write what it has read; it has such corners.
    """
    yaml = YAML()
    yaml.Serializer = _Serializer
    yaml.Emitter = _Emitter
    yaml.width = WIDTH
    yaml.indent(mapping=2, sequence=_DASH_OFFSET + 2, offset=_DASH_OFFSET)
    yaml.composer.warn_double_anchors = False  # a name may be used again
    yaml.explicit_start = text.lstrip("\n").startswith("---")
    stream = io.StringIO()
    try:
        yaml.serialize(yaml.compose(text), stream)
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        raise YAMLError from error
    # ruamel.yaml marks the end behind a block scalar that keeps its line breaks; no need to.
    return stream.getvalue().removesuffix("...\n")


class _Serializer(Serializer):
    def anchor_node(self, node: Any) -> None:
        """Give each anchor the name it had, where ruamel.yaml would invent or drop one."""
        if node in self.anchors:
            return
        self.anchors[node] = node.anchor
        if isinstance(node.value, str) and node.style == ">":
            node.value = _UNWRITABLE_FOLD.sub("", node.value)
        for child in () if isinstance(node.value, str) else node.value:
            for part in child if isinstance(child, tuple) else (child,):
                self.anchor_node(part)


class _Emitter(RoundTripEmitter):
    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # How far the dashes of each open list are set in: not at all in a list in a list, for
        # `- - a` reads better than `-   - a`.
        self._offsets: list[int] = []

    def increase_indent(
        self, flow: bool = False, sequence: bool | None = None, indentless: bool = False
    ) -> None:
        around = self._offsets[:-1] if sequence and not flow else self._offsets
        self.best_sequence_indent = (around[-1] if around else _DASH_OFFSET) + 2
        super().increase_indent(flow, sequence, indentless)

    def expect_block_sequence(self) -> None:
        self._offsets.append(0 if self.sequence_context else _DASH_OFFSET)
        super().expect_block_sequence()

    def expect_block_sequence_item(self, first: bool = False) -> None:
        ends = not first and isinstance(self.event, SequenceEndEvent)
        self.sequence_dash_offset = self._offsets[-1]
        self.best_sequence_indent = self._offsets[-1] + 2
        super().expect_block_sequence_item(first)
        if ends:
            self._offsets.pop()

    def write_pre_comment(self, event: Any) -> bool:
        """Write the comments above an event; the one in a block scalar's head is none of them."""
        comments = event.comment[1] if event.comment else None
        if comments and isinstance(comments[0], str):
            return False
        return bool(super().write_pre_comment(event))

    def write_plain(self, text: str, split: bool = True) -> None:
        self._write_whole(super().write_plain, text, split)

    def write_single_quoted(self, text: str, split: bool = True) -> None:
        self._write_whole(super().write_single_quoted, text, split)

    def write_double_quoted(self, text: str, split: bool = True) -> None:
        self._write_whole(super().write_double_quoted, text, split)

    def write_folded(self, text: str, comment: Any) -> None:
        self._write_whole(super().write_folded, text, comment)

    def _write_whole(self, write: Callable[[str, Any], None], text: str, option: Any) -> None:
        """Write a string on one line, however long: a folded one is hard to search for."""
        width, self.best_width = self.best_width, _ENDLESS
        try:
            write(text, option)
        finally:
            self.best_width = width
