"""Parse expressions with Jinja and let through what is allowed.

Nodes carry, as ``lineno``, the offset of the token they begin with: Jinja itself keeps only
lines, and a diagnostic has to point into one.
"""

import math
import warnings
from collections.abc import Iterator
from typing import Any, NoReturn

import jinja2
from jinja2 import nodes
from jinja2.parser import Parser
from jinja2.visitor import NodeTransformer

from runner.config.templates.expressions.errors import TemplateError, fail_unknown
from runner.config.templates.expressions.language import INNER, TABLES
from runner.config.templates.expressions.limits import MAX_BITS
from runner.config.templates.expressions.names import NAMESPACES, qualified
from runner.config.templates.expressions.sandbox import ENVIRONMENT, Program

MAX_NODES = 400
MAX_DEPTH = 40

#: What needs no rebuilding; `_Reader` has a method for everything else that is allowed.
_AS_THEY_ARE = (
    nodes.List,
    nodes.Dict,
    nodes.Pair,
    nodes.Keyword,
    nodes.CondExpr,
    nodes.Filter,
    nodes.Test,
    nodes.BinExpr,
    nodes.UnaryExpr,
)


def parse(source: str) -> Program:
    """Read an expression.

    Raises:
        TemplateError: It is not an expression, or uses what is not allowed.
    """
    try:
        with warnings.catch_warnings():
            # An unknown escape in a text is kept as it is.
            warnings.simplefilter("ignore")
            parser = Parser(ENVIRONMENT, source, state="variable")
            tree = parser.parse_expression()
            rest = parser.stream.current
            if rest.type != "eof":
                raise TemplateError(f"syntax error: unexpected '{rest.value}'", rest.lineno)
            has_literal_fallback = any(
                isinstance(node, nodes.Const) and node.value for node in _outcomes(tree)
            )
            alternatives = frozenset(_alternatives(tree))
            reader = _Reader()
            allowed = reader.visit(tree)
    except jinja2.TemplateSyntaxError as error:
        message = (error.message or "not an expression").replace("template", "expression")
        message = message.replace("'end of expression'", "end of expression").rstrip(".")
        raise TemplateError(f"syntax error: {message}", error.lineno) from None
    except (RecursionError, ValueError):
        # ValueError: a number of more digits than Python turns into one.
        raise TemplateError("the expression is too deeply nested or its numbers too long") from None
    return Program(allowed, frozenset(reader.names), has_literal_fallback, alternatives)


class _Reader(NodeTransformer):
    """Rebuilds a tree from what is allowed, and collects the names it reads.

    Reading a name becomes a call of ``read``; operators, methods and parts of values become
    filters. So no attribute, item or call of Jinja's or Python's own is left.
    """

    def __init__(self) -> None:
        self.names: set[str] = set()
        self._count = 0
        self._depth = 0

    def visit(self, node: nodes.Node, *_: Any, **__: Any) -> Any:
        """Return the node as it is evaluated.

        Raises:
            TemplateError: It, or a part of it, is not allowed.
        """
        self._count += 1
        self._depth += 1
        if self._count > MAX_NODES or self._depth > MAX_DEPTH:
            hint = (
                f"At most {MAX_NODES} parts, nested {MAX_DEPTH} deep, are possible. Move parts of "
                "it into variables."
            )
            _fail(node, "the expression is too complex", hint)
        found = super().visit(node)
        self._depth -= 1
        return found

    def generic_visit(self, node: nodes.Node, *_: Any, **__: Any) -> nodes.Node:
        if not isinstance(node, _AS_THEY_ARE):
            _fail(node, "this can't be used in an expression")
        return super().generic_visit(node)

    def visit_Const(self, node: nodes.Const) -> nodes.Node:
        value = node.value
        if isinstance(value, int) and value.bit_length() > MAX_BITS:
            _fail(node, "the number is too large")
        if isinstance(value, float) and not math.isfinite(value):
            _fail(node, "the number is too large")
        if isinstance(value, str) and value != value.encode(errors="replace").decode():
            _fail(node, "the text holds half of a surrogate pair")
        return node

    def visit_Name(self, node: nodes.Name) -> NoReturn:
        name = node.name
        if name == "range":
            _fail(node, "range has to be called: range(3)")
        if name in NAMESPACES:
            hint = f"Write the whole name: {name}.NAME."
            _fail(node, f"{name} is not a value", hint, len(name))
        hint = f"Read a variable as var.{name}, or put text in quotes. Names begin with "
        hint += ", ".join(f"{namespace}." for namespace in NAMESPACES)
        _fail(node, f"unknown name {name}", hint, len(name))

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Node:
        offset = _offset(node.node)
        if isinstance(node.node, nodes.Name):
            full = qualified(node.node.name, node.attr, offset)
            self.names.add(full)
            arguments: list[nodes.Expr] = [nodes.Const(full), nodes.Const(offset)]
            return nodes.Call(nodes.Name("read", "load"), arguments, [], None, None)
        _check_attribute(node)
        place = nodes.Const(_offset(node) + 1)
        return self.generic_visit(_operator("attribute", node.node, nodes.Const(node.attr), place))

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:
        part = node.arg
        if not isinstance(part, nodes.Slice):
            return self.generic_visit(_operator("item", node.node, part))
        bounds = (bound or nodes.Const(None) for bound in (part.start, part.stop, part.step))
        return self.generic_visit(_operator("part", node.node, *bounds))

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:
        return self.generic_visit(nodes.List(node.items))

    def visit_Dict(self, node: nodes.Dict) -> nodes.Node:
        keys = [pair.key for pair in node.items]
        if not all(isinstance(key, nodes.Const) and isinstance(key.value, str) for key in keys):
            _fail(node, "the keys of a mapping must be written out as text")
        return self.generic_visit(node)

    def visit_CondExpr(self, node: nodes.CondExpr) -> nodes.Node:
        if node.expr2 is None:
            node.expr2 = _operator("no else", nodes.Const(None))
        return self.generic_visit(node)

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        return self.generic_visit(_operator("join", *node.nodes))

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:
        steps = [part for step in node.ops for part in (nodes.Const(step.op), step.expr)]
        return self.generic_visit(_operator("compare", node.expr, *steps))

    def visit_Filter(self, node: nodes.Filter | nodes.Test) -> nodes.Node:
        if not node.name.startswith(" "):
            _check_arguments(node, type(node).__name__.lower(), node.name, _offset(node))
        return self.generic_visit(node)

    def visit_Test(self, node: nodes.Test) -> nodes.Node:
        return self.visit_Filter(node)

    def visit_Call(self, node: nodes.Call) -> nodes.Node:
        called = node.node
        if isinstance(called, nodes.Getattr):
            value, method = called.node, called.attr
            if isinstance(value, nodes.Name) and value.name in NAMESPACES:
                _fail(node, f"{value.name}.{method} can't be called")
            _check_attribute(called)
            _check_arguments(node, "method", method, _offset(called) + 1)
            return self.generic_visit(
                nodes.Filter(value, f".{method}", node.args, node.kwargs, None, None)
            )
        if not isinstance(called, nodes.Name):
            _fail(node, "this can't be called")
        if called.name != "range":
            _fail(called, f"unknown function {called.name}", "The only function is range.")
        if node.kwargs or node.dyn_args or not 1 <= len(node.args) <= 3:
            _fail(node, "range takes one to three whole numbers")
        return self.generic_visit(_operator("range", *node.args))


