"""Works out an expression's value node by node; every step pays before it runs."""

import math
from collections.abc import Callable
from typing import Any, Protocol

from jinja2 import nodes

from runner.config.templates.expressions.access import attribute, item
from runner.config.templates.expressions.errors import TemplateError, Unresolved
from runner.config.templates.expressions.filters import FILTERS
from runner.config.templates.expressions.functions import Function
from runner.config.templates.expressions.meter import MAX_BITS, Meter
from runner.config.templates.expressions.methods import METHODS
from runner.config.templates.expressions.predicates import (
    TESTS,
    contains,
    equal,
    is_number,
    ordered,
)
from runner.config.templates.expressions.symbols import Held, concatenate, holds_symbol
from runner.config.templates.expressions.syntax import offset_of
from runner.config.templates.expressions.values import (
    ITEM_WEIGHT,
    Symbolic,
    Unset,
    Value,
    kind_of,
    size_of,
    to_text,
)

#: What a step costs besides the values it reads and writes.
_STEP = 64
_MAX_RANGE = 10_000


class Names(Protocol):
    """What an expression is worked out against."""

    @property
    def symbolic(self) -> frozenset[str]:
        """The namespaces whose names stand for themselves."""

    def value(self, name: str) -> Value:
        """The value of a name such as ``var.host``; an `Unset` if it is not set."""


def evaluate(tree: nodes.Expr, scope: Names, meter: Meter) -> Value:
    """The value of a tree that `syntax.parse` has let through.

    Returns:
        The value may be an `Unset`, or a `Symbolic`.

    Raises:
        Unresolved: A name that is not set was needed.
        TemplateError: Something can't be worked out, or is too much.
        Held: A symbolic value was needed.
    """
    return _Run(scope, meter).value(tree)


