"""Symbolic values, for comparing two files without an environment.

A symbolic value inside text stays exact: ``https://$<env.HOST>/x``. Any other expression that reads
one stays as it is written, with the known names filled in, so that a change of those still shows.
"""

import json
import re

from runner.config.templates.expressions.errors import TemplateError
from runner.config.templates.expressions.limits import MAX_SIZE
from runner.config.templates.expressions.values import Names, Symbolic, Unset, Value, to_text

_TEXT_OR_NAME = r"""(?xs)
    \\. | '(?:[^'\\]|\\.)*' | "(?:[^"\\]|\\.)*"
    | (?<![\w.]) (?P<namespace>var|matrix|profile) \s*\.\s* (?P<name>[^\W\d]\w*)
    """


def symbol(name: str) -> Symbolic:
    """Return the symbolic value of a name."""
    return Symbolic(f"$<{name}>", name)


def concatenate(parts: list[str]) -> str:
    """Join the parts; the result is a `Symbolic` if one of them is."""
    if not any(isinstance(part, Symbolic) for part in parts):
        return "".join(parts)
    text = "".join(map(escaped, parts))
    return Symbolic(text, "(" + " ~ ".join(literal(part) for part in parts if part) + ")")


def escaped(value: Value) -> Value:
    """Return text with each literal ``$<`` escaped, so that it is told from a `Symbolic`."""
    if isinstance(value, str) and not isinstance(value, Symbolic):
        return value.replace("$<", "$$<")
    return value


def as_written(source: str, scope: Names) -> Symbolic:
    """Return an expression as it is written, with the values of variables and axes filled in."""

    def fill(found: re.Match[str]) -> str:
        if not found["namespace"]:
            return found[0]
        value = scope.value(f"{found['namespace']}.{found['name']}")
        return found[0] if isinstance(value, Unset) else literal(value)

    filled = re.sub(_TEXT_OR_NAME, fill, source)
    if len(filled) > MAX_SIZE:
        raise TemplateError("the value is larger than 1 MiB")
    return Symbolic(f"$<{filled}>", filled if filled.isidentifier() else f"({filled})")


def holds_symbol(value: Value) -> bool:
    """Whether a value is, or contains, one that is not known."""
    if isinstance(value, list):
        return any(map(holds_symbol, value))
    if isinstance(value, dict):
        return any(map(holds_symbol, value.values()))
    return isinstance(value, Symbolic)


def literal(value: Value) -> str:
    """Return an expression for the value."""
    if isinstance(value, Symbolic):
        return value.source
    if isinstance(value, list):
        return "[" + ", ".join(map(literal, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(k)}: {literal(v)}" for k, v in value.items()) + "}"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return "none" if value is None else to_text(value)
