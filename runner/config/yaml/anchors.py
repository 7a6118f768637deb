"""Handle the rarer parts of YAML: tags, aliases, merge keys, unusual keys, limits."""

import re
from typing import NoReturn

from runner.config.yaml.core_schema import SCALAR_TAGS, read_tagged, written_tag
from runner.config.yaml.events import Event
from runner.config.yaml.nodes import Mapping, Node, Scalar, Sequence, span_of
from runner.diagnostics import Diagnostics, Related
from runner.nearest import nearest
from runner.source import Source, Span

#: How deep mappings and lists may nest.
MAX_DEPTH = 64
#: How many values a file may hold, and how many its aliases may stand for.
MAX_NODES = 3_000_000
MAX_EXPANDED = 1_000_000
#: After this many problems reading stops: no one reads more, and each takes time to show.
MAX_PROBLEMS = 200

_HALF = re.compile("[\ud800-\udfff]")
# Keys that equal no text, since no text keeps half a character. They hold what is dropped or
# merged until their mapping ends.
_DROPPED = "\ud800"
_MERGED = "\ud800<<"


class Stopped(Exception):
    """Reading can't continue; the diagnostics say why."""


class SpecialNodes:
    """Checks and applies the rarer parts of one source.

    Attributes:
        anchors: Name → node and how many values it stands for; ``None`` while a collection is
            open, since an alias to it would be a cycle.
        expanded: How many values the aliases so far stand for.
        marked: Whether any mapping needs ``settle`` when it ends.
    """

    def __init__(self, source: Source, diagnostics: Diagnostics) -> None:
        self._source = source
        self._diagnostics = diagnostics
        self.anchors: dict[str, tuple[Node, int] | None] = {}
        self.expanded = 0
        self.marked = False

    def odd_key(self, keys: dict[str, int], node: Node | None) -> str:
        """Return the key for a value whose own is unusual; ``None`` is that of an unknown alias."""
        self.marked = True
        if isinstance(node, Scalar):
            is_merge = node.plain and node.text == "<<"
            key = _MERGED if is_merge else node.text
            if key not in keys:
                return key
            message = f"The key `{_short(node.text)}` is given twice"
            several = "To merge several, write one list: `<<: [*a, *b]`."
            hint: str | None = several if is_merge else "Keep one of them."
            first = Related(span_of(self._source, keys[key]), "first given here")
            self.error("duplicate-key", message, node.span, hint, first)
            # What a second merge key brings is taken as well, to report nothing else because of it.
            return f"{_MERGED}{node.start}" if is_merge else _DROPPED
        if node is not None:
            is_flow = self._source.text[node.start] in "[{"
            hint = "Quote it if it is meant as text." if is_flow else None
            message = "A key must be text, not a list or mapping"
            self.error("key-not-text", message, node.span, hint)
        return _DROPPED

    def settle(self, node: Mapping) -> None:
        """Remove what was dropped from ``node``, and apply its merge key."""
        origins: list[Node] = []
        for key in [key for key in node.values if key.startswith(_DROPPED)]:
            node.keys.pop(key, None)
            value = node.values.pop(key)
            if key.startswith(_MERGED):
                origins += value.items if isinstance(value, Sequence) else [value]
        keys: dict[str, int] = {}
        values: dict[str, Node] = {}
        for origin in origins:
            if isinstance(origin, Mapping):
                new = [name for name in origin.values if name not in values]
                keys.update((name, origin.keys[name]) for name in new)
                values.update((name, origin.values[name]) for name in new)
            else:
                message = "`<<` takes a mapping or a list of mappings"
                hint = "Give the mapping an anchor (`&name`) and merge its alias (`<<: *name`)."
                self.error("bad-merge", message, origin.span, hint)
        if values:
            node.keys = keys | node.keys
            node.values = values | node.values

    def whole(self, text: str, start: int, end: int) -> str:
        """Replace each half of a character, which UTF-8 can't represent, and report it."""
        if not _HALF.search(text):
            return text
        message = "This text holds half of a character, which UTF-8 can't represent"
        hint = "Write the character itself, or \\U and its eight digits."
        self.error("half-character", message, Span(self._source, start, end), hint)
        return _HALF.sub("\ufffd", text)

    def decorate(self, node: Scalar, event: Event) -> None:
        """Apply the tag of a scalar, and remember its anchor."""
        if event.anchor:
            self.anchors[event.anchor] = (node, 1)
        if event.tag is None:
            return
        tag = written_tag(event.tag)
        if tag not in SCALAR_TAGS:
            self._refuse_tag(node, tag)
            return
        try:
            node.value = read_tagged(node.text, tag)
        except ValueError:
            message = f"This value is not of the type `{tag}`"
            self.error("wrong-tag", message, node.span, "Leave the tag out.")

    def open(self, node: Node, event: Event) -> None:
        """Check the tag of a list or mapping that begins, and note its anchor as open."""
        if event.anchor:
            self.anchors[event.anchor] = None
        tag = written_tag(event.tag) if event.tag else None
        if tag and tag != ("!!map" if isinstance(node, Mapping) else "!!seq"):
            self._refuse_tag(node, tag)

    def _refuse_tag(self, node: Node, tag: str) -> None:
        hint = "Leave the tag out."
        if isinstance(node, Scalar) and not tag.startswith("!!"):
            # Meant as text, most likely. Inside brackets the comma is taken as part of the tag.
            if tag.endswith(","):
                meant = tag[:-1]
            else:
                meant = f"{tag} {node.text}".strip() if tag != "!" else f"!{node.text}"
                node.text = node.value = meant
            hint = f'Put text that begins with `!` in quotes: `"{_short(meant)}"`.'
        message = f"`{_short(tag)}` is a YAML tag, which has no meaning here"
        span = Span(self._source, node.start, node.start + len(tag))
        self.error("custom-tag", message, span, hint)

    def follow(self, event: Event) -> Node | None:
        """Return the node an alias stands for."""
        name, span = event.anchor, self._span(event)
        if name not in self.anchors:
            hint = "Define the anchor (`&name`) before its aliases."
            if near := nearest(name, self.anchors):
                hint = f"Did you mean `*{near}`?"
            message = f"There is no anchor `&{_short(name)}` above this alias"
            self.error("unknown-alias", message, span, hint)
            return None
        entry = self.anchors[name]
        if entry is None:
            message = f"`*{_short(name)}` is used inside its own value"
            self.error("recursive-alias", message, span)
            return None
        node, size = entry
        self.expanded += size
        if self.expanded > MAX_EXPANDED:
            message = f"The aliases of this file expand to more than {MAX_EXPANDED:,} values"
            hint = "Aliases of aliases multiply. Write out the values that are needed."
            self._stop("too-many-aliases", message, span, hint)
        return node

    def begin_document(self, documents: Sequence, event: Event) -> None:
        """Refuse a second document, and warn of another YAML version."""
        span = self._span(event)
        if documents.items:
            message = "The file holds more than one YAML document"
            hint = "Merge the documents, or list further files under `include`."
            self._stop("several-documents", message, span, hint)
        version = getattr(event, "version", None)
        if version and tuple(version) != (1, 2):
            message = "The file asks for another YAML version and is read as 1.2"
            hint = "Remove the %YAML line."
            self._diagnostics.warning("yaml-version", message, span, hint=hint)

    def stop_too_large(self, start: int) -> NoReturn:
        """Stop before there are more values than fit in memory."""
        message = f"The file holds more than {MAX_NODES:,} values"
        span = Span(self._source, start, start)
        self._stop("too-large", message, span, "Split it with `include`.")

    def stop_too_deep(self, start: int) -> NoReturn:
        """Stop at a depth limit, since the time for brackets grows with the square of the depth."""
        message = f"This is nested more than {MAX_DEPTH} levels deep"
        self._stop("too-deep", message, Span(self._source, start, start))

    def _span(self, event: Event) -> Span:
        return Span(self._source, event.start_mark.index, event.end_mark.index)

    def _stop(self, code: str, message: str, span: Span, hint: str | None = None) -> NoReturn:
        self.error(code, message, span, hint)
        raise Stopped

    def error(
        self, code: str, message: str, span: Span, hint: str | None = None, *related: Related
    ) -> None:
        """Add an error about this source.

        Raises:
            Stopped: There are too many of them already.
        """
        if len(self._diagnostics) >= MAX_PROBLEMS:
            message = "There are more problems after this one"
            self._diagnostics.error("too-many-problems", message, span)
            raise Stopped
        self._diagnostics.error(code, message, span, hint=hint, related=related)


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"
