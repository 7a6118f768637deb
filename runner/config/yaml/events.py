"""Turn text into parse events: the one place that asks ruamel.yaml to read.

The C parser is twenty times faster than the Python one, but it is an old libyaml: inside
``[…]`` and ``{…}`` it refuses plain scalars with a ``:`` or ``?`` in them (``[env:prod]``), which
YAML 1.2 allows. It never misreads, so what it accepts is taken. What it refuses is read again with
those characters hidden, and then by the Python parser, which decides and words the error.
"""

import re
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple, Self, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml import events as python_events
from ruamel.yaml.error import YAMLError

Event: TypeAlias = Any  # the C parser's events have no stub, the Python parser's no types
Pull: TypeAlias = Callable[[], Event | None]

#: What a parser raises for a text that is not YAML. The Python parser also lets Python's own error
#: for ``"\UFFFFFFFF"`` and for ``%YAML 1.3`` through.
PARSE_ERRORS = (YAMLError, ValueError, OverflowError, AssertionError)

#: The Python parser decides for files of up to this many characters, which takes it about two
#: seconds; larger ones are left to the C parser, whose wording is nearly the same.
PYTHON_PARSER_LIMIT = 200_000


class EventClasses(NamedTuple):
    """The event classes of a parser; each of the two has its own."""

    scalar: type
    mapping_start: type
    mapping_end: type
    sequence_start: type
    sequence_end: type
    alias: type
    document_start: type

    @classmethod
    def of(cls, module: ModuleType) -> Self:
        """Return the classes in ``module``."""
        return cls(*(getattr(module, _event_name(field)) for field in cls._fields))


def _event_name(field: str) -> str:
    return field.title().replace("_", "") + "Event"


class Reading(NamedTuple):
    """One attempt at a text.

    Attributes:
        start: Begins reading and returns the function for the next event (``None`` after the
            last). Both raise one of ``PARSE_ERRORS``.
        classes: The classes of the events.
        shown: Restores a scalar's text where characters were hidden.
    """

    start: Callable[[], Pull]
    classes: EventClasses
    shown: Callable[[str], str] | None = None


def _load_c_parser() -> ModuleType | None:
    """Return ruamel.yaml.clib's extension; without it (on PyPy, say) the Python parser is used."""
    try:
        return import_module("_ruamel_yaml")
    except ModuleNotFoundError:
        return None


_C_PARSER = _load_c_parser()


def readings(text: str) -> Iterator[Reading]:
    """Return the attempts at ``text``; each is to be tried if the one before raised."""
    if _C_PARSER is not None:
        make_parser, classes = _C_PARSER.CParser, EventClasses.of(_C_PARSER)
        yield Reading(lambda: make_parser(text).get_event, classes)
        if hidden := _hide(text):
            yield Reading(lambda: make_parser(hidden).get_event, classes, _show)
    if _C_PARSER is None or len(text) <= PYTHON_PARSER_LIMIT:
        yield Reading(partial(_start_python_parser, text), EventClasses.of(python_events))


def is_about_flow(error: Exception) -> bool:
    """Whether the C parser failed inside brackets, where it knows less than YAML 1.2."""
    said = (getattr(error, "context", None), getattr(error, "problem", None))
    return any(text and ("flow" in text or "unexpected ':'" in text) for text in said)


def _start_python_parser(text: str) -> Pull:
    return partial(next, YAML(typ="safe", pure=True).parse(text), None)


# Two private-use characters replace `:` and `?` wherever YAML 1.2 takes them as part of a plain
# scalar. The length stays the same, and so does every position; values get their characters back.
_COLON, _QUESTION = "\ue000", "\ue001"
_IN_SCALAR_COLON = re.compile(r"""(?<=[^\s,\[\]{}"'?]):(?=[^\s,\[\]{}])""")
_IN_SCALAR_QUESTION = re.compile(r"""(?<=[^\s,\[\]{}"'?])\?""")
_ESCAPED_STAND_IN = re.compile(r"\\(?:u|U0000)[eE]00[01]")


def _hide(text: str) -> str | None:
    if _COLON in text or _QUESTION in text or _ESCAPED_STAND_IN.search(text):
        return None
    hidden = _IN_SCALAR_QUESTION.sub(_QUESTION, _IN_SCALAR_COLON.sub(_COLON, text))
    return None if hidden == text else hidden


def _show(text: str) -> str:
    return text.replace(_COLON, ":").replace(_QUESTION, "?")