class _Run:
    """One evaluation."""

    def __init__(self, scope: Names, meter: Meter) -> None:
        self.meter = meter
        self._scope = scope
        self._symbolic = bool(scope.symbolic)

    def value(self, node: nodes.Node) -> Value:
        """The value of a node, which may be an `Unset`."""
        self.meter.pay(_STEP)
        return _STEPS[type(node)](self, node)

    def known(self, node: nodes.Node) -> Value:
        """The value of a node where one is needed."""
        value = self.value(node)
        if isinstance(value, Unset):
            raise Unresolved(value.names)
        return value

    def concrete(self, node: nodes.Node) -> Value:
        """The value of a node for looking into."""
        value = self.known(node)
        self.meter.pay(size_of(value))
        if self._symbolic and holds_symbol(value):
            raise Held
        return value

    def truth(self, value: Value) -> bool:
        """Whether a value counts as true; what is not set does not."""
        if isinstance(value, Symbolic):
            raise Held
        return not isinstance(value, Unset) and bool(value)

    def constant(self, node: nodes.Const) -> Value:
        return node.value

    def name(self, node: nodes.Getattr) -> Value:
        if isinstance(node.node, nodes.Name):
            return self._scope.value(f"{node.node.name}.{node.attr}")
        return attribute(self.known(node.node), node.attr, offset_of(node) + 1)

    def items(self, node: nodes.List | nodes.Tuple) -> Value:
        self.meter.pay(ITEM_WEIGHT * len(node.items))
        value = [self.known(child) for child in node.items]
        self.meter.grow(size_of(value))
        return value

    def mapping(self, node: nodes.Dict) -> Value:
        self.meter.pay(4 * ITEM_WEIGHT * len(node.items))
        value = {pair.key.as_const(): self.known(pair.value) for pair in node.items}
        self.meter.grow(size_of(value))
        return value

    def condition(self, node: nodes.CondExpr) -> Value:
        if self.truth(self.value(node.test)):
            return self.value(node.expr1)
        if node.expr2 is None:
            raise TemplateError(
                "the condition is false and there is no else", offset_of(node), "add: else '…'"
            )
        return self.value(node.expr2)

    def both(self, node: nodes.And) -> Value:
        left = self.value(node.left)
        return self.value(node.right) if self.truth(left) else left

    def either(self, node: nodes.Or) -> Value:
        left = self.value(node.left)
        if self.truth(left):
            return left
        right = self.value(node.right)
        if isinstance(left, Unset) and isinstance(right, Unset):
            return Unset(left.names | right.names)
        return right

    def opposite(self, node: nodes.Not) -> Value:
        return not self.truth(self.value(node.node))

    def element(self, node: nodes.Getitem) -> Value:
        value = self.known(node.node)
        if isinstance(value, Symbolic):
            raise Held
        if isinstance(node.arg, nodes.Slice):
            return self._slice(value, node.arg, offset_of(node))
        return item(value, self.concrete(node.arg), offset_of(node))

    def _slice(self, value: Value, part: nodes.Slice, offset: int) -> Value:
        bounds = [
            None if bound is None else self.concrete(bound)
            for bound in (part.start, part.stop, part.step)
        ]
        if not isinstance(value, list | str):
            raise TemplateError(f"{kind_of(value)} can't be cut", offset)
        for bound in bounds:
            if bound is not None and (not isinstance(bound, int) or isinstance(bound, bool)):
                raise TemplateError("the bounds of a part have to be whole numbers", offset)
        if bounds[2] == 0:
            raise TemplateError("the step can't be 0", offset)
        self.meter.pay(size_of(value))
        return value[slice(*bounds)]

    def text(self, node: nodes.Concat) -> Value:
        parts = [to_text(self.known(child), offset_of(child)) for child in node.nodes]
        self.meter.grow(sum(map(len, parts)))
        return concatenate(parts)

    def comparison(self, node: nodes.Compare) -> Value:
        left = self.concrete(node.expr)
        for operand in node.ops:
            right = self.concrete(operand.expr)
            if not _COMPARISONS[operand.op](left, right, offset_of(operand.expr)):
                return False
            left = right
        return True

    def negative(self, node: nodes.Neg) -> Value:
        return -self._number(self.concrete(node.node), offset_of(node))

    def positive(self, node: nodes.Pos) -> Value:
        return +self._number(self.concrete(node.node), offset_of(node))

    def _number(self, value: Value, offset: int) -> Value:
        if not is_number(value):
            raise TemplateError(f"a sign needs a number, and this is {kind_of(value)}", offset)
        return value

    def arithmetic(self, node: nodes.BinExpr) -> Value:
        left, right = self.known(node.left), self.known(node.right)
        offset = offset_of(node)
        if isinstance(node, nodes.Add) and isinstance(left, str) and isinstance(right, str):
            self.meter.grow(len(left) + len(right))
            return concatenate([left, right])
        if self._symbolic and (holds_symbol(left) or holds_symbol(right)):
            raise Held
        if is_number(left) and is_number(right):
            self.meter.pay(size_of(left) + size_of(right))
            return _calculate(node, left, right, offset)
        if isinstance(node, nodes.Add) and isinstance(left, list) and isinstance(right, list):
            self.meter.grow(size_of(left) + size_of(right))
            return left + right
        if isinstance(node, nodes.Mul) and isinstance(left, str) and isinstance(right, int):
            self.meter.grow(len(left) * max(right, 0))
            return left * right
        raise TemplateError(
            f"{node.operator} can't work with {kind_of(left)} and {kind_of(right)}",
            offset,
            "texts are put together with ~, and numbers read from text with int or float",
        )

    def filter(self, node: nodes.Filter) -> Value:
        assert node.node is not None  # noqa: S101 - only a filter block has none
        return self._call(FILTERS[node.name], node.node, node)

    def test(self, node: nodes.Test) -> Value:
        return self._call(TESTS[node.name], node.node, node)

    def call(self, node: nodes.Call) -> Value:
        if isinstance(node.node, nodes.Getattr):
            return self._call(METHODS[node.node.attr], node.node.node, node)
        bounds = [self.concrete(argument) for argument in node.args]
        offset = offset_of(node)
        if node.kwargs or not 1 <= len(bounds) <= 3:
            raise TemplateError("range takes one to three whole numbers", offset)
        if not all(isinstance(bound, int) and not isinstance(bound, bool) for bound in bounds):
            raise TemplateError("range takes one to three whole numbers", offset)
        if len(bounds) == 3 and bounds[2] == 0:
            raise TemplateError("the step can't be 0", offset)
        # A range longer than sys.maxsize has no len(); its bounds have at most 4096 bits.
        numbers = range(*bounds)
        if numbers[_MAX_RANGE:]:
            raise TemplateError(f"range gives at most {_MAX_RANGE:,} numbers", offset)
        self.meter.pay(4 * ITEM_WEIGHT * len(numbers))
        return list(numbers)

    def _call(
        self, function: Function, target: nodes.Expr, node: nodes.Filter | nodes.Test | nodes.Call
    ) -> Value:
        read = self.value if function.takes_unset else self.known
        value = read(target)
        args = [read(argument) for argument in node.args]
        named: dict[str, Value] = {str(keyword.key): read(keyword.value) for keyword in node.kwargs}
        if self._symbolic and any(map(holds_symbol, (value, *args, *named.values()))):
            raise Held
        return function.call(self.meter, value, args, named, offset_of(node))


