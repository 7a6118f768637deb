"""The values of expressions, and how each is written inside text.

A value is ``None``, a boolean, a number, text, a list or a mapping with text keys. Numbers from the
file know their spelling, so ``1.10`` inside text stays ``1.10``. Lists and mappings are shared and
never changed.
"""

import math
from typing import Any, Protocol, TypeAlias

from runner.config.templates.expressions.errors import SymbolicRead, TemplateError, Unresolved
from runner.config.templates.expressions.limits import ITEM_WEIGHT, MAX_BITS, MAX_DEPTH, MAX_SIZE
from runner.config.yaml.core_schema import resolve
from runner.config.yaml.nodes import Scalar
from runner.nearest import did_you_mean

#: None, bool, int, float, str, list or dict[str, Value]; inside an expression also an Unset.
Value: TypeAlias = Any


#: Types with the words of the diagnostics; a boolean is an ``int`` too.
_KINDS: tuple[tuple[Any, str], ...] = (
    (bool, "a boolean"),
    (int | float, "a number"),
    (str, "text"),
    (list, "a list"),
    (dict, "a mapping"),
)


class Spelt:
    """A number that knows its spelling in the file: ``0x10``, ``1.10``, ``1e3``."""

    text: str


class _SpeltInt(Spelt, int):
    pass


class _SpeltFloat(Spelt, float):
    pass


class Symbolic(str):
    """An unknown value, as its template text: ``https://$<env.H>``.

    Attributes:
        source: An expression for the value: ``("https://" ~ env.H)``.
    """

    __slots__ = ("source",)
    source: str

    def __new__(cls, text: str, source: str) -> "Symbolic":
        """Keep ``source`` with the text."""
        self = super().__new__(cls, text)
        self.source = source
        return self


class Unset:
    """The value of a name that is not set; it may only be tested."""

    __slots__ = ("names",)

    def __init__(self, names: frozenset[str]) -> None:
        self.names = names

    def __bool__(self) -> bool:
        return False


class Names(Protocol):
    """The names an expression is evaluated with.

    Attributes:
        symbolic: Whether values of ``env``, ``git``, ``ci`` and ``run`` are `Symbolic`.
    """

    symbolic: bool

    def value(self, name: str) -> Value:
        """Return the value of a name such as ``var.host``; an `Unset` if it is not set."""

    def spend(self, units: int) -> None:
        """Account for work done; raise a `TemplateError` if that is too much."""


def value_of(scalar: Scalar) -> Value:
    """Return the value of a scalar for expressions: a number with its spelling."""
    return _spelt(scalar.value, scalar.text) if scalar.plain else scalar.value


def value_of_text(text: str) -> Value:
    """Return the value of a plain scalar with this text; infinity and not-a-number are text."""
    value = resolve(text)
    if isinstance(value, float) and not math.isfinite(value):
        return text
    return _spelt(value, text)


def _spelt(value: Value, text: str) -> Value:
    kind = value.__class__
    if kind not in (int, float) or repr(value) == text:
        return value
    spelt = _SpeltInt(value) if kind is int else _SpeltFloat(value)
    spelt.text = text
    return spelt


def plain(value: Value) -> Value:
    """Return ``value`` with numbers of Python's own types at every level."""
    if value.__class__ is str:
        return value
    if isinstance(value, _SpeltInt):
        return int(value)
    if isinstance(value, _SpeltFloat):
        return float(value)
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def attribute(value: Value, name: str, offset: int) -> Value:
    """Return what is stored under the key ``name``, as in ``var.team.name``.

    Raises:
        Unresolved: The value is not set.
        SymbolicRead: The value is symbolic.
        TemplateError: It is not a mapping, or has no such key.
    """
    if isinstance(value, Symbolic):
        raise SymbolicRead
    if isinstance(value, Unset):
        raise Unresolved(value.names)
    if not isinstance(value, dict):
        message = f"unknown attribute {name}: this is {kind_of(value)}"
        raise TemplateError(message, offset, length=len(name))
    if name not in value:
        hint = did_you_mean(name, value)
        raise TemplateError(f"unknown key {name}", offset, hint, length=len(name))
    return value[name]


def is_number(value: Value) -> bool:
    """Whether a value is a number; a boolean is not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def kind_of(value: Value) -> str:
    """Return the kind of a value in the words of the diagnostics."""
    for kind, words in _KINDS:
        if isinstance(value, kind):
            return words
    return "null"


def to_text(value: Value) -> str:
    """Return a value as it is written inside text: ``true``, and numbers in their own spelling.

    Raises:
        TemplateError: It is null, a list or a mapping.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return value.text if isinstance(value, Spelt) else repr(value)
    hint = "Use join or tojson."
    if value is None:
        hint = "Use default('…', true) for a value that may be null."
    raise TemplateError(f"{kind_of(value)} can't be part of text", hint=hint)


def size_of(value: Value, depth: int = 0) -> int:
    """Return the size of a value, in units of about a character.

    Raises:
        Unresolved: It is, or holds, a value that is not set.
        TemplateError: It is larger or nested deeper than any value may be.
    """
    if isinstance(value, str):
        size = len(value)
    elif isinstance(value, list | dict):
        if depth >= MAX_DEPTH:
            raise TemplateError(f"the value is nested deeper than {MAX_DEPTH} levels")
        size = len(value) * ITEM_WEIGHT
        if isinstance(value, dict):
            size += sum(map(len, value))
        for item in value.values() if isinstance(value, dict) else value:
            size += len(item) if type(item) is str else size_of(item, depth + 1)
            if size > MAX_SIZE:
                break
    elif isinstance(value, Unset):
        raise Unresolved(value.names)
    else:
        size = 8
        if isinstance(value, int) and value.bit_length() > MAX_BITS:
            raise TemplateError("the number would be too large")
    if size > MAX_SIZE:
        raise TemplateError("the value is larger than 1 MiB")
    return size
