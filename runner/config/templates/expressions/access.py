"""Reaching into values: the keys of mappings, the items of lists, parts of texts."""

from runner.config.templates.expressions.errors import TemplateError, Unresolved
from runner.config.templates.expressions.symbols import Held
from runner.config.templates.expressions.values import Symbolic, Unset, Value, kind_of
from runner.nearest import did_you_mean


def attribute(value: Value, name: str, offset: int) -> Value:
    """What stands under the key ``name``, as in ``var.team.name``.

    Raises:
        Unresolved: The value is not set.
        TemplateError: It is no mapping, or has no such key.
    """
    if isinstance(value, Symbolic):
        raise Held
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


def item(value: Value, index: Value, offset: int) -> Value:
    """What stands at ``index`` of a list or text, or under that key.

    Raises:
        TemplateError: There is nothing; the message quotes neither the index nor the length,
            for they may have been worked out from a secret.
    """
    if isinstance(value, list | str) and isinstance(index, int) and not isinstance(index, bool):
        if not -len(value) <= index < len(value):
            raise TemplateError("there is nothing at that place", offset)
        return value[index]
    if isinstance(value, dict) and isinstance(index, str):
        if index not in value:
            raise TemplateError("the mapping has no such key", offset)
        return value[index]
    raise TemplateError(f"{kind_of(value)} has no item at {kind_of(index)}", offset)
