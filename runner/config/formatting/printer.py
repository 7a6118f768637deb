"""Lay out the nodes of a YAML text: two spaces per level, dashes indented, one entry per line.

Scalars keep the very text they had (``0x1F``, ``null``, quotes and escapes), anchors their names.
"""

import re
from dataclasses import dataclass

from runner.config.formatting.layout import Comment, Layout, LayoutNode

#: Lists and mappings in brackets have an entry a line where they pass this column.
WIDTH = 100
#: A key that is longer has to be marked as one.
_MAX_KEY = 1000


@dataclass(slots=True)
class Line:
    """A line that is written.

    Attributes:
        start: Offset of what it begins with, in the text it was made of.
        end: Offset behind its last part.
        indent: Its column.
        text: What is written there; of a block scalar its lines too.
        comment: The comment behind it.
        limit: The last column where a comment below is not taken for text.
    """

    start: int
    end: int
    indent: int
    text: str = ""
    comment: str = ""
    limit: int = 1 << 30


class Printer:
    """Writes the lines of a layout, without its comments and blank lines."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.lines: list[Line] = []
        for directive in re.finditer(r"^%.*", layout.text[: layout.marker or 0], re.MULTILINE):
            self._line(0, directive.start(), directive[0].partition(" #")[0].rstrip())
        if layout.marker is not None:
            self._line(0, layout.marker, "---")
        root = layout.root
        if root.properties:
            self._line(0, root.start, root.properties)
        if root.flow:
            self._line(0, root.body)
            self._flow(root, 0)
        else:
            self._block(root, 0, inline=False)

    def _line(self, indent: int, start: int, text: str = "") -> None:
        self.lines.append(Line(start, start + len(text), indent, text))

    def _put(self, text: str, end: int, gap: str = " ") -> None:
        line = self.lines[-1]
        line.text += text if not line.text or line.text.endswith(("- ", "? ")) else gap + text
        line.end = max(line.end, end)

    def _block(self, node: LayoutNode, indent: int, *, inline: bool) -> None:
        """Write a block collection, its first entry on the line that is there, if ``inline``."""
        at = node.body
        for number, (key, value) in enumerate(node.entries):
            if key is None:
                start = self.layout.find("-", at, max(value.start, at + 1))
            else:
                mark = self.layout.find("?", at, key.start)
                start = mark if mark >= 0 else key.start
            if number or not inline:
                self._line(indent, start)
            if key is None:
                self._put("- ", start + 1)
                self._value(value, start + 1, indent, in_list=True)
            else:
                self._pair(key, value, indent)
            at = value.end

    def _pair(self, key: LayoutNode, value: LayoutNode, indent: int) -> None:
        colon = self._colon(key, value)
        after = colon + 1 if colon >= 0 else key.end
        flat = self._flat(key)
        if flat is None or len(flat) > _MAX_KEY:
            self._put("? ", key.start)
            self._value(key, key.start, indent)
            self._line(indent, max(colon, key.end), ":")
        else:
            self._put(f"{flat}{_before_colon(key)}:", after)
        self._value(value, after, indent)

    def _value(self, node: LayoutNode, after: int, indent: int, *, in_list: bool = False) -> None:
        """Write what comes ``after`` a colon or dash of an entry at the column ``indent``."""
        if node.properties:
            self._put(node.properties, node.start + len(node.properties))
        commented = self.layout.comments_between(after, node.body)
        if node.kind in {"mapping", "sequence"} and not node.flow:
            self._block(node, indent + 2, inline=in_list and not (node.properties or commented))
            return
        if commented and node.end > node.body:
            self._line(indent + 2, node.body)
        if node.is_block_scalar:
            self._put(self._block_scalar(node, indent + 2), node.end)
            self.lines[-1].limit = indent
        elif node.kind in {"mapping", "sequence"}:
            self._flow(node, indent)
        else:
            text = self._scalar(node)
            if text is None:
                text = self._folded(node, indent + 2)
            if text:
                self._put(text, node.end)

    def _flow(self, node: LayoutNode, indent: int) -> None:
        """Write a collection in brackets: on one line, if it fits and has no comments."""
        line = self.lines[-1]
        flat = self._flat(node, properties=False)
        fits = flat is not None and line.indent + len(line.text) + 1 + len(flat) <= WIDTH
        if flat is not None and (fits or not node.parts):
            self._put(flat, node.end)
            return
        brackets = "[]" if node.kind == "sequence" else "{}"
        self._put(brackets[0], node.body + 1)
        for number, (key, value) in enumerate(node.entries):
            if number:
                self._put(",", self.lines[-1].end, gap="")
            self._line(indent + 2, (key or value).start)
            if key is None:
                self._value(value, value.start, indent + 2)
            else:
                self._pair(key, value, indent + 2)
        self._line(indent + 2, node.end - 1, brackets[1])

    def _flat(self, node: LayoutNode, *, properties: bool = True) -> str | None:
        """Return a node on one line; ``None`` if it has comments or needs several."""
        if node.is_block_scalar or self.layout.comments_between(node.start, node.end):
            return None
        if node.kind in {"scalar", "alias"}:
            text = self._scalar(node)
        else:  # in brackets: keys are text, and what is in brackets has only such parts
            entries = [self._flat_entry(key, value) for key, value in node.entries]
            if None in entries:
                return None
            text = ", ".join(filter(None, entries))
            text = f"[{text}]" if node.kind == "sequence" else f"{{{text}}}"
        if text is None or not properties or not node.properties:
            return text
        return f"{node.properties} {text}".rstrip()

    def _flat_entry(self, key: LayoutNode | None, value: LayoutNode) -> str | None:
        right = self._flat(value)
        if key is None or right is None:
            return right
        left = self._flat(key)
        if left is None:
            return None
        if self._colon(key, value) < 0 and not right:
            return left or "?"
        return f"{left}{_before_colon(key)}: {right}"

    def _colon(self, key: LayoutNode, value: LayoutNode) -> int:
        return self.layout.find(":", key.end, max(value.start, key.end + 1))

    def _scalar(self, node: LayoutNode) -> str | None:
        """Return a scalar on one line; ``None`` if its value has line breaks."""
        text = self.layout.text[node.body : node.end]
        if node.flow and not node.style and text[:1] in {":", "?"}:
            text = f'"{text}"'  # not every parser takes it as it is
        if "\n" not in text:
            return text
        if re.search(r"\n[ \t]*\n|\\[ \t]*\n", text):
            return None
        return re.sub(r"(?<![ \t])[ \t]*\n[ \t]*", " ", text)

    def _folded(self, node: LayoutNode, indent: int) -> str:
        """Return a scalar of several lines, all but the first indented."""
        lines = self.layout.text[node.body : node.end].split("\n")
        # A blank behind a backslash is part of the value; others at the end of a line are not.
        lines = [*map(_without_blanks, lines[:-1]), lines[-1]]
        rest = [" " * indent + line.lstrip(" \t") if line.strip() else "" for line in lines[1:]]
        return "\n".join([lines[0], *rest])

    def _block_scalar(self, node: LayoutNode, indent: int) -> str:
        """Return a block scalar, its lines at the new column."""
        head, *lines = self.layout.text[node.body : node.end].rstrip(" \n").split("\n")
        chomping = "".join(character for character in head[:3] if character in "+-")
        body = node.value.rstrip("\n")
        if body == node.value != "":
            chomping = "-"  # without it a line break would come to the end of a file
        if node.style == "|":
            lines = body.split("\n") if body else []
        else:
            first = next((line for line in body.split("\n") if line), "")
            source = next((line for line in lines if line.strip(" ")), "")
            deeper = _blanks_before(source) - _blanks_before(first)
            lines = [line[deeper:] for line in lines]
        if chomping == "+":
            lines += [""] * (len(node.value) - len(body) - bool(body))
        digit = "2" * bool(re.match(r"\n* ", node.value))
        written = [" " * indent + line if line else "" for line in lines]
        return "\n".join([f"{node.style}{digit}{chomping}", *written])


def _blanks_before(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _before_colon(key: LayoutNode) -> str:
    """Return a space, if a colon would be taken for a part of the key."""
    return " " if key.kind == "alias" or (key.properties and key.body == key.end) else ""


def _without_blanks(line: str) -> str:
    """Return ``line`` without spaces at its end, except for one after a backslash."""
    kept = line.rstrip(" \t")
    return kept + line[len(kept) : len(kept) + 1] if kept.endswith("\\") else kept


def comment_gap(comment: Comment, layout: Layout) -> str:
    """Return the spaces before a comment after a value: one stays one, all else is two.

    Of the common tools one asks for a single blank and another for at least two.
    """
    before = layout.text[max(comment.start - 2, 0) : comment.start]
    return " " if before.endswith(" ") and before not in {"  ", "\t "} else "  "
