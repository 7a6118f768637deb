"""Split texts with ``$<expressions>``, and find what is wrong with them in the file.

Everything else passes through unchanged: Handlebars, Jinja statements, shell variables, a lone
``$``. ``$$<`` gives a literal ``$<``.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from typing import NamedTuple

from runner.config.templates.expression import Expression
from runner.config.templates.expressions.errors import TemplateError, Unterminated
from runner.config.yaml.core_schema import QUOTE_HINT
from runner.config.yaml.nodes import Scalar
from runner.diagnostics import Diagnostic
from runner.source import Span

#: How the depth changes at a bracket.
_STEPS = dict.fromkeys("([{", 1) | dict.fromkeys(")]}", -1)
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
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
# What ends a plain scalar of YAML before the end of its line.
_CUT = re.compile(r"[ \t]+#|[ \t]*[,\[\]{}]|:")
_LITERAL_HINT = "Write an expression as $<…>, and a literal $< as $$<."


class Template(NamedTuple):
    """A text, split into literal parts and expressions.

    Attributes:
        parts: Literal texts and expressions, in order, each with its offset in the text; that of
            an expression is after its ``$<``.
        names: The names its expressions read, such as ``var.host``.
        is_single: Whether it is exactly one expression and nothing else, so that its value
            keeps its own type.
    """

    parts: tuple[tuple[int, str | Expression], ...]
    names: frozenset[str]
    is_single: bool


@lru_cache(maxsize=4096)
def parse_template(text: str) -> Template:
    """Split ``text``, which holds a ``$<``, and parse its expressions.

    Raises:
        TemplateError: An expression does not end, is too long or not valid.
    """
    parts = tuple(_split(text))
    names = [part.names for _, part in parts if not isinstance(part, str)]
    return Template(parts, frozenset[str]().union(*names), len(parts) == 1 == len(names))


def expressions_in(text: str) -> Iterator[tuple[int, Expression | TemplateError]]:
    """Yield where each expression of a text begins, and what is wrong in place of a wrong one.

    Nothing follows one that does not end.
    """
    try:
        for start, end in _sources(text):
            try:
                yield start, _expression(text[start:end])
            except TemplateError as error:
                yield start, error.moved(start)
    except TemplateError as error:
        yield 0, error


def early_end(text: str) -> int | None:
    """Find where an expression ends although the text after it reads like its rest.

    That is at the first ``>`` of ``$<'a' if var.n > 2 else 'b'>``.
    """
    with suppress(TemplateError):
        for start, end in _sources(text):
            closing = text.find(">", end + 1)
            if closing >= 0 and "$<" not in text[end:closing]:
                with suppress(TemplateError):
                    _expression(text[start:closing])
                    return end
    return None


def _split(text: str) -> Iterator[tuple[int, str | Expression]]:
    """Yield where each part of a template begins, and the part."""
    position = 0
    for start, end in _sources(text):
        if start - 2 > position:
            yield position, text[position : start - 2].replace("$$<", "$<")
        try:
            expression = _expression(text[start:end])
        except TemplateError as error:
            raise error.moved(start) from None
        yield start, expression
        position = end + 1
    if position < len(text):
        yield position, text[position:].replace("$$<", "$<")


def _sources(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the source of each expression begins and ends."""
    position = 0
    while found := _START.search(text, position):
        end = _end_of(text, found.end())
        yield found.end(), end
        position = end + 1


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
        position, mark = found.end(), found[0]
        if mark == ">" and depth == 0:
            return found.start()
        if mark in ("'", '"'):
            if len(text) > limit:
                break
            message = "a quote in the expression is not closed"
            raise Unterminated(message, found.start(), _LITERAL_HINT)
        depth = max(depth + _STEPS.get(mark, 0), 0)
        if depth > MAX_BRACKETS:
            message = f"brackets are nested deeper than {MAX_BRACKETS} levels"
            raise TemplateError(message, found.start())
    if len(text) > limit:
        message = "the expression is longer than 4 KiB, or is not closed"
        raise TemplateError(message, start - 2, length=2)
    hint = "Close the bracket." if depth else _LITERAL_HINT
    raise Unterminated("the expression is not closed", start - 2, hint, length=2)


def problem_of(error: TemplateError, node: Scalar, profile: str | None = None) -> Diagnostic:
    """Return the diagnostic for what is wrong in the text of ``node``, or where the error says."""
    node = error.node or node
    hint = error.hint
    if isinstance(error, Unterminated) and node.plain and _CUT.match(node.source.text, node.end):
        hint = QUOTE_HINT
    span = place(node, error.offset, error.length)
    return Diagnostic("bad-template", error.message, span, hint=hint, profile=profile)


def place(scalar: Scalar, offset: int, length: int = 1) -> Span:
    """Return the position in the file of ``length`` characters of a scalar's text.

    It is exact if the text, or at least its expression, is written in the file as it is; else it
    is that of the expression, or of the whole scalar.
    """
    text, raw = scalar.text, scalar.source.text[scalar.start : scalar.end]
    for skipped in (0, 1):
        if raw[skipped : len(raw) - skipped] == text:
            start = scalar.start + skipped + offset
            return Span(scalar.source, start, min(start + length, scalar.end))
    # Folded over lines, or with escapes: count the expressions before it.
    before = text.rfind("$<", 0, offset + 2)
    starts = [found.start() for found in re.finditer(r"\$<", raw)]
    number = text.count("$<", 0, before + 2)
    if before < 0 or number > len(starts):
        return scalar.span
    start = starts[number - 1]
    if raw.startswith(text[before : offset + length], start):
        start += offset - before
    else:
        length = 2
    return Span(scalar.source, scalar.start + start, scalar.start + start + length)
