"""The tree of a file, in which each part knows its position.

There is one class for each kind of YAML node, with slots and without a base class, since a file of
ten thousand profiles has a million nodes. Nodes never change once they are parsed; merging layers
makes a new mapping that shares the children.
"""

from typing import Any, TypeAlias

from runner.source import Source, Span

#: The value of a scalar in YAML 1.2 (core schema).
ScalarValue: TypeAlias = str | int | float | bool | None


# Files are far smaller than 2³⁰ characters, and two such offsets still fit a small Python integer.
OFFSET_BITS = 30
_OFFSET_MASK = (1 << OFFSET_BITS) - 1


def span_of(source: Source, place: int) -> Span:
    """Return the span of a ``place`` (see ``Scalar``)."""
    return Span(source, place >> OFFSET_BITS, place & _OFFSET_MASK)


class Scalar:
    """A single value.

    Attributes:
        place: The offset of its first character, shifted by ``OFFSET_BITS``, plus the offset
            after its last one; quotes included.
        value: Its value in YAML 1.2: ``no``, ``on`` and ``Yes`` are text.
        text: For a plain scalar the exact text in the file; else the unquoted text.
        plain: Whether it has no quotes and is not a block scalar.
        templated: Whether it may be a template.
    """

    # Both offsets in one number: a quarter less memory for a large file.
    __slots__ = ("place", "plain", "source", "templated", "text", "value")

    def __init__(
        self, source: Source, start: int, end: int, text: str, value: ScalarValue, plain: bool
    ) -> None:
        self.source = source
        self.place = (start << OFFSET_BITS) | end
        self.text = text
        self.value = value
        self.plain = plain
        self.templated = value.__class__ is str and "$<" in value

    @property
    def start(self) -> int:
        """Offset of its first character, quote included."""
        return self.place >> OFFSET_BITS

    @property
    def end(self) -> int:
        """Offset after its last character, quote included."""
        return self.place & _OFFSET_MASK

    @property
    def span(self) -> Span:
        """Its position."""
        return span_of(self.source, self.place)


class Sequence:
    """A list.

    Attributes:
        templated: Whether it may hold a template, at any depth.
    """

    __slots__ = ("end", "items", "source", "start", "templated")

    def __init__(self, source: Source, start: int, end: int, items: "list[Node]") -> None:
        self.source = source
        self.start = start
        self.end = end
        self.items = items
        self.templated = True

    @property
    def span(self) -> Span:
        """Its position: in block style from its first ``-``."""
        return Span(self.source, self.start, self.end)


class Mapping:
    """A mapping from text to nodes.

    Attributes:
        keys: The ``place`` of each key; see ``Scalar`` and ``key_span``.
        values: The value under each key, in file order.
        layers: The two mappings it was merged from, the upper one first; ``keys`` is of that one.
        templated: Whether its values may hold a template, at any depth.
    """

    __slots__ = ("end", "keys", "layers", "source", "start", "templated", "values")

    def __init__(
        self,
        source: Source,
        start: int,
        end: int,
        keys: dict[str, int],
        values: "dict[str, Node]",
        layers: "tuple[Mapping, Mapping] | None" = None,
    ) -> None:
        self.source = source
        self.start = start
        self.end = end
        self.keys = keys
        self.values = values
        self.layers = layers
        self.templated = True

    @property
    def span(self) -> Span:
        """Its position: in block style from its first key."""
        return Span(self.source, self.start, self.end)

    def key_span(self, name: str) -> Span:
        """Return the position of the key ``name`` in the topmost layer that has it."""
        holder = self
        while name not in holder.keys:
            if not holder.layers:
                return self.span  # a key that is inherited as secret has no position
            above, below = holder.layers
            holder = above if name in above.values else below
        return span_of(holder.source, holder.keys[name])


Node: TypeAlias = Scalar | Sequence | Mapping


def pairs_of(node: Node | None) -> dict[str, Node]:
    """Return the values of a mapping by key; nothing for any other node."""
    return node.values if isinstance(node, Mapping) else {}


def items_of(node: Node | None) -> list[Node]:
    """Return the items of a list; nothing for any other node."""
    return node.items if isinstance(node, Sequence) else []


def is_null(node: Node) -> bool:
    """Return whether a node is YAML's null."""
    return isinstance(node, Scalar) and node.value is None


def literal(node: Node) -> Any:
    """Return the JSON value of a node that holds no template."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [item.value if item.__class__ is Scalar else literal(item) for item in node.items]
    return {name: literal(child) for name, child in node.values.items()}
