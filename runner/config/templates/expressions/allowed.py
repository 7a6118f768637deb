"""The functions of expressions: those of Jinja and of texts, bounded, and some of our own."""

import json
import math
from collections.abc import Callable
from typing import Any, NoReturn

import jinja2
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from runner.config.templates.expressions.errors import SymbolicRead, TemplateError, Unresolved
from runner.config.templates.expressions.language import INNER, TABLES, Usage
from runner.config.templates.expressions.limits import ITEM_WEIGHT, MAX_BITS, Meter, fits
from runner.config.templates.expressions.values import (
    Unset,
    Value,
    attribute,
    is_number,
    kind_of,
    plain,
    size_of,
    to_text,
)

#: What a call costs besides the values it reads and makes.
STEP = 128
_MAX_RANGE = 10_000
_MAX_PLACES = 100

#: Filters that read any value as text: numbers as they are spelt, never null or a list.
_OF_TEXT = {"capitalize", "center", "indent", "lower", "replace"}
_OF_TEXT |= {"title", "trim", "truncate", "upper", "wordcount"}
#: What else a call costs for each item, where Python runs for each of them.
_PER_ITEM = {
    **dict.fromkeys(("dictsort", "max", "min", "sort", "unique"), 8 * ITEM_WEIGHT),
    **dict.fromkeys(("map", "reject", "select"), 8 * ITEM_WEIGHT),
    **dict.fromkeys(("sum", "join", "items"), 4 * ITEM_WEIGHT),
    **dict.fromkeys(("title", "wordcount", ".title"), 16),
    **dict.fromkeys((".split", ".rsplit", ".splitlines", "list", "reverse"), 2 * ITEM_WEIGHT),
}


def _padded(text: str, width: int = 80, _: str = " ") -> int:
    return max(width, len(text))


def _replaced(text: str, old: str, new: str, count: int = -1) -> int:
    found = text.count(old) if count < 0 else min(text.count(old), count)
    return len(text) + found * max(len(new) - len(old), 0)


#: How long a result that may outgrow its input will be.
_LENGTH: dict[str, Callable[..., int]] = {
    **dict.fromkeys(("center", ".center", ".ljust", ".rjust", ".zfill"), _padded),
    **dict.fromkeys(("replace", ".replace"), _replaced),
    ".join": lambda text, items: sum(map(len, items)) + len(text) * len(items),
    "indent": lambda text, width=4, first=False: first + len(text) + width * (text.count("\n") + 1),
}


def equal(left: Value, right: Value) -> bool:
    """Whether two values are the same; a boolean equals no number."""
    return isinstance(left, bool) is isinstance(right, bool) and bool(left == right)


def contains(container: Value, value: Value) -> bool:
    """Whether a value is in a list, part of a text, or a key of a mapping."""
    if isinstance(container, list):
        return any(equal(value, each) for each in container)
    return value in container


def _default(value: Value, default_value: Value = "", boolean: bool = False) -> Value:
    return default_value if isinstance(value, Unset) or (boolean and not value) else value


def _float(value: Value, default: Value = None) -> Value:
    return _number("a number", default, lambda: float(value))


def _int(value: Value, default: Value = None, base: int = 10) -> Value:
    arguments = (value, base) if isinstance(value, str) else (value,)
    return _number("a whole number", default, lambda: int(*arguments))


def _number(wanted: str, default: Value, read: Callable[[], Value]) -> Value:
    try:
        number = read()
    except (ValueError, OverflowError):
        number = math.inf
    if math.isfinite(number) if isinstance(number, float) else number.bit_length() <= MAX_BITS:
        return number
    if default is None:
        # The text is not quoted, since it may come from a secret.
        hint = "Give a default, such as int(0) or float(0)."
        raise TemplateError(f"the text is not {wanted}", hint=hint)
    return default


def _join(value: Value, d: str = "") -> str:
    texts = [to_text(each) for each in value]
    fits(sum(map(len, texts)) + len(d) * len(texts))
    return d.join(texts)


def _round(value: float, precision: int = 0, method: str = "common") -> Value:
    if abs(precision) > _MAX_PLACES:
        raise TemplateError(f"round takes at most {_MAX_PLACES} places")
    return _JINJA.filters["round"](value, precision, method)


def _sum(value: list[Value], start: float = 0) -> Value:
    if not all(map(is_number, [start, *value])):
        raise TemplateError("sum takes a list of numbers")
    return sum(value, start)


def _urlencode(value: Value) -> str:
    is_mapping = isinstance(value, dict)
    texts = {key: to_text(value[key]) for key in value} if is_mapping else to_text(value)
    return str(_JINJA.filters["urlencode"](texts))


def _range(first: Value, *bounds: Value) -> list[int]:
    numbers = range(first, *bounds)
    # A range longer than sys.maxsize has no len().
    if numbers[_MAX_RANGE:]:
        raise TemplateError(f"range gives at most {_MAX_RANGE:,} numbers")
    return list(numbers)


def _compare(value: Value, *steps: Value) -> bool:
    """``a < b <= c`` as ``a, 'lt', b, 'lteq', c``."""
    for operator, right in zip(steps[::2], steps[1::2], strict=True):
        try:
            if not _COMPARE[operator](value, right):
                return False
        except TypeError:
            what = f"{kind_of(value)} can't be compared with {kind_of(right)}"
            hint = "Turn text into a number with int or float."
            raise TemplateError(what, hint=hint) from None
        value = right
    return True


