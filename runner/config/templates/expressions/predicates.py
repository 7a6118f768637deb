"""The tests of expressions, as in ``var.n is odd``.

Those of Jinja, less ``callable``, ``escaped``, ``filter`` and ``test``, which say nothing here.
"""

from collections.abc import Callable
from typing import Any

from runner.config.templates.expressions.errors import TemplateError
from runner.config.templates.expressions.functions import Function, table
from runner.config.templates.expressions.meter import Meter
from runner.config.templates.expressions.values import Unset, Value


def is_number(value: Value) -> bool:
    """Whether it is a number; a boolean is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def equal(left: Value, right: Value) -> bool:
    """Whether two values are the same; a boolean equals no number."""
    if isinstance(left, bool) is not isinstance(right, bool):
        return False
    return bool(left == right)


def ordered(left: Value, right: Value, offset: int = 0) -> None:
    """Make sure that one of two values can be the larger one.

    Raises:
        TemplateError: They are not two numbers or two texts.
    """
    if isinstance(left, str) and isinstance(right, str):
        return
    if not (is_number(left) and is_number(right)):
        raise TemplateError(
            "only two numbers or two texts can be ordered", offset, "use int or float on the text"
        )


def contains(container: Value, item: Value, offset: int = 0) -> bool:
    """Whether a text is part of a text, a value in a list, or a text a key of a mapping.

    Raises:
        TemplateError: The container is none, or can't hold such an item.
    """
    if isinstance(container, list):
        return any(equal(item, each) for each in container)
    if isinstance(container, str | dict) and isinstance(item, str):
        return item in container
    raise TemplateError("in takes a list, or a text with a text or mapping", offset)


def _compare(symbol: str, summary: str) -> Callable[..., bool]:
    def run(_: Meter, value: object, other: object) -> bool:
        ordered(value, other)
        left: Any = value
        return bool(
            {"<": left < other, "<=": left <= other, ">": left > other, ">=": left >= other}[symbol]
        )

    run.__doc__ = summary
    return run


def _defined(_: Meter, value: object) -> bool:
    """Whether the name is set."""
    return not isinstance(value, Unset)


def _undefined(_: Meter, value: object) -> bool:
    """Whether the name is not set."""
    return isinstance(value, Unset)


def _none(_: Meter, value: object) -> bool:
    """Whether it is null."""
    return value is None


def _boolean(_: Meter, value: object) -> bool:
    """Whether it is true or false."""
    return isinstance(value, bool)


def _true(_: Meter, value: object) -> bool:
    """Whether it is ``true``."""
    return value is True


def _false(_: Meter, value: object) -> bool:
    """Whether it is ``false``."""
    return value is False


def _integer(_: Meter, value: object) -> bool:
    """Whether it is a whole number."""
    return isinstance(value, int) and not isinstance(value, bool)


def _float(_: Meter, value: object) -> bool:
    """Whether it is a number with a fraction or exponent."""
    return isinstance(value, float)


def _number(_: Meter, value: object) -> bool:
    """Whether it is a number."""
    return is_number(value)


def _string(_: Meter, value: object) -> bool:
    """Whether it is text."""
    return isinstance(value, str)


def _mapping(_: Meter, value: object) -> bool:
    """Whether it is a mapping."""
    return isinstance(value, dict)


def _sequence(_: Meter, value: object) -> bool:
    """Whether it has a length: a list, a mapping or text."""
    return isinstance(value, list | dict | str)


def _lower(_: Meter, value: str) -> bool:
    """Whether all its letters are lower case."""
    return value.islower()


def _upper(_: Meter, value: str) -> bool:
    """Whether all its letters are upper case."""
    return value.isupper()


def _odd(_: Meter, value: int) -> bool:
    """Whether it is an odd number."""
    return value % 2 == 1


def _even(_: Meter, value: int) -> bool:
    """Whether it is an even number."""
    return value % 2 == 0


def _divisibleby(_: Meter, value: int, num: int) -> bool:
    """Whether it can be divided by ``num`` without a rest."""
    return value % num == 0


def _eq(_: Meter, value: object, other: object) -> bool:
    """Whether both are equal."""
    return equal(value, other)


def _ne(_: Meter, value: object, other: object) -> bool:
    """Whether both differ."""
    return not equal(value, other)


def _in(_: Meter, value: object, seq: list[Value] | dict[str, Value] | str) -> bool:
    """Whether it is in a list, part of a text, or a key of a mapping."""
    return contains(seq, value)


_gt = _compare(">", "Whether it is larger than the other.")
_ge = _compare(">=", "Whether it is at least as large as the other.")
_lt = _compare("<", "Whether it is smaller than the other.")
_le = _compare("<=", "Whether it is at most as large as the other.")

#: Every test there is; the documentation's table is made from this one.
TESTS: dict[str, Function] = table(
    Function("boolean", _boolean),
    Function("defined", _defined, takes_unset=True),
    Function("divisibleby", _divisibleby),
    Function("eq", _eq),
    Function("equalto", _eq),
    Function("==", _eq),
    Function("even", _even),
    Function("false", _false),
    Function("float", _float),
    Function("ge", _ge),
    Function(">=", _ge),
    Function("gt", _gt),
    Function("greaterthan", _gt),
    Function(">", _gt),
    Function("in", _in),
    Function("integer", _integer),
    Function("iterable", _sequence),
    Function("le", _le),
    Function("<=", _le),
    Function("lower", _lower),
    Function("lt", _lt),
    Function("lessthan", _lt),
    Function("<", _lt),
    Function("mapping", _mapping),
    Function("ne", _ne),
    Function("!=", _ne),
    Function("none", _none),
    Function("number", _number),
    Function("odd", _odd),
    Function("sameas", _eq),
    Function("sequence", _sequence),
    Function("string", _string),
    Function("true", _true),
    Function("undefined", _undefined, takes_unset=True),
    Function("upper", _upper),
)
