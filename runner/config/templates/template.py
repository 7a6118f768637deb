"""Split texts with ``$<expressions>`` and render them.

Everything else passes through unchanged: Handlebars, Jinja statements, shell variables, a lone
``$``. ``$$<`` gives a literal ``$<``.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Protocol

from runner.config.templates.expression import Expression
from runner.config.templates.expressions.errors import TemplateError, Unresolved, Unterminated
from runner.config.templates.expressions.limits import MAX_SIZE
from runner.config.templates.expressions.symbols import concatenate
from runner.config.templates.expressions.values import Names, Value
from runner.config.yaml.errors import QUOTE_HINT
from runner.config.yaml.nodes import Scalar
from runner.source import Span

__all__ = ["Template", "TemplateError", "Unresolved", "hint_for", "parse_template", "place"]

#: An expression may have this many bytes in UTF-8.
MAX_SOURCE = 4096
#: Brackets may be nested this deep: enough for readable expressions, and within the stack of
#: Jinja's parser.
MAX_BRACKETS = 40

_START = re.compile(r"(?<!\$)\$<")
# The next character that matters for the end of an expression; text in quotes is skipped as a
# whole, by the rule of Jinja's own lexer.
_NEXT = re.compile(
    r"""'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*"|['"()\[\]{}>]""", re.DOTALL
)
# The simple case of an expression, in which only its end matters.
_SIMPLE = re.compile(r"(?<!\$)\$<([^'\"()\[\]{}<>]{1,200})>")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
# What ends a plain scalar of YAML before the end of its line.
_CUT = re.compile(r"[ \t]+#|[ \t]*[,\[\]{}]|:")
_LITERAL_HINT = "Write an expression as $<…>, and a literal $< as $$<."


class Evaluator(Names, Protocol):
    """The names a template is rendered with."""

    def evaluate(self, expression: Expression) -> Value:
        """Return the value of an expression."""

    def text(self, expression: Expression) -> str:
        """Return the value of an expression as it is written inside text."""


class Template:
    """A text, split into literal parts and expressions.

    Attributes:
        text: The whole text.
        parts: Literal texts and expressions, in order.
        is_single: Whether it is exactly one expression and nothing else, so that its value
            keeps its own type.
        names: The names its expressions read, such as ``var.host``.
    """

    __slots__ = ("is_single", "names", "parts", "text")

    def __init__(self, text: str, parts: tuple[str | Expression, ...]) -> None:
        self.text = text
        self.parts = parts
        expressions = [part for part in parts if isinstance(part, Expression)]
        self.is_single = len(parts) == 1 == len(expressions)
        self.names: frozenset[str] = (
            expressions[0].names
            if len(expressions) == 1
            else frozenset().union(*(part.names for part in expressions))
        )

    def render(self, scope: Evaluator) -> Value:
        """Return the value: of its own type if it is single, else text.

        Returns:
            Lists and mappings are shared and must not be changed. If it depends on names that
            stand for themselves, a `Symbolic`.

        Raises:
            Unresolved: It needs names that are not set; all of them are listed.
            TemplateError: An expression can't be evaluated; the offset counts from the start of the
                text, or of the text of the variable (`node`) that causes the error.
        """
        pieces: list[str] = []
        try:
            if self.is_single:
                return scope.evaluate(self.parts[0])  # type: ignore[arg-type]  # single means that
            text_of = scope.text
            for part in self.parts:
                pieces.append(part if isinstance(part, str) else text_of(part))  # noqa: PERF401 - how many there are says where an error was
        except TemplateError as error:
            raise error.moved(self._start(len(pieces))) from None
        except Unresolved:
            raise Unresolved(self._missing(scope)) from None
        size = sum(map(len, pieces))
        if size > MAX_SIZE:
            raise TemplateError("the value would be larger than 1 MiB")
        scope.spend(size)
        return concatenate(pieces) if scope.symbolic else "".join(pieces)

    def _missing(self, scope: Evaluator) -> set[str]:
        missing: set[str] = set()
        for index, part in enumerate(self.parts):
            if isinstance(part, Expression):
                try:
                    scope.evaluate(part)
                except Unresolved as error:
                    missing |= error.names
                except TemplateError as error:
                    raise error.moved(self._start(index)) from None
        return missing

    def _start(self, index: int) -> int:
        """Where one of the parts begins in the text; only needed for errors."""
        return list(_scan(self.text))[index][0]


@lru_cache(maxsize=4096)
def parse_template(text: str) -> Template:
    """Split ``text`` and parse its expressions.

    Only useful if ``"$<" in text``: all other texts are their own value.

    Raises:
        TemplateError: An expression does not end, is too long or not valid; the offset counts from
            the start of ``text``.
    """
    parts: list[str | Expression] = [*_SIMPLE.split(text)]
    if text.count("$<") == len(parts) // 2:
        # Every other part is an expression; the general way below takes several times longer.
        try:
            parts[1::2] = map(_expression, parts[1::2])
        except TemplateError:
            pass  # the general way tells where
        else:
            return Template(text, tuple(filter(None, parts)))
    return Template(text, tuple(part for _, part in _scan(text)))