def _method(name: str) -> Callable[..., Value]:
    method = getattr(str, name)

    def run(value: Value, *args: Value, **named: Value) -> Value:
        if not isinstance(value, str):
            raise TemplateError(f"{name} is a method of text, and this is {kind_of(value)}")
        return method(value, *args, **named)

    return run


def _fail_without_else(_: Value) -> NoReturn:
    raise TemplateError("the condition is false and there is no else", hint="Add: else '…'.")


_JINJA = ImmutableSandboxedEnvironment()
_COMPARE: dict[str, Callable[[Value, Value], bool]] = {
    "eq": equal,
    "ne": lambda left, right: not equal(left, right),
    "lt": lambda left, right: left < right,
    "lteq": lambda left, right: left <= right,
    "gt": lambda left, right: left > right,
    "gteq": lambda left, right: left >= right,
    "in": lambda left, right: contains(right, left),
    "notin": lambda left, right: not contains(right, left),
}
#: Where Jinja's own function does not fit the values of a configuration.
_OWN: dict[str, dict[str, Callable[..., Value]]] = {
    "filter": {
        "d": _default,
        "default": _default,
        "float": _float,
        "int": _int,
        "join": _join,
        "round": _round,
        "string": to_text,
        "sum": _sum,
        "tojson": lambda value: json.dumps(plain(value), ensure_ascii=False, allow_nan=False),
        "urlencode": _urlencode,
    },
    "test": {
        "defined": lambda value: not isinstance(value, Unset),
        "undefined": lambda value: isinstance(value, Unset),
        "in": lambda value, seq: contains(seq, value),
        **dict.fromkeys(("eq", "equalto", "==", "sameas"), equal),
        **dict.fromkeys(("ne", "!="), lambda value, other: not equal(value, other)),
    },
    "method": {name: _method(name) for name in TABLES["method"]},
}
#: What operators and the like turn into, and their error; an expression can't write such names.
_OPERATORS: dict[str, tuple[Callable[..., Value], str]] = {
    " compare": (_compare, "these values can't be compared"),
    " join": (lambda *values: _join(values), ""),
    " range": (_range, "range takes one to three whole numbers"),
    " part": (
        lambda value, *bounds: value[slice(*bounds)],
        "slices need a list or text, and whole numbers as bounds",
    ),
    " item": (lambda value, index: value[index], "there is no such item"),
    " attribute": (attribute, ""),
    " no else": (_fail_without_else, ""),
}
_MAY_BE_UNSET = frozenset(("d", "default", "defined", "undefined"))


def functions(kind: str, prefix: str = "") -> dict[str, Callable[..., Value]]:
    """The filters, tests or methods, each guarded, with ``prefix`` in front of its name."""
    call = _JINJA.call_test if kind == "test" else _JINJA.call_filter

    def jinjas(name: str) -> Callable[..., Value]:
        return lambda context, value, *args, **named: call(name, value, args, named, context)

    return {
        prefix + name: _guarded(prefix + name, usage, _own(run) if run else jinjas(name))
        for name, usage in TABLES[kind].items()
        for run in [_OWN[kind].get(name)]
    }


def operators() -> dict[str, Callable[..., Value]]:
    """What operators and the like turn into, each guarded."""
    return {
        name: _guarded(name, None, _own(run), problem)
        for name, (run, problem) in _OPERATORS.items()
    }


def _own(run: Callable[..., Value]) -> Callable[..., Value]:
    return lambda _, *args, **named: run(*args, **named)


def _check_inner(name: str, *args: Value) -> None:
    """Check the function that a filter applies to each item."""
    kind = INNER.get(name)
    usage = TABLES[kind].get(args[0]) if kind and args else None
    if kind and args and not (usage and usage.accepts(len(args) - 1, [])):
        raise TemplateError(f"{name} needs the name of a {kind}, and arguments that it takes")


def _guarded(
    name: str, usage: Usage | None, run: Callable[..., Value], problem: str = ""
) -> Callable[..., Value]:
    """Pay for a call before it runs, and check what it gives."""
    of_text, length, per_item = name in _OF_TEXT, _LENGTH.get(name), _PER_ITEM.get(name, 0)
    may_be_unset = name in _MAY_BE_UNSET
    hint = f"Use it as {usage.text}." if usage and usage.parameters else None

    @jinja2.pass_context
    def call(context: Context, value: Value, *args: Value, **named: Value) -> Value:
        meter: Meter = context["meter"]
        meter.pay(STEP)
        if not may_be_unset:
            meter.pay(sum(map(size_of, (value, *args, *named.values()))))
        if of_text:
            value = to_text(value)
        try:
            _check_inner(name, *args)
            if per_item:
                meter.pay(per_item * len(value))
            if length:
                meter.pay(fits(length(value, *args, **named)))
            result = _listed(run(context, value, *args, **named))
        except (TemplateError, Unresolved, SymbolicRead):
            raise
        except Exception:  # noqa: BLE001 - whatever Jinja and Python raise may quote the values
            message = problem or f"{name.strip('.')} can't work with these values"
            raise TemplateError(message, hint=hint) from None
        if isinstance(result, jinja2.Undefined):
            raise TemplateError(f"{name} finds nothing because the value is empty")
        if not may_be_unset:
            meter.pay(size_of(result))
        return result

    return call


def _listed(value: Any) -> Value:
    """A list in place of a tuple or a generator: configurations know lists only."""
    if value is None or isinstance(value, str | int | float | dict | Unset | jinja2.Undefined):
        return value
    return [list(each) if isinstance(each, tuple) else each for each in value]
