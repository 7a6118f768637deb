"""The filters of expressions: those of Jinja that are neither random nor unbounded.

Left out on purpose: all that reach attributes (``attr``, ``groupby``, ``selectattr`` and the
like), all that format by a pattern a value could choose (``format``), and those about HTML.
"""

import json
import math
import re
from typing import Any
from urllib.parse import quote, urlencode

from runner.config.templates.expressions.errors import TemplateError
from runner.config.templates.expressions.functions import Function, table
from runner.config.templates.expressions.meter import MAX_BITS, Meter
from runner.config.templates.expressions.predicates import TESTS
from runner.config.templates.expressions.values import (
    ITEM_WEIGHT,
    Unset,
    Value,
    plain,
    size_of,
    to_text,
)

_MAX_PRECISION = 100
#: What looking for words costs for each character.
_PATTERN_COST = 16


def _fold(value: Value, case_sensitive: bool) -> Value:
    return value.lower() if isinstance(value, str) and not case_sensitive else value


def _items(meter: Meter, value: list[Value] | dict[str, Value] | str) -> list[Value]:
    meter.pay(2 * ITEM_WEIGHT * len(value))
    return list(value)


def _abs(_: Meter, value: float) -> Value:
    """The number without its sign."""
    return abs(value)


def _capitalize(_: Meter, value: str) -> str:
    """First character upper case, the rest lower case."""
    return value.capitalize()


def _center(meter: Meter, value: str, width: int = 80) -> str:
    """The text in the middle of a line of so many characters."""
    meter.grow(max(width, len(value)))
    return value.center(width)


def _default(_: Meter, value: object, default_value: object = "", boolean: bool = False) -> object:
    """The default where the name is not set; with ``true`` also for null, 0 and empty values."""
    return default_value if isinstance(value, Unset) or (boolean and not value) else value


def _dictsort(
    meter: Meter,
    value: dict[str, Value],
    case_sensitive: bool = False,
    by: str = "key",
    reverse: bool = False,
) -> Value:
    """The mapping's pairs of key and value, in order of its keys (or of its values)."""
    position = {"key": 0, "value": 1}[by]
    meter.pay(4 * ITEM_WEIGHT * len(value) + 16 * size_of(value))
    return sorted(
        ([key, item] for key, item in value.items()),
        key=lambda pair: _fold(pair[position], case_sensitive),
        reverse=reverse,
    )


def _first(_: Meter, value: list[Value] | str) -> Value:
    """The first item or character."""
    if not value:
        raise TemplateError("first finds nothing: the value is empty")
    return value[0]


def _float(_: Meter, value: float | str, default: float | None = None) -> Value:
    """The number that a text spells; where it spells none, the default."""
    try:
        number = float(value)
    except (ValueError, OverflowError):
        number = math.nan
    if math.isfinite(number):
        return number
    if default is None:
        raise TemplateError("the text is no number", hint="give a default: float(0)")
    return default


def _indent(meter: Meter, value: str, width: int = 4, first: bool = False) -> str:
    """Every line but the first (or each, with ``first``) moved right; empty ones stay empty."""
    margin = max(width, 0)
    meter.grow(len(value) + margin * (value.count("\n") + 1))
    head, *rest = value.split("\n")
    lines = [" " * margin + line if line else line for line in rest]
    return "\n".join([" " * margin + head if first else head, *lines])


def _int(_: Meter, value: float | str, default: int | None = None, base: int = 10) -> Value:
    """The whole number that a text spells; where it spells none, the default."""
    number = _whole(value, base)
    if number is not None:
        return number
    if default is None:
        raise TemplateError("the text is no whole number", hint="give a default: int(0)")
    return default


def _whole(value: float | str, base: int) -> int | None:
    try:
        if not isinstance(value, str):
            number = int(value)
        elif len(value) <= MAX_BITS:
            number = int(value, base)
        else:
            return None
    except (ValueError, OverflowError):
        return None
    return number if number.bit_length() <= MAX_BITS else None


def _pairs(meter: Meter, value: dict[str, Value]) -> Value:
    """The mapping's pairs of key and value."""
    meter.pay(4 * ITEM_WEIGHT * len(value))
    return [[key, item] for key, item in value.items()]


def _join(meter: Meter, value: list[Value] | str, d: str = "") -> str:
    """The items as one text, with ``d`` between them."""
    texts = [to_text(item) for item in value]
    meter.grow(sum(map(len, texts)) + len(d) * len(texts))
    return d.join(texts)


def _last(_: Meter, value: list[Value] | str) -> Value:
    """The last item or character."""
    if not value:
        raise TemplateError("last finds nothing: the value is empty")
    return value[-1]


def _length(_: Meter, value: list[Value] | dict[str, Value] | str) -> int:
    """How many items or characters there are."""
    return len(value)


def _list(meter: Meter, value: list[Value] | dict[str, Value] | str) -> Value:
    """A list of the items, keys or characters."""
    return _items(meter, value)


def _lower(_: Meter, value: str) -> str:
    """All lower case."""
    return value.lower()


def _map(meter: Meter, value: list[Value], name: str, *arguments: Any) -> Value:
    """Another filter applied to each item: ``map('upper')``."""
    if name not in FILTERS:
        # Not quoted: where it is not written out it may have come from a secret.
        raise TemplateError("map needs the name of a filter")
    return [FILTERS[name].call(meter, item, arguments, {}, 0) for item in value]


def _max(meter: Meter, value: list[Value] | str, case_sensitive: bool = False) -> Value:
    """The largest item."""
    return max(_items(meter, value), key=lambda item: _fold(item, case_sensitive))


def _min(meter: Meter, value: list[Value] | str, case_sensitive: bool = False) -> Value:
    """The smallest item."""
    return min(_items(meter, value), key=lambda item: _fold(item, case_sensitive))


