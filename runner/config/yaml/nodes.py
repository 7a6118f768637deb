"""The configuration as a tree that remembers where each of its parts stands.

One class a kind of YAML node, without a base class and with slots: a file of ten thousand
profiles has a million of them. Nodes are never changed after the parser made them; a layer
is merged by making a new mapping that shares the children.
"""

from typing import Any, TypeAlias

from runner.source import Source, Span

#: What a scalar means in YAML 1.2 (core schema).
ScalarValue: TypeAlias = str | int | float | bool | None


# Files are far smaller than 2³⁰ characters, and two such numbers fit the smallest kind of integer
# that holds more than one.
OFFSET_BITS = 30
_OFFSET_MASK = (1 << OFFSET_BITS) - 1


def span_of(source: Source, place: int) -> Span:
    """The span that a ``place`` (see ``Scalar``) stands for."""
    return Span(source, place >> OFFSET_BITS, place & _OFFSET_MASK)


class Scalar:
    """A single value.

    Attributes:
        place: The offsets of its first character and behind its last one, quotes too: the first
            shifted by ``OFFSET_BITS``, plus the second.
        value: Its meaning in YAML 1.2: ``no``, ``on`` and ``Yes`` are text.
        text: For a plain scalar the exact text in the file; else the unquoted text.
        plain: Whether it stands without quotes (and is no block scalar).
        templated: Whether it may be a template; where not, it stands for its value.
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
        """Offset of its first character, a quote too."""
        return self.place >> OFFSET_BITS

    @property
    def end(self) -> int:
        """Offset behind its last character, a quote too."""
        return self.place & _OFFSET_MASK

    @property
    def span(self) -> Span:
        """Where it stands."""
        return span_of(self.source, self.place)


class Sequence:
    """A list.

    Attributes:
        templated: Whether a template may stand in it, at any depth.
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
        """Where it stands: in block style from its first ``-``."""
        return Span(self.source, self.start, self.end)


class Mapping:
    """A mapping from text to nodes.

    Attributes:
        keys: The place of each key, as a scalar has it; see ``key_span``.
        values: The value under each key, in file order.
        layers: The two mappings it was merged of, the upper one first; its keys are that one's.
        templated: Whether a template may stand in its values, at any depth.
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
        """Where it stands: in block style from its first key."""
        return Span(self.source, self.start, self.end)

    def key_span(self, name: str) -> Span:
        """Where the key ``name`` stands, in the topmost layer that has it."""
        holder = self
        while name not in holder.keys:
            if not holder.layers:
                return self.span  # what stays secret has no key of its own
            above, below = holder.layers
            holder = above if name in above.values else below
        return span_of(holder.source, holder.keys[name])


Node: TypeAlias = Scalar | Sequence | Mapping


def literal(node: Node) -> Any:
    """What a node that holds no template stands for: a JSON value."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [item.value if item.__class__ is Scalar else literal(item) for item in node.items]
    return {name: literal(child) for name, child in node.values.items()}
