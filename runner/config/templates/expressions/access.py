"""Reach into mappings."""

from runner.config.templates.expressions.errors import TemplateError, Unresolved
from runner.config.templates.expressions.symbols import SymbolicRead
from runner.config.templates.expressions.values import Symbolic, Unset, Value, kind_of
from runner.nearest import did_you_mean


def attribute(value: Value, name: str, offset: int) -> Value:
    """Return what is stored under the key ``name``, as in ``var.team.name``.

    Raises:
        Unresolved: The value is not set.
        SymbolicRead: The value stands for itself.
        TemplateError: It is not a mapping, or has no such key.
    """
    if isinstance(value, Symbolic):
        raise SymbolicRead
    if isinstance(value, Unset):
        raise Unresolved(value.names)
    if not isinstance(value, dict):
        raise TemplateError(
            f"unknown attribute {name}: this is {kind_of(value)}", offset, length=len(name)
        )
    if name not in value:
        hint = did_you_mean(name, value)
        raise TemplateError(f"unknown key {name}", offset, hint, length=len(name))
    return value[name]
