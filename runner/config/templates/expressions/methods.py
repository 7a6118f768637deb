"""The methods of texts that expressions may call, as in ``var.host.upper()``."""

from runner.config.templates.expressions.functions import Function, table
from runner.config.templates.expressions.meter import Meter
from runner.config.templates.expressions.values import ITEM_WEIGHT, Value


def _predicate(name: str, summary: str) -> Function:
    method = getattr(str, name)

    def run(_: Meter, value: str) -> bool:
        return bool(method(value))

    run.__doc__ = summary
    return Function(name, run)


def _changed(name: str, summary: str) -> Function:
    method = getattr(str, name)

    def run(_: Meter, value: str) -> str:
        return str(method(value))

    run.__doc__ = summary
    return Function(name, run)


def _stripped(name: str, summary: str) -> Function:
    method = getattr(str, name)

    def run(_: Meter, value: str, chars: str | None = None) -> str:
        return str(method(value, chars))

    run.__doc__ = summary
    return Function(name, run)


def _padded(name: str, summary: str) -> Function:
    method = getattr(str, name)

    def run(meter: Meter, value: str, width: int, fillchar: str = " ") -> str:
        meter.grow(max(width, len(value)))
        return str(method(value, width, fillchar))

    run.__doc__ = summary
    return Function(name, run)


def _sought(name: str, summary: str) -> Function:
    method = getattr(str, name)

    def run(_: Meter, value: str, part: str) -> Value:
        return method(value, part)

    run.__doc__ = summary
    return Function(name, run)


def _cut(name: str, summary: str) -> Function:
    method = getattr(str, name)

    def run(meter: Meter, value: str, sep: str | None = None, maxsplit: int = -1) -> Value:
        pieces = value.count(sep) + 1 if sep else len(value) // 2 + 1
        meter.pay(4 * ITEM_WEIGHT * (min(pieces, maxsplit + 1) if maxsplit >= 0 else pieces))
        return method(value, sep, maxsplit)

    run.__doc__ = summary
    return Function(name, run)


def _join(meter: Meter, value: str, items: list[Value]) -> str:
    """The texts of a list as one, with this text between them."""
    meter.grow(sum(map(len, items)) + len(value) * len(items))
    return value.join(items)


def _partition(_: Meter, value: str, sep: str) -> Value:
    """What stands before, as, and after the first ``sep``."""
    return list(value.partition(sep))


def _rpartition(_: Meter, value: str, sep: str) -> Value:
    """What stands before, as, and after the last ``sep``."""
    return list(value.rpartition(sep))


def _replace(meter: Meter, value: str, old: str, new: str, count: int = -1) -> str:
    """Every ``old`` (or the first ``count``) replaced by ``new``."""
    found = value.count(old)
    if count >= 0:
        found = min(found, count)
    meter.grow(len(value) + found * max(len(new) - len(old), 0))
    return value.replace(old, new, count)


def _splitlines(meter: Meter, value: str) -> Value:
    """The lines, without their ends."""
    meter.pay(4 * ITEM_WEIGHT * len(value))
    return value.splitlines()


def _zfill(meter: Meter, value: str, width: int) -> str:
    """Zeros put before a number until it has so many characters."""
    meter.grow(max(width, len(value)))
    return value.zfill(width)


#: Every method of texts there is; the documentation's table is made from this one.
METHODS: dict[str, Function] = table(
    _changed("capitalize", "First character upper case, the rest lower case."),
    _changed("casefold", "Made ready for comparing without regard to case."),
    _padded("center", "In the middle of a line of so many characters."),
    _sought("count", "How often a part occurs."),
    _sought("endswith", "Whether it ends with a part."),
    _sought("find", "Where a part first occurs, counted from 0; -1 if nowhere."),
    _predicate("isalnum", "Whether all are letters or digits."),
    _predicate("isalpha", "Whether all are letters."),
    _predicate("isdigit", "Whether all are digits."),
    _predicate("islower", "Whether all letters are lower case."),
    _predicate("isspace", "Whether all is white space."),
    _predicate("isupper", "Whether all letters are upper case."),
    Function("join", _join),
    _padded("ljust", "Filled at the right up to so many characters."),
    _changed("lower", "All lower case."),
    _stripped("lstrip", "Without white space (or any of these characters) at the start."),
    Function("partition", _partition),
    _sought("removeprefix", "Without this start."),
    _sought("removesuffix", "Without this end."),
    Function("replace", _replace),
    _sought("rfind", "Where a part last occurs, counted from 0; -1 if nowhere."),
    _padded("rjust", "Filled at the left up to so many characters."),
    Function("rpartition", _rpartition),
    _cut("rsplit", "The parts between separators, counted from the right."),
    _stripped("rstrip", "Without white space (or any of these characters) at the end."),
    _cut("split", "The parts between separators, or between white space."),
    Function("splitlines", _splitlines),
    _sought("startswith", "Whether it starts with a part."),
    _stripped("strip", "Without white space (or any of these characters) at both ends."),
    _changed("swapcase", "Upper case made lower and lower case upper."),
    _changed("title", "Every word with an upper case first letter."),
    _changed("upper", "All upper case."),
    Function("zfill", _zfill),
)
