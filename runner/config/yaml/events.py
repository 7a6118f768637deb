"""Turn text into parse events: the one place that asks ruamel.yaml to read.

The C parser is twenty times faster than the Python one, but it is an old libyaml: inside
``[…]`` and ``{…}`` it refuses plain scalars with a ``:`` or ``?`` in them (``[env:prod]``), which
YAML 1.2 allows. It never misreads, so what it accepts is taken. What it refuses is read again with
those characters hidden, and then by the Python parser, which decides and words the error.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import Any, NamedTuple, TypeAlias, TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

T = TypeVar("T")
Event: TypeAlias = Any  # the classes in ruamel.yaml.events are not typed

#: What a parser raises for a text that is not YAML. The Python parser also lets Python's own error
#: for ``"\UFFFFFFFF"`` and for ``%YAML 1.3`` through.
PARSE_ERRORS = (YAMLError, ValueError, OverflowError, AssertionError)

#: The Python parser decides for files of up to this many characters, which takes it about two
#: seconds; larger ones are left to the C parser, whose wording is nearly the same.
PYTHON_PARSER_LIMIT = 200_000

#: ruamel.yaml.clib's parser; without it (on PyPy, say) the Python parser reads everything.
_C_PARSER: Any = None
with suppress(ModuleNotFoundError):
    _C_PARSER = import_module("_ruamel_yaml").CParser


class Reading(NamedTuple):
    """One attempt at a text, by one parser.

    Attributes:
        start: Starts reading and returns the events. Both raise one of ``PARSE_ERRORS``.
        restore: Turns a scalar that was read into its real text, if the two may differ.
    """

    start: Callable[[], Iterator[Event]]
    restore: Callable[[str], str] | None = None


def read(text: str, build: Callable[[Reading], T]) -> T:
    """Return what ``build`` makes of the first attempt at ``text`` that does not fail.

    Raises:
        One of PARSE_ERRORS: The text is not YAML.
    """
    failure: Exception | None = None
    for reading in _readings(text):
        try:
            return build(reading)
        except PARSE_ERRORS as error:
            if failure is None or hasattr(error, "problem_mark"):
                failure = error
    raise failure or ValueError(text)


def _readings(text: str) -> Iterator[Reading]:
    if _C_PARSER is not None:
        yield Reading(partial(_read_fast, text))
        if hidden := _hide(text):
            yield Reading(partial(_read_fast, hidden), _show)
    if _C_PARSER is None or len(text) <= PYTHON_PARSER_LIMIT:
        yield Reading(partial(YAML(typ="safe", pure=True).parse, text), _join_halves)


def _read_fast(text: str) -> Iterator[Event]:
    return iter(_C_PARSER(text).get_event, None)


# Two private-use characters replace `:` and `?` wherever YAML 1.2 takes them as part of a plain
# scalar. The length stays the same, and so does every position; values get their characters back.
_COLON, _QUESTION = "\ue000", "\ue001"
_IN_SCALAR_COLON = r"""(?<=[^\s,\[\]{}"'?]):(?=[^\s,\[\]{}])"""
_IN_SCALAR_QUESTION = r"""(?<=[^\s,\[\]{}"'?])\?"""
_ESCAPED_STAND_IN = r"\\(?:u|U0000)[eE]00[01]"


def _hide(text: str) -> str | None:
    if _COLON in text or _QUESTION in text or re.search(_ESCAPED_STAND_IN, text):
        return None
    hidden = re.sub(_IN_SCALAR_QUESTION, _QUESTION, re.sub(_IN_SCALAR_COLON, _COLON, text))
    return None if hidden == text else hidden


def _show(text: str) -> str:
    return text.replace(_COLON, ":").replace(_QUESTION, "?")


def _join_halves(text: str) -> str:
    """Join surrogate pairs, which JSON writes as two escapes; only the Python parser takes them."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
