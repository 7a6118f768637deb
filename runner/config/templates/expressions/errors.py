"""Errors of expressions; no message ever quotes a value, since it may be secret."""

from collections.abc import Iterable
from itertools import islice
from typing import NoReturn, Self

from runner.config.yaml.nodes import Scalar
from runner.nearest import nearest

#: The names that a wrong one is compared with, at most: a large file may have many of both.
_LOOKED_AT = 2_000


class TemplateError(Exception):
    """An expression is wrong, or can't be evaluated.

    Attributes:
        message: What is wrong, without a full stop.
        offset: Where, in characters from the start of the text that holds the expression.
        hint: What to do about it, if that is known.
        length: How many characters are affected.
        node: The scalar that holds the text, if it is not the one being rendered: a mistake in
            a variable is reported where the variable is declared.
    """

    def __init__(
        self,
        message: str,
        offset: int = 0,
        hint: str | None = None,
        *,
        length: int = 1,
        node: Scalar | None = None,
    ) -> None:
        """Take what is wrong, and where."""
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.hint = hint
        self.length = length
        self.node = node

    def moved(self, by: int) -> Self:
        """Count from the start of a text in which the expression starts at ``by``."""
        if self.node is None:
            self.offset += by
        return self

    def within(self, node: Scalar) -> Self:
        """Locate the error in the text of ``node``, unless it is elsewhere already."""
        self.node = self.node or node
        return self


class Unterminated(TemplateError):
    """An expression without an end: YAML may have cut it off."""


class Unresolved(Exception):
    """A value needs names that are not set.

    Attributes:
        names: Those names, such as ``env.SHOP_TOKEN`` or ``ci.pullRequest``.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.names = frozenset(names)
        super().__init__("not set: " + ", ".join(sorted(self.names)))


class SymbolicRead(Exception):
    """An expression reads a symbolic value."""


def fail_unknown(
    kind: str, name: str, known: Iterable[str], offset: int, prefix: str = ""
) -> NoReturn:
    """Refuse ``name``, and suggest the nearest of ``known``, or all if they are few.

    Both are without the ``prefix`` that all such names begin with.
    """
    known = list(islice(known, _LOOKED_AT))
    guess = nearest(name, known)
    hint = None
    if guess:
        hint = f"Did you mean '{prefix}{guess}'?"
    elif 0 < len(known) <= 8:
        hint = f"You can use {', '.join(prefix + each for each in sorted(known))}."
    written = prefix + name
    raise TemplateError(f"unknown {kind} {written}", offset, hint, length=len(written))
