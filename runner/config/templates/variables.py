"""The file's variables as they are set from outside."""

import json
from collections.abc import Mapping

from runner.config.templates.expressions.values import Unset, Value, kind_of, value_of_text
from runner.config.yaml.nodes import Node
from runner.errors import UsageError
from runner.nearest import did_you_mean


def given_variables(
    declared: Mapping[str, Node], environment: Mapping[str, str], overrides: Mapping[str, str]
) -> dict[str, str]:
    """Return the texts that declared variables are set to; ``overrides`` win.

    Raises:
        UsageError: One of ``overrides`` is not declared.
    """
    for name in overrides:
        if name not in declared:
            hint = did_you_mean(name, declared) or "Declare it under `variables:`."
            raise UsageError(f"There is no variable {name} in the file.", hint=hint)
    return {name: text for name, text in environment.items() if name in declared} | dict(overrides)


def typed(name: str, text: str, default: Value) -> Value:
    """Return a variable's value from outside, with the type of its declared default.

    Args:
        name: The name of the variable, for the error.
        text: The given text; JSON for lists and mappings.
        default: The default's value; if it is text, null or not known, the text is kept.

    Raises:
        UsageError: The text is not such a value; the message does not quote it.
    """
    if default is None or isinstance(default, str | Unset):
        return text
    wanted = kind_of(default)
    if isinstance(default, list | dict):
        wanted += " as JSON"
        try:
            value = json.loads(text, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, type(default)):
            return value
    else:
        value = value_of_text(text)
        if isinstance(value, bool) is isinstance(default, bool) and isinstance(value, int | float):
            return value
        wanted = "true or false" if isinstance(default, bool) else wanted
    hint = "A variable set from outside has the type of its declared default."
    raise UsageError(f"Variable {name} needs {wanted}.", hint=hint)


def _refuse_constant(_: str) -> None:
    raise ValueError
