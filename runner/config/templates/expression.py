"""One expression: parsed once however often it occurs, and evaluated with a scope.

A dotted name, as most expressions are, never needs Jinja.
"""

import re
from typing import TYPE_CHECKING

from runner.config.templates.expressions.errors import SymbolicRead, TemplateError, Unresolved
from runner.config.templates.expressions.names import qualified
from runner.config.templates.expressions.symbols import as_written
from runner.config.templates.expressions.values import Names, Unset, Value, attribute

if TYPE_CHECKING:
    from runner.config.templates.expressions.sandbox import Program

_NAME = r"[^\W\d]\w*"
_DOTTED = re.compile(rf"\s*({_NAME})\.({_NAME})((?:\.{_NAME})*)\s*")
_KEY = re.compile(r"\w+")


class Expression:
    """The text between ``$<`` and ``>``.

    Attributes:
        source: Its text.
        names: The names it reads, such as ``var.host``.
        has_literal_fallback: Whether a text written in the expression itself may be its value.
        alternatives: The names of which one may be its value, if it has a choice.
    """

    __slots__ = ("_path", "_program", "alternatives", "has_literal_fallback", "names", "source")

    def __init__(self, source: str) -> None:
        """Parse ``source``.

        Raises:
            TemplateError: It is not an expression, or uses what is not allowed; the offset counts
                from its first character.
        """
        self.source = source
        self._program: Program | None = None
        dotted = _DOTTED.fullmatch(source)
        if dotted is None:
            from runner.config.templates.expressions.syntax import parse  # noqa: PLC0415 - loads Jinja

            self._program = parse(source)
            self.names = self._program.names
            self.has_literal_fallback = self._program.has_literal_fallback
            self.alternatives = self._program.alternatives
            return
        self.has_literal_fallback = False
        self.alternatives = frozenset[str]()
        #: The keys to follow from the name on, and the offset of each.
        self._path = [
            (key[0], key.start()) for key in _KEY.finditer(source, dotted.start(3), dotted.end(3))
        ]
        for key, offset in self._path:
            if key.startswith("_"):
                raise TemplateError("names that begin with _ can't be read", offset)
        self.names = frozenset([qualified(dotted[1], dotted[2], dotted.start(1))])

    def evaluate(self, scope: Names) -> Value:
        """Return its value: a `Symbolic` if it depends on one.

        Raises:
            Unresolved: It depends on a name that is not set.
            TemplateError: It can't be evaluated; the offset counts from its first character.
        """
        try:
            value = self._program.evaluate(scope) if self._program else self._follow(scope)
        except SymbolicRead:
            return as_written(self.source, scope)
        except RecursionError:
            raise TemplateError("the expression is too deeply nested") from None
        if isinstance(value, Unset):
            raise Unresolved(value.names)
        return value

    def _follow(self, scope: Names) -> Value:
        (name,) = self.names
        value = scope.value(name)
        for key, offset in self._path:
            value = attribute(value, key, offset)
        return value
