"""One expression: parsed once however often it occurs, and evaluated with a scope.

A dotted name, as most expressions are, never needs Jinja.
"""

import re
from typing import TYPE_CHECKING

from runner.config.templates.expressions.access import attribute
from runner.config.templates.expressions.errors import TemplateError, Unresolved
from runner.config.templates.expressions.limits import Meter
from runner.config.templates.expressions.names import qualified
from runner.config.templates.expressions.symbols import SymbolicRead, as_written
from runner.config.templates.expressions.values import Names, Unset, Value

if TYPE_CHECKING:
    from runner.config.templates.expressions.sandbox import Program

_NAME = r"[^\W\d]\w*"
_DOTTED = re.compile(rf"\s*({_NAME})\.({_NAME})((?:\.{_NAME})*)\s*")


class Expression:
    """The text between ``$<`` and ``>``.

    Attributes:
        source: Its text.
        names: The names it reads, such as ``var.host``.
        name: The name, if it is just one.
    """

    __slots__ = ("_path", "_program", "name", "names", "source")

    def __init__(self, source: str) -> None:
        """Parse ``source``.

        Raises:
            TemplateError: It is not an expression, or uses what is not allowed; the offset counts
                from its first character.
        """
        self.source = source
        self.name: str | None = None
        self._program: Program | None = None
        self._path: tuple[str, ...] = ()
        dotted = _DOTTED.fullmatch(source)
        if dotted:
            namespace, name, path = dotted.groups()
            self._path = tuple(path.split(".")[1:])
            for part in self._path:
                if part.startswith("_"):
                    raise TemplateError(
                        "names that begin with _ can't be read", source.index("." + part) + 1
                    )
            full = qualified(namespace, name, dotted.start(1))
            self.names = frozenset([full])
            if not path:
                self.name = full
        else:
            from runner.config.templates.expressions.syntax import parse  # noqa: PLC0415 - loads Jinja

            self._program = parse(source)
            self.names = self._program.names

    @property
    def has_literal_fallback(self) -> bool:
        """Whether a text written in the expression itself may be its value."""
        return self._program is not None and self._program.has_literal_fallback

    def evaluate(self, scope: Names) -> Value:
        """Return its value.

        Returns:
            A value; a `Symbolic` if it depends on a name that stands for itself.

        Raises:
            Unresolved: It depends on a name that is not set.
            TemplateError: It can't be evaluated; the offset counts from its first character.
        """
        try:
            value = self._walk(scope) if self._program is None else self._run(self._program, scope)
        except SymbolicRead:
            return as_written(self.source, scope)
        except RecursionError:
            raise TemplateError("the expression is too deeply nested") from None
        if isinstance(value, Unset):
            raise Unresolved(value.names)
        return value

    def _walk(self, scope: Names) -> Value:
        (name,) = self.names
        value = scope.value(name)
        for part in self._path:
            value = attribute(value, part, self.source.rindex(part))
        return value

    def _run(self, program: "Program", scope: Names) -> Value:
        meter = Meter()
        try:
            return program.evaluate(scope, meter)
        finally:
            scope.spend(meter.spent)