def _operator(name: str, value: nodes.Expr, *arguments: nodes.Expr) -> nodes.Filter:
    return nodes.Filter(value, f" {name}", list(arguments), [], None, None)


def _check_arguments(
    node: nodes.Filter | nodes.Test | nodes.Call, kind: str, name: str, offset: int
) -> None:
    """Make sure that a filter, test or method exists and takes the arguments it is given."""
    table = TABLES[kind]
    usage = table.get(name)
    if usage is None:
        fail_unknown(kind, name, table, offset)
    if node.dyn_args is not None or node.dyn_kwargs is not None:
        raise TemplateError("* and ** can't be used in a call", offset)
    if not usage.accepts(len(node.args), [str(keyword.key) for keyword in node.kwargs]):
        raise TemplateError(
            f"{name} does not take these arguments", offset, f"Use it as {usage.text}."
        )
    inner = INNER.get(name) if kind == "filter" else None
    if inner and node.args and isinstance(node.args[0], nodes.Const):
        given = node.args[0].value
        if isinstance(given, str) and given not in TABLES[inner]:
            fail_unknown(inner, given, TABLES[inner], _offset(node.args[0]) + 1)


def _outcomes(node: nodes.Node | None) -> Iterator[nodes.Node]:
    """The parts of an expression that may become its value.

    Those are a ``default('…')``, a side of ``or``/``and``, a branch of ``if`` or an item of a
    list, but not what a name is tested with.
    """
    match node:
        case nodes.Filter(name="default" | "d"):
            given = [pair.value for pair in node.kwargs if pair.key != "boolean"]
            parts: list[Any] = [node.node, *node.args[:1], *given]
        case nodes.Filter() | nodes.Getitem():
            parts = [node.node]
        case nodes.And() | nodes.Or():
            parts = [node.left, node.right]
        case nodes.CondExpr():
            parts = [node.expr1, node.expr2]
        case nodes.List() | nodes.Tuple():
            parts = node.items
        case nodes.Const():
            yield node
            return
        case _:
            return
    for part in parts:
        yield from _outcomes(part)


def _alternatives(node: nodes.Node | None) -> Iterator[str]:
    """The names whose values, unchanged, may become that of an expression."""
    parts: list[Any] = []
    match node:
        case nodes.Getattr(node=nodes.Name(name=namespace), attr=name):
            yield f"{namespace}.{name}"
        case nodes.Filter(name="default" | "d"):
            given = [pair.value for pair in node.kwargs if pair.key != "boolean"]
            parts = [node.node, *node.args[:1], *given]
        case nodes.And():
            parts = [node.right]
        case nodes.Or():
            parts = [node.left, node.right]
        case nodes.CondExpr():
            parts = [node.expr1, node.expr2]
    for part in parts:
        yield from _alternatives(part)


def _offset(node: nodes.Node) -> int:
    """Return the offset of a node's first token in the source."""
    return node.lineno or 0


def _fail(node: nodes.Node, message: str, hint: str | None = None, length: int = 1) -> NoReturn:
    raise TemplateError(message, _offset(node), hint, length=length)


def _check_attribute(node: nodes.Getattr) -> None:
    if node.attr.startswith("_"):
        raise TemplateError(
            "names that begin with _ can't be read", _offset(node) + 1, length=len(node.attr)
        )
