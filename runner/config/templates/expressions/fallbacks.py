"""Whether an expression holds a text of its own that can become its value."""

from collections.abc import Iterator

from jinja2 import nodes

_DEFAULTS = frozenset({"default", "d"})


def has_literal_fallback(tree: nodes.Node) -> bool:
    """Whether a text written in the expression itself may be what it gives.

    That is a ``default('…')``, a side of ``or``/``and``, a branch of ``if``, an item of a list
    or a part of a concatenation: anything but what a name is tested or cut with.
    """
    return any(isinstance(node, nodes.Const) and node.value for node in _outcomes(tree))


def _outcomes(node: nodes.Node) -> Iterator[nodes.Node]:
    """The parts of the expression whose value may come out of it."""
    if isinstance(node, nodes.Filter) and node.name in _DEFAULTS:
        yield from _outcomes_of(node.node, *node.args[:1])
        yield from _outcomes_of(*(pair.value for pair in node.kwargs if pair.key != "boolean"))
    elif isinstance(node, nodes.Filter):
        yield from _outcomes_of(node.node)
    elif isinstance(node, nodes.Or | nodes.And):
        yield from _outcomes_of(node.left, node.right)
    elif isinstance(node, nodes.CondExpr):
        yield from _outcomes_of(node.expr1, node.expr2)
    elif isinstance(node, nodes.List | nodes.Tuple):
        yield from _outcomes_of(*node.items)
    elif isinstance(node, nodes.Getitem):
        yield from _outcomes_of(node.node)
    elif isinstance(node, nodes.Const):
        yield node


def _outcomes_of(*parts: nodes.Node | None) -> Iterator[nodes.Node]:
    for part in parts:
        if part is not None:
            yield from _outcomes(part)
