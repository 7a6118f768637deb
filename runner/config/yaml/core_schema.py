"""Resolve plain scalars by the core schema of YAML 1.2, section 10.3.2.

``no``, ``on``, ``Yes``, ``0b1``, ``1_000``, ``12:30`` and ``2026-01-01`` are text in
that schema; older YAML made them booleans, numbers and dates.
"""

import math
import re
from functools import lru_cache

from runner.config.yaml.nodes import ScalarValue

#: On a plain scalar that ends earlier than is meant.
QUOTE_HINT = (
    "YAML ends a value without quotes at ` #` and `: `, and inside […] and {…} at commas and"
    " brackets. Put the whole value with its `$<…>` in quotes."
)

NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_CONSTANTS: dict[str, ScalarValue] = (
    dict.fromkeys(NULLS)
    | dict.fromkeys(("true", "True", "TRUE"), True)
    | dict.fromkeys(("false", "False", "FALSE"), False)
    | dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan)
    | dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf)
    | dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf)
)
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")

#: First characters of everything that is not text.
TYPED_STARTS = frozenset("~nNtTfF+-.0123456789")

#: Python itself refuses to convert integers with more digits.
_MAX_DIGITS = 4000


@lru_cache(maxsize=1024)
def resolve(text: str) -> ScalarValue:
    """Return the value of the plain scalar ``text``: the text itself if no other type fits.

    A number of more than 4,000 digits stays text.
    """
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if len(text) <= _MAX_DIGITS:
        if _INT.fullmatch(text):
            return int(text, 0) if text[1:2] in {"o", "x"} else int(text)
        if _FLOAT.fullmatch(text):
            return float(text)
    return text


#: The tags of the core schema for scalars, each with the types it allows. The lone ``!`` is not
#: among them: ``[! flaky]`` would be the text `flaky`.
SCALAR_TAGS: dict[str, tuple[type, ...]] = {
    "!!str": (str,),
    "!!int": (int,),
    "!!float": (float, int),
    "!!bool": (bool,),
    "!!null": (type(None),),
}
_PREFIX = "tag:yaml.org,2002:"


def read_tagged(text: str, tag: str) -> ScalarValue:
    """Return the value of ``text`` under one of ``SCALAR_TAGS``.

    Raises:
        ValueError: It is not of that type.
    """
    kinds = SCALAR_TAGS[tag]
    value = text if str in kinds else resolve(text)
    if type(value) not in kinds:
        raise ValueError(text)
    return float(value) if float in kinds and isinstance(value, int) else value


def written_tag(tag: str) -> str:
    """Return ``tag`` as a user writes it: ``!!str`` for ``tag:yaml.org,2002:str``."""
    return "!!" + tag.removeprefix(_PREFIX) if tag.startswith(_PREFIX) else tag