def _calculate(node: nodes.BinExpr, left: Value, right: Value, offset: int) -> Value:
    """The result of one of the arithmetic operators on two numbers."""
    if isinstance(node, nodes.Pow):
        _bound_power(left, right, offset)
    try:
        result = _ARITHMETIC[type(node)](left, right)
    except ZeroDivisionError:
        raise TemplateError("division by zero", offset) from None
    except OverflowError:
        result = math.inf
    if isinstance(result, complex):
        raise TemplateError("a negative number has no such power", offset)
    if isinstance(result, int) and result.bit_length() > MAX_BITS:
        raise TemplateError("the number would be too large", offset)
    if isinstance(result, float) and not math.isfinite(result):
        raise TemplateError("the number would be too large", offset)
    return result


def _bound_power(base: Value, exponent: Value, offset: int) -> None:
    if (
        isinstance(base, int)
        and isinstance(exponent, int)
        and base.bit_length() * abs(exponent) > MAX_BITS
        and abs(base) > 1
    ):
        raise TemplateError("the number would be too large", offset)


def _order(symbol: str) -> Callable[[Value, Value, int], bool]:
    def compare(left: Value, right: Value, offset: int) -> bool:
        ordered(left, right, offset)
        match symbol:
            case "lt":
                return bool(left < right)
            case "lteq":
                return bool(left <= right)
            case "gt":
                return bool(left > right)
            case _:
                return bool(left >= right)

    return compare


_COMPARISONS: dict[str, Callable[[Value, Value, int], bool]] = {
    "eq": lambda left, right, _: equal(left, right),
    "ne": lambda left, right, _: not equal(left, right),
    "lt": _order("lt"),
    "lteq": _order("lteq"),
    "gt": _order("gt"),
    "gteq": _order("gteq"),
    "in": lambda left, right, offset: contains(right, left, offset),
    "notin": lambda left, right, offset: not contains(right, left, offset),
}

_ARITHMETIC: dict[type[nodes.Node], Callable[[Any, Any], Any]] = {
    nodes.Add: lambda left, right: left + right,
    nodes.Sub: lambda left, right: left - right,
    nodes.Mul: lambda left, right: left * right,
    nodes.Div: lambda left, right: left / right,
    nodes.FloorDiv: lambda left, right: left // right,
    nodes.Mod: lambda left, right: left % right,
    nodes.Pow: lambda left, right: left**right,
}

_STEPS: dict[type[nodes.Node], Callable[[_Run, Any], Value]] = {
    nodes.Const: _Run.constant,
    nodes.Getattr: _Run.name,
    nodes.Getitem: _Run.element,
    nodes.List: _Run.items,
    nodes.Tuple: _Run.items,
    nodes.Dict: _Run.mapping,
    nodes.CondExpr: _Run.condition,
    nodes.And: _Run.both,
    nodes.Or: _Run.either,
    nodes.Not: _Run.opposite,
    nodes.Concat: _Run.text,
    nodes.Compare: _Run.comparison,
    nodes.Neg: _Run.negative,
    nodes.Pos: _Run.positive,
    nodes.Filter: _Run.filter,
    nodes.Test: _Run.test,
    nodes.Call: _Run.call,
    **dict.fromkeys(_ARITHMETIC, _Run.arithmetic),
}
