"""Evaluate expressions in Jinja's sandbox, with arithmetic that is bounded."""

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import jinja2
from jinja2 import nodes
from jinja2.lexer import Lexer
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from runner.config.templates.expressions.allowed import STEP, functions, operators
from runner.config.templates.expressions.errors import SymbolicRead, TemplateError
from runner.config.templates.expressions.limits import COMPILE_COST, MAX_BITS, Meter, fits
from runner.config.templates.expressions.symbols import holds_symbol
from runner.config.templates.expressions.values import Names, Value, is_number, kind_of, size_of


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
        except jinja2.TemplateSyntaxError as error:
            error.lineno = offset
            raise


class _Environment(ImmutableSandboxedEnvironment):
    """Jinja's sandbox with the allowed functions only, and arithmetic that is bounded."""

    intercepted_binops = frozenset(ImmutableSandboxedEnvironment.default_binop_table)
    intercepted_unops = frozenset(ImmutableSandboxedEnvironment.default_unop_table)

    def __init__(self) -> None:
        # The end of the expression is known already, so its mark is one that can't occur. The
        # optimizer would work constants out before anything is bounded.
        super().__init__(variable_end_string="\x00", optimized=False)
        self._offset_lexer = _OffsetLexer(self)
        self.globals = {}
        # Jinja's types know only its own functions.
        self.filters = functions("filter") | functions("method", ".") | operators()
        self.tests = functions("test")  # type: ignore[assignment]

    @property
    def lexer(self) -> Lexer:
        return self._offset_lexer

    def call_binop(self, context: Context, operator: str, left: Value, right: Value) -> Value:
        context["meter"].pay(STEP + size_of(left) + size_of(right))
        if operator == "+" and isinstance(left, str | list) and type(left) is type(right):
            fits(size_of(left) + size_of(right))
        elif operator == "*" and isinstance(left, str | list) and isinstance(right, int):
            context["meter"].pay(fits(size_of(left) * max(right, 0)))
        elif not (is_number(left) and is_number(right)):
            raise TemplateError(
                f"{operator} can't work with {kind_of(left)} and {kind_of(right)}",
                hint="Join texts with ~, and turn text into a number with int or float.",
            )
        whole = operator == "**" and isinstance(left, int) and isinstance(right, int)
        if whole and abs(left) > 1 and left.bit_length() * abs(right) > MAX_BITS:
            raise TemplateError("the number would be too large")
        try:
            result = super().call_binop(context, operator, left, right)
        except ZeroDivisionError:
            raise TemplateError("division by zero") from None
        except OverflowError:
            result = math.inf
        if isinstance(result, complex):
            raise TemplateError("a negative number has no such power")
        if isinstance(result, float) and not math.isfinite(result):
            raise TemplateError("the number would be too large")
        size_of(result)
        return result

    def call_unop(self, context: Context, operator: str, arg: Value) -> Value:
        size_of(arg)
        if not is_number(arg):
            raise TemplateError(f"a sign needs a number, and this is {kind_of(arg)}")
        return super().call_unop(context, operator, arg)


ENVIRONMENT = _Environment()


@dataclass(slots=True)
class Program:
    """An expression of which everything is allowed; compiled when it is first evaluated."""

    tree: nodes.Expr
    names: frozenset[str]
    has_literal_fallback: bool
    alternatives: frozenset[str]
    _template: jinja2.Template | None = None

    def evaluate(self, scope: Names) -> Value:
        """Return its value; raise what `Expression.evaluate` does, or `SymbolicRead`."""
        meter = Meter()

        def read(name: str, offset: int) -> Value:
            meter.pay(STEP)
            try:
                value = scope.value(name)
            except TemplateError as error:
                raise error.moved(offset) from None
            if scope.symbolic and holds_symbol(value):
                raise SymbolicRead
            return value

        if self._template is None:
            scope.spend(COMPILE_COST)
            self._template = self._compiled()
        context = self._template.new_context({"read": read, "meter": meter})
        try:
            deque(self._template.root_render_func(context), maxlen=0)
        finally:
            scope.spend(meter.spent)
        value = context.vars["result"]
        fits(size_of(value))
        return value

    def _compiled(self) -> jinja2.Template:
        program = nodes.Template([nodes.Assign(nodes.Name("result", "store"), self.tree)], lineno=1)
        program.set_lineno(1).set_environment(ENVIRONMENT)
        try:
            return ENVIRONMENT.from_string(program)
        except (RecursionError, MemoryError, SyntaxError):
            raise TemplateError("the expression is too deeply nested") from None
