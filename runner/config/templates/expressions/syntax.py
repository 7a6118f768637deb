"""Reads an expression with Jinja's parser and lets through only what may be evaluated.

Nodes carry, as ``lineno``, the offset of the token they begin with: Jinja itself keeps only
lines, and a diagnostic has to point into one.
"""

import warnings
from collections.abc import Iterator

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.lexer import Lexer
from jinja2.parser import Parser

from runner.config.templates.expressions.errors import TemplateError, fail_unknown
from runner.config.templates.expressions.filters import FILTERS
from runner.config.templates.expressions.meter import MAX_BITS
from runner.config.templates.expressions.methods import METHODS
from runner.config.templates.expressions.names import NAMESPACES, qualified
from runner.config.templates.expressions.predicates import TESTS

MAX_NODES = 400
MAX_DEPTH = 40

_ALLOWED = (
    nodes.Const,
    nodes.Name,
    nodes.Tuple,
    nodes.List,
    nodes.Dict,
    nodes.Pair,
    nodes.Keyword,
    nodes.CondExpr,
    nodes.Filter,
    nodes.Test,
    nodes.Call,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Slice,
    nodes.Concat,
    nodes.Compare,
    nodes.Operand,
    nodes.BinExpr,
    nodes.UnaryExpr,
)

#: Filters that take the name of another filter or of a test.
_NAMED = {"map": ("filter", FILTERS), "select": ("test", TESTS), "reject": ("test", TESTS)}