def _matching(meter: Meter, value: list[Value], name: str, arguments: Any, want: bool) -> Value:
    if not name:
        return [item for item in value if bool(item) is want]
    if name not in TESTS:
        raise TemplateError("select and reject need the name of a test")
    test = TESTS[name]
    return [item for item in value if bool(test.call(meter, item, arguments, {}, 0)) is want]


def _reject(meter: Meter, value: list[Value], test: str = "", *arguments: Any) -> Value:
    """The items that fail a test: ``reject('in', ['a', 'b'])``."""
    return _matching(meter, value, test, arguments, want=False)


def _select(meter: Meter, value: list[Value], test: str = "", *arguments: Any) -> Value:
    """The items that pass a test: ``select('odd')``."""
    return _matching(meter, value, test, arguments, want=True)


def _replace(meter: Meter, value: str, old: str, new: str, count: int = -1) -> str:
    """Every ``old`` (or the first ``count``) replaced by ``new``."""
    found = value.count(old)
    if count >= 0:
        found = min(found, count)
    meter.grow(len(value) + found * max(len(new) - len(old), 0))
    return value.replace(old, new, count)


def _reverse(meter: Meter, value: list[Value] | str) -> Value:
    """The items or characters from last to first."""
    return value[::-1] if isinstance(value, str) else _items(meter, value)[::-1]


def _round(_: Meter, value: float, precision: int = 0, method: str = "common") -> Value:
    """The number to so many decimal places; ``method`` is common, ceil or floor."""
    if abs(precision) > _MAX_PRECISION:
        raise TemplateError(f"round takes at most {_MAX_PRECISION} places")
    if method == "common":
        return round(value, precision)
    factor = 10.0**precision
    return {"ceil": math.ceil, "floor": math.floor}[method](value * factor) / factor


def _sort(
    meter: Meter,
    value: list[Value] | dict[str, Value] | str,
    reverse: bool = False,
    case_sensitive: bool = False,
) -> Value:
    """The items in order."""
    meter.pay(16 * size_of(value))
    items = _items(meter, value)
    return sorted(items, key=lambda item: _fold(item, case_sensitive), reverse=reverse)


def _string(_: Meter, value: object) -> str:
    """The value as it would stand inside text."""
    return to_text(value)


def _sum(_: Meter, value: list[Value], start: float = 0) -> Value:
    """The numbers added up."""
    if not all(isinstance(item, int | float) and not isinstance(item, bool) for item in value):
        raise TemplateError("sum takes a list of numbers")
    return sum(value, start)


def _title(meter: Meter, value: str) -> str:
    """Every word with an upper case first letter."""
    meter.pay(_PATTERN_COST * len(value))
    return re.sub(r"[^\s\-({\[<]+", lambda word: word[0][0].upper() + word[0][1:].lower(), value)


def _tojson(meter: Meter, value: object) -> str:
    """The value as JSON."""
    meter.pay(6 * size_of(value))
    return json.dumps(plain(value), ensure_ascii=False, allow_nan=False)


def _trim(_: Meter, value: str, chars: str | None = None) -> str:
    """Without white space (or any of ``chars``) at both ends."""
    return value.strip(chars)


def _truncate(
    _: Meter,
    value: str,
    length: int = 255,
    killwords: bool = False,
    end: str = "...",
    leeway: int = 5,
) -> str:
    """Cut to so many characters, at a space unless ``killwords``, and ``end`` put behind."""
    if len(value) <= length + leeway:
        return value
    kept = value[: max(length - len(end), 0)]
    return (kept if killwords else kept.rsplit(" ", 1)[0]) + end


def _unique(meter: Meter, value: list[Value] | str, case_sensitive: bool = False) -> Value:
    """The items without repetitions, in their order."""
    found: dict[Value, Value] = {}
    for item in _items(meter, value):
        found.setdefault(_fold(item, case_sensitive), item)
    return list(found.values())


def _upper(_: Meter, value: str) -> str:
    """All upper case."""
    return value.upper()


def _urlencode(meter: Meter, value: str | dict[str, Value]) -> str:
    """Percent-encoded for a URL; a mapping becomes a query string."""
    meter.pay(12 * size_of(value))
    if isinstance(value, dict):
        return urlencode({key: to_text(item) for key, item in value.items()})
    return quote(value, safe="/")


def _wordcount(meter: Meter, value: str) -> int:
    """How many words there are."""
    meter.pay(_PATTERN_COST * len(value))
    return sum(1 for word in re.finditer(r"\w+", value))


#: Every filter there is; the documentation's table is made from this one.
FILTERS: dict[str, Function] = table(
    Function("abs", _abs),
    Function("capitalize", _capitalize),
    Function("center", _center),
    Function("count", _length),
    Function("d", _default, takes_unset=True),
    Function("default", _default, takes_unset=True),
    Function("dictsort", _dictsort),
    Function("first", _first),
    Function("float", _float),
    Function("indent", _indent),
    Function("int", _int),
    Function("items", _pairs),
    Function("join", _join),
    Function("last", _last),
    Function("length", _length),
    Function("list", _list),
    Function("lower", _lower),
    Function("map", _map),
    Function("max", _max),
    Function("min", _min),
    Function("reject", _reject),
    Function("replace", _replace),
    Function("reverse", _reverse),
    Function("round", _round),
    Function("select", _select),
    Function("sort", _sort),
    Function("string", _string),
    Function("sum", _sum),
    Function("title", _title),
    Function("tojson", _tojson),
    Function("trim", _trim),
    Function("truncate", _truncate),
    Function("unique", _unique),
    Function("upper", _upper),
    Function("urlencode", _urlencode),
    Function("wordcount", _wordcount),
)