def errors_in(text: str, scope: Evaluator | None) -> Iterator[TemplateError]:
    """Yield what is wrong with each expression of a text, up to one that does not end."""
    position = 0
    while found := _START.search(text, position):
        start = found.end()
        try:
            position = _end_of(text, start) + 1
        except TemplateError as error:
            yield error
            return
        try:
            expression = _expression(text[start : position - 1])
            if scope is not None:
                scope.text(expression)
        except TemplateError as error:
            yield error.moved(start)
        except Unresolved:
            continue


def early_end(text: str) -> int | None:
    """Find an expression that ends although the text after it reads like its rest.

    Returns:
        Where it ends: at the first ``>`` of ``$<'a' if var.n > 2 else 'b'>``.
    """
    position = 0
    while found := _START.search(text, position):
        try:
            position = _end_of(text, found.end()) + 1
            closing = text.find(">", position)
            if closing >= 0 and "$<" not in text[position:closing]:
                _expression(text[found.end() : closing])
                return position - 1
        except Unterminated:
            return None
        except TemplateError:
            position = max(position, found.end())
    return None


def _scan(text: str) -> Iterator[tuple[int, str | Expression]]:
    """Yield the parts of a template and where each begins: an expression after its ``$<``."""
    position = 0
    while found := _START.search(text, position):
        if found.start() > position:
            yield position, text[position : found.start()].replace("$$<", "$<")
        start = found.end()
        end = _end_of(text, start)
        try:
            expression = _expression(text[start:end])
        except TemplateError as error:
            raise error.moved(start) from None
        yield start, expression
        position = end + 1
    if position < len(text):
        yield position, text[position:].replace("$$<", "$<")


@lru_cache(maxsize=4096)
def _expression(source: str) -> Expression:
    if len(source) > MAX_SOURCE or len(source.encode(errors="replace")) > MAX_SOURCE:
        raise TemplateError("the expression is longer than 4 KiB", -2)
    if not source.strip():
        raise TemplateError("the expression is empty", -2, _LITERAL_HINT, length=3)
    control = _CONTROL.search(source)
    if control:
        raise TemplateError("the expression contains a control character", control.start())
    return Expression(source)


def _end_of(text: str, start: int) -> int:
    """Return where the expression that begins at ``start`` ends: the position of its ``>``."""
    limit = start + MAX_SOURCE + 1
    depth, position = 0, start
    while found := _NEXT.search(text, position, limit):
        position = found.end()
        match found[0]:
            case ">":
                if depth == 0:
                    return found.start()
            case "(" | "[" | "{":
                depth += 1
                if depth > MAX_BRACKETS:
                    raise TemplateError(
                        f"brackets are nested deeper than {MAX_BRACKETS} levels", found.start()
                    )
            case ")" | "]" | "}":
                depth = max(depth - 1, 0)
            case "'" | '"':
                if len(text) > limit:
                    break
                raise Unterminated(
                    "the text in the expression does not end", found.start(), _LITERAL_HINT
                )
    if len(text) > limit:
        message = "the expression is longer than 4 KiB, or does not end"
        raise TemplateError(message, start - 2, length=2)
    hint = "Close the bracket." if depth else _LITERAL_HINT
    raise Unterminated("the expression does not end", start - 2, hint, length=2)


def hint_for(error: TemplateError, scalar: Scalar) -> str | None:
    """Return the hint for an error in a scalar's text, which YAML may have cut off."""
    cut = isinstance(error, Unterminated) and scalar.plain
    if cut and _CUT.match(scalar.source.text, scalar.end):
        return QUOTE_HINT
    return error.hint


def place(scalar: Scalar, offset: int, length: int = 1) -> Span:
    """Return the position in the file of something in a scalar's text.

    Args:
        scalar: The scalar.
        offset: Where in its text, as a `TemplateError` tells it.
        length: How many characters it covers.

    Returns:
        The exact position if the text, or at least its expression, is written in the file as it
        is; else the position of the expression, or of the whole scalar.
    """
    raw = scalar.source.text[scalar.start : scalar.end]
    for skipped in (0, 1):
        if raw[skipped : len(raw) - skipped] == scalar.text:
            start = scalar.start + skipped + offset
            return Span(scalar.source, start, min(start + length, scalar.end))
    # Folded over lines, or with escapes: count the expressions before it.
    before = scalar.text.rfind("$<", 0, offset + 2)
    if before >= 0:
        position = -1
        for _ in range(scalar.text.count("$<", 0, before + 2)):
            position = raw.find("$<", position + 1)
            if position < 0:
                return scalar.span
        inside = offset - before
        if raw.startswith(scalar.text[before : offset + length], position):
            start = scalar.start + position + inside
            return Span(scalar.source, start, start + length)
        return Span(scalar.source, scalar.start + position, scalar.start + position + 2)
    return scalar.span