class _OffsetLexer(Lexer):
    """Counts characters where Jinja counts lines."""

    def tokeniter(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> Iterator[tuple[int, str, str]]:
        offset = 0
        try:
            for _, token, text in super().tokeniter(source, name, filename, state):
                yield offset, token, text
                offset += len(text)
        except TemplateSyntaxError as error:
            error.lineno = offset
            raise


class _Environment(Environment):
    """Jinja's settings; the delimiters are such as can't occur, for `split` has found the end."""

    def __init__(self) -> None:
        super().__init__(
            block_start_string="\x00<%",
            block_end_string="%>\x00",
            variable_start_string="\x00<",
            variable_end_string=">\x00",
            comment_start_string="\x00<#",
            comment_end_string="#>\x00",
            keep_trailing_newline=True,
        )
        self._offset_lexer = _OffsetLexer(self)

    @property
    def lexer(self) -> Lexer:
        return self._offset_lexer


_ENVIRONMENT = _Environment()


def parse(source: str) -> tuple[nodes.Expr, frozenset[str]]:
    """Read an expression.

    Returns:
        Its syntax tree, and the names it reads, such as ``var.host``.

    Raises:
        TemplateError: It is no expression, or uses what is not allowed.
    """
    try:
        with warnings.catch_warnings():
            # An unknown escape in a text is kept as it stands, and is nobody's concern.
            warnings.simplefilter("ignore")
            parser = Parser(_ENVIRONMENT, source, state="variable")
            tree = parser.parse_expression()
            rest = parser.stream.current
    except TemplateSyntaxError as error:
        message = (error.message or "no expression").replace("template", "expression")
        raise TemplateError(f"syntax error: {message}", error.lineno) from None
    except (RecursionError, ValueError):
        # ValueError: a number of more digits than Python turns into one.
        raise TemplateError("the expression is too deeply nested or its numbers too long") from None
    if rest.type != "eof":
        raise TemplateError(f"syntax error: unexpected '{rest.value}'", rest.lineno)
    return tree, _Reader().read(tree)


class _Reader:
    """Walks a tree once: refuses what is not allowed and collects the names."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._count = 0

    def read(self, tree: nodes.Expr) -> frozenset[str]:
        self._visit(tree, 0)
        return frozenset(self._names)

    def _visit(self, node: nodes.Node, depth: int) -> None:
        self._count += 1
        offset = node.lineno or 0
        if self._count > MAX_NODES or depth > MAX_DEPTH:
            raise TemplateError(
                "the expression is too complex",
                offset,
                f"at most {MAX_NODES} parts, nested {MAX_DEPTH} deep, are possible; "
                "variables can hold parts of it",
            )
        if not isinstance(node, _ALLOWED):
            raise TemplateError("this can't be used in an expression", offset)
        if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
            self._names.add(qualified(node.node.name, node.attr, offset_of(node.node)))
        elif isinstance(node, nodes.Call):
            self._visit_call(node, depth)
        else:
            self._check(node, offset)
            for child in node.iter_child_nodes():
                self._visit(child, depth + 1)

    def _check(self, node: nodes.Node, offset: int) -> None:
        match node:
            case nodes.Name():
                _refuse_name(node)
            case nodes.Const():
                _check_constant(node.value, offset)
            case nodes.Getattr():
                _check_attribute(node)
            case nodes.Filter() | nodes.Test():
                self._check_function(node)
            case nodes.Dict():
                _check_keys(node)

    def _visit_call(self, node: nodes.Call, depth: int) -> None:
        offset = offset_of(node)
        _refuse_unpacking(node)
        match node.node:
            case nodes.Name(name="range"):
                pass
            case nodes.Getattr(node=target, attr=method):
                if isinstance(target, nodes.Name) and target.name in NAMESPACES:
                    raise TemplateError(f"{target.name}.{method} can't be called", offset)
                _check_attribute(node.node)
                if method not in METHODS:
                    fail_unknown("method", method, METHODS, offset_of(node.node) + 1)
                self._visit(target, depth + 1)
            case nodes.Name(name=name):
                raise TemplateError(
                    f"unknown function {name}", offset_of(node.node), "the only one is range"
                )
            case _:
                raise TemplateError("this can't be called", offset)
        for child in (*node.args, *node.kwargs):
            self._visit(child, depth + 1)

    def _check_function(self, node: nodes.Filter | nodes.Test) -> None:
        _refuse_unpacking(node)
        if isinstance(node, nodes.Filter):
            if node.name not in FILTERS:
                fail_unknown("filter", node.name, FILTERS, offset_of(node))
            if node.name in _NAMED and node.args and isinstance(node.args[0], nodes.Const):
                kind, known = _NAMED[node.name]
                name = node.args[0].value
                if isinstance(name, str) and name not in known:
                    fail_unknown(kind, name, known, offset_of(node.args[0]) + 1)
        elif node.name not in TESTS:
            fail_unknown("test", node.name, TESTS, offset_of(node))


def offset_of(node: nodes.Node) -> int:
    """Where in the source a node's first token stands."""
    return node.lineno or 0


def _refuse_unpacking(node: nodes.Call | nodes.Filter | nodes.Test) -> None:
    if node.dyn_args is not None or node.dyn_kwargs is not None:
        raise TemplateError("* and ** can't be used in a call", offset_of(node))


def _check_keys(node: nodes.Dict) -> None:
    for pair in node.items:
        if not (isinstance(pair.key, nodes.Const) and isinstance(pair.key.value, str)):
            raise TemplateError(
                "the keys of a mapping have to be written out as texts", offset_of(node)
            )


def _refuse_name(node: nodes.Name) -> None:
    if node.name == "range":
        raise TemplateError("range has to be called: range(3)", offset_of(node))
    if node.name in NAMESPACES:
        raise TemplateError(
            f"{node.name} is not a value",
            offset_of(node),
            f"write the name out: {node.name}.NAME",
            length=len(node.name),
        )
    raise TemplateError(
        f"unknown name {node.name}",
        offset_of(node),
        f"a variable is read as var.{node.name}, a text stands in quotes; names begin with "
        + ", ".join(f"{namespace}." for namespace in NAMESPACES),
        length=len(node.name),
    )


def _check_attribute(node: nodes.Getattr) -> None:
    if node.attr.startswith("_"):
        raise TemplateError(
            "names that begin with _ can't be reached", offset_of(node) + 1, length=len(node.attr)
        )


def _check_constant(value: object, offset: int) -> None:
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise TemplateError("the number is too large", offset)
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        raise TemplateError("the number is too large", offset)
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise TemplateError("the text holds half of a surrogate pair", offset) from None
