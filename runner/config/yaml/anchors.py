"""Handle the rarer parts of YAML: tags, aliases, merge keys, unusual keys, limits."""

from typing import NoReturn

from runner.config.yaml.core_schema import MAPPING_TAGS, SCALAR_TAGS, SEQUENCE_TAGS, written_tag
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


class Stopped(Exception):
    """Reading on makes no sense; the diagnostics say why."""


class _Marker(str):
    """A key that equals no text: holds what is dropped or merged until its mapping ends."""

    __slots__ = ()
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other


_DROPPED = _Marker("dropped")
_MERGED = _Marker("<<")
_MERGED_AGAIN = _Marker("<<")


class SpecialNodes:
    """Checks and applies the rarer parts of one source.

    Attributes:
        anchors: Name → node and how many values it stands for. An open collection stands here as
            ``None``, since an alias to it would be a cycle.
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
            if node.text == "<<" and node.plain:
                if _MERGED not in keys:
                    return _MERGED
            elif node.text not in keys:
                return node.text
            first = keys[_MERGED if node.text == "<<" and node.plain else node.text]
            self.error(
                "duplicate-key",
                f"The key `{_short(node.text)}` is given twice",
                node.start,
                node.end,
                "Keep one of them."
                if node.text != "<<"
                else "To merge several, write one list: `<<: [*a, *b]`.",
                Related(span_of(self._source, first), "first given here"),
            )
        elif node is not None:
            self.error(
                "key-not-text",
                "A key must be text, not a list or mapping",
                node.start,
                node.end,
                "Quote it if it is meant as text." if _is_flow(node) else None,
            )
        is_merge = isinstance(node, Scalar) and node.text == "<<" and node.plain
        dropped = _MERGED_AGAIN if is_merge else _DROPPED
        keys.pop(dropped, None)
        return dropped

    def settle(self, node: Mapping) -> None:
        """Remove the markers from ``node``, and apply its merge key."""
        node.keys.pop(_DROPPED, None)
        node.values.pop(_DROPPED, None)
        node.keys.pop(_MERGED, None)
        node.keys.pop(_MERGED_AGAIN, None)
        origins: list[Node] = []
        for marker in (_MERGED, _MERGED_AGAIN):  # a second one is refused; what it gives is there
            merged = node.values.pop(marker, None)
            if merged is not None:
                origins += merged.items if isinstance(merged, Sequence) else [merged]
        if not origins:
            return
        keys: dict[str, int] = {}
        values: dict[str, Node] = {}
        for origin in origins:
            if not isinstance(origin, Mapping):
                self.error(
                    "bad-merge",
                    "`<<` takes a mapping or a list of mappings",
                    origin.start,
                    origin.end,
                    "Give the mapping an anchor (`&name`) and merge its alias (`<<: *name`).",
                )
                continue
            for name, value in origin.values.items():
                if name not in values:
                    keys[name], values[name] = origin.keys[name], value
        node.keys = keys | node.keys
        node.values = values | node.values

    def decorate(self, node: Scalar, event: Event) -> None:
        """Apply the tag of a scalar, and remember its anchor."""
        if event.anchor:
            self.anchors[event.anchor] = (node, 1)
        tag = event.tag
        if tag is None:
            return
        read = SCALAR_TAGS.get(tag)
        if read is None:
            self._refuse_tag(node, tag)
            return
        try:
            node.value = read(node.text)
        except ValueError:
            message = f"This value is not of the type `{written_tag(tag)}`"
            self.error("wrong-tag", message, node.start, node.end, "Leave the tag out.")

    def open(self, node: Node, event: Event) -> None:
        """Check the tag of a list or mapping that begins, and note its anchor as open."""
        if event.anchor:
            self.anchors[event.anchor] = None
        allowed = MAPPING_TAGS if isinstance(node, Mapping) else SEQUENCE_TAGS
        if event.tag and event.tag not in allowed:
            self._refuse_tag(node, event.tag)

    def _refuse_tag(self, node: Node, tag: str) -> None:
        written = written_tag(tag)
        hint = "Leave the tag out."
        if isinstance(node, Scalar) and not written.startswith("!!"):
            # Meant as text, most likely. Inside brackets the comma is taken as part of the tag.
            if written.endswith(","):
                meant = written[:-1]
            else:
                meant = f"{written} {node.text}".strip() if written != "!" else f"!{node.text}"
                node.text = node.value = meant
            hint = f'Put text that begins with `!` in quotes: `"{_short(meant)}"`.'
        message = f"`{_short(written)}` is a YAML tag, which has no meaning here"
        self.error("custom-tag", message, node.start, node.start + len(written), hint)

    def follow(self, event: Event) -> Node | None:
        """Return the node an alias stands for."""
        start, end, name = event.start_mark.index, event.end_mark.index, event.anchor
        if name not in self.anchors:
            hint = "Define the anchor (`&name`) before its aliases."
            if near := nearest(name, self.anchors):
                hint = f"Did you mean `*{near}`?"
            message = f"There is no anchor `&{_short(name)}` above this alias"
            self.error("unknown-alias", message, start, end, hint)
            return None
        entry = self.anchors[name]
        if entry is None:
            self.error(
                "recursive-alias", f"`*{_short(name)}` is used inside its own value", start, end
            )
            return None
        node, size = entry
        self.expanded += size
        if self.expanded > MAX_EXPANDED:
            self.error(
                "too-many-aliases",
                f"The aliases of this file stand for more than {MAX_EXPANDED:,} values",
                start,
                end,
                "Aliases of aliases multiply. Write out the values that are needed.",
            )
            raise Stopped
        return node

    def begin_document(self, documents: Sequence, event: Event) -> None:
        """Refuse a second document, and warn of another YAML version."""
        start = event.start_mark.index
        if documents.items:
            self.error(
                "several-documents",
                "The file holds more than one YAML document",
                start,
                event.end_mark.index,
                "Merge the documents, or list further files under `include`.",
            )
            raise Stopped
        version = getattr(event, "version", None)
        if version and tuple(version) != (1, 2):
            self._diagnostics.warning(
                "yaml-version",
                "The file asks for another YAML version and is read as 1.2",
                Span(self._source, start, event.end_mark.index),
                hint="Remove the %YAML line.",
            )

    def stop_too_large(self, start: int) -> NoReturn:
        """Stop before there are more values than fit in memory."""
        message = f"The file holds more than {MAX_NODES:,} values"
        self.error("too-large", message, start, start, "Split it with `include`.")
        raise Stopped

    def stop_too_deep(self, start: int) -> NoReturn:
        """Stop at a depth limit, since the time for brackets grows with the square of the depth."""
        self.error("too-deep", f"This is nested more than {MAX_DEPTH} levels deep", start, start)
        raise Stopped

    def error(
        self,
        code: str,
        message: str,
        start: int,
        end: int,
        hint: str | None = None,
        *related: Related,
    ) -> None:
        """Add an error about this source.

        Raises:
            Stopped: There are too many of them already.
        """
        span = Span(self._source, start, end)
        if len(self._diagnostics) >= MAX_PROBLEMS:
            message = "There are more problems after this one"
            self._diagnostics.error("too-many-problems", message, span)
            raise Stopped
        self._diagnostics.error(code, message, span, hint=hint, related=related)


def _is_flow(node: Node) -> bool:
    return node.source.text[node.start : node.start + 1] in {"[", "{"}


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"
