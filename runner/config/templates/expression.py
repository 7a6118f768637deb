"""One expression: read once however often it occurs, worked out against a scope.

A dotted name, which is what most expressions are, never needs Jinja.
"""

import re
from typing import Any, Protocol

from runner.config.templates.expressions.access import attribute
from runner.config.templates.expressions.errors import TemplateError, Unresolved
from runner.config.templates.expressions.meter import BUDGET, Meter
from runner.config.templates.expressions.names import qualified
from runner.config.templates.expressions.symbols import Held, hold
from runner.config.templates.expressions.values import Unset, Value

_NAME = r"[^\W\d]\w*"
_DOTTED = re.compile(rf"\s*({_NAME})\.({_NAME})((?:\.{_NAME})*)\s*")


class Names(Protocol):
    """What an expression is worked out against."""

    @property
    def symbolic(self) -> frozenset[str]:
        """The namespaces whose names stand for themselves."""

    def value(self, name: str) -> Value:
        """The value of a name such as ``var.host``.

        Returns:
            A value; an `Unset` if the name is known but not set.

        Raises:
            TemplateError: There is no such name.
        """

    def spend(self, units: int) -> None:
        """Account for work done.

        Raises:
            TemplateError: All expressions together have done too much.
        """


class Expression:
    """What stands between ``$<`` and ``>``.

    Attributes:
        source: Its text.
        names: The names it reads, such as ``var.host``.
        name: The name, if the expression is nothing else.
    """

    __slots__ = ("_path", "_tree", "name", "names", "source")

    def __init__(self, source: str) -> None:
        """Read ``source``.

        Raises:
            TemplateError: It is no expression, or uses what is not allowed; the offset counts
                from its first character.
        """
        self.source = source
        self.name: str | None = None
        self._tree: Any = None
        self._path: tuple[str, ...] = ()
        dotted = _DOTTED.fullmatch(source)
        if dotted:
            namespace, name, path = dotted.groups()
            self._path = tuple(path.split(".")[1:])
            for part in self._path:
                if part.startswith("_"):
                    raise TemplateError(
                        "names that begin with _ can't be reached", source.index("." + part) + 1
                    )
            full = qualified(namespace, name, dotted.start(1))
            self.names = frozenset([full])
            if not path:
                self.name = full
        else:
            from runner.config.templates.expressions.syntax import parse  # noqa: PLC0415 - loads Jinja

            self._tree, self.names = parse(source)

    @property
    def has_literal_fallback(self) -> bool:
        """Whether a text written in the expression itself may be what it gives."""
        if self._tree is None:
            return False
        from runner.config.templates.expressions.fallbacks import has_literal_fallback  # noqa: PLC0415 - Jinja

        return has_literal_fallback(self._tree)

    def evaluate(self, scope: Names) -> Value:
        """Its value.

        Returns:
            A value; a `Symbolic` if it depends on a name that stands for itself.

        Raises:
            Unresolved: A name that is not set decides about it.
            TemplateError: It can't be worked out; the offset counts from its first character.
        """
        try:
            value = self._walk(scope) if self._tree is None else self._run(scope)
        except Held:
            return hold(self.source, scope)
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

    def _run(self, scope: Names) -> Value:
        from runner.config.templates.expressions.evaluator import evaluate  # noqa: PLC0415 - loads Jinja

        meter = Meter()
        try:
            return evaluate(self._tree, scope, meter)
        finally:
            scope.spend(BUDGET - meter.left)
