"""Compiled values against the models' rules: each limit broken becomes a breach."""

import math
import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from operator import ge, gt, le
from typing import Any, Final, NamedTuple

from runner.config.templates.expressions.values import Symbolic
from runner.diagnostics import Severity
from runner.models.contract.rules import Rules, rules_for
from runner.models.marked import Marked, Path, whole
from runner.nearest import nearest

#: The rules of ``TriggerTestSessionRequest`` and of ``Settings``.
REQUEST: Final = rules_for("request")
SETTINGS: Final = rules_for("settings")

QUOTE: Final = "Put it in quotes."
_STRATEGIES = ("FIXED", "LINEAR", "EXPONENTIAL", "SINGLE_RETRY")
#: Python counts booleans as numbers; a field does not take one for a number.
_NUMBERS = frozenset({"int", "float"})
_LIMITS = (("gt", "more than", gt), ("ge", "at least", ge), ("le", "at most", le))
_QUARANTINE_NOTICE = timedelta(days=7)
_TAKE_AWAY = "Write `[]` to take the inherited filter away."


class Breach(NamedTuple):
    """A rule that the value at ``path`` breaks."""

    path: Path
    code: str
    message: str
    hint: str | None = None
    severity: Severity = Severity.ERROR


def check(rules: Rules, tree: dict[str, Any]) -> list[Breach]:
    """What is wrong with ``tree`` by ``REQUEST`` or ``SETTINGS``, if its values are known."""
    found: list[Breach] = []
    _check(rules, tree, (), found)
    return found


def check_settings(settings: dict[str, Any], count: int, today: date) -> Iterator[Breach]:
    """Find settings that are well formed but make no sense, and quarantines that end soon.

    ``settings`` are those that break no rule; ``count`` is the number of instances of the profile.
    """
    quorum = settings.get("quorum")
    if quorum is not None and quorum > count:
        message = f"`quorum` asks for {quorum} of {count}"
        hint = None if count > 1 else "A quorum counts the instances of a matrix."
        yield Breach(("quorum",), "quorum-too-high", message, hint)
    expected = settings.get("expectChecks") or {}
    low, high = expected.get("min"), expected.get("max")
    if low is not None and high is not None and low > high:
        message = f"`min` is {low}, more than `max`, which is {high}"
        yield Breach(("expectChecks", "min"), "bad-value", message)
    for index, entry in enumerate(settings.get("quarantine") or ()):
        left = date.fromisoformat(entry["until"]) - today
        if left <= _QUARANTINE_NOTICE:
            ends = "has ended" if left < timedelta(0) else "ends"
            yield Breach(
                ("quarantine", index),
                "quarantine-ends",
                f"The quarantine of `{entry['check']}` {ends} on {entry['until']}",
                f"Its owner is {entry['owner']}.",
                Severity.WARNING,
            )


def is_open(leaf: object) -> bool:
    """Whether the value of ``leaf`` is not known: unset or symbolic."""
    if isinstance(leaf, Marked):
        return bool(leaf.unset) or isinstance(leaf.value, Symbolic)
    return isinstance(leaf, Symbolic)


def _check(rules: Rules, value: Any, path: Path, found: list[Breach]) -> None:
    """Add to ``found`` what is wrong with ``value``; each ``_check_…`` below does so for a type."""
    kind = rules["type"]
    if kind == "nullable":
        if _unwrapped(value) is None:
            return
        rules = rules["schema"]
        kind = rules["type"]
    type_, words, check_value = _TYPES[kind]
    if value.__class__ is not type_:  # else it needs no closer look
        if is_open(value):
            return
        value = _unwrapped(value)
        if not isinstance(value, type_) or (isinstance(value, bool) and kind in _NUMBERS):
            found.append(_wrong_type(words, value, path))
            return
    check_value(rules, value, path, found)


def _unwrapped(value: Any) -> Any:
    return value.value if value.__class__ is Marked else value


def _check_fields(rules: Rules, value: dict[str, Any], path: Path, found: list[Breach]) -> None:
    fields = rules["fields"]
    for key, item in value.items():
        if key in fields:
            _check(fields[key], item, (*path, key), found)
            continue
        here = f"of a {value['type']} strategy" if path == ("retryStrategy",) else "here"
        found.append(Breach((*path, key), "unknown-key", f"`{key}` is not a key {here}"))
    found += [
        Breach((*path, key), "missing-key", f"`{key}` is missing")
        for key in rules["required"]
        if key not in value
    ]


def _check_union(rules: Rules, value: dict[str, Any], path: Path, found: list[Breach]) -> None:
    """Check a mapping whose ``type`` says by which of several rules it goes."""
    choices, tag = rules["choices"], _unwrapped(value.get("type"))
    if isinstance(tag, str) and tag in choices:
        _check_fields(choices[tag], value, path, found)
    elif "type" not in value:
        message = f"`type` is missing in `{path[-1]}`"
        hint = f"It is one of {', '.join(choices)}."
        found.append(Breach((*path, "type"), "missing-key", message, hint))
    elif not is_open(value["type"]):
        message = f"`type` must be one of {', '.join(choices)}"
        found.append(Breach((*path, "type"), "not-one-of", message, _strategy_hint(str(tag))))


def _check_list(rules: Rules, value: list[Any], path: Path, found: list[Breach]) -> None:
    most = rules.get("max_length")
    if most is not None and len(value) > most:
        message = f"{_subject(path)} has more than the {most} that the API accepts"
        found.append(Breach(path, "too-many", message))
        return
    for index, item in enumerate(value):
        _check(rules["items_schema"], item, (*path, index), found)


def _check_items(rules: Rules, value: dict[str, Any], path: Path, found: list[Breach]) -> None:
    for key, item in value.items():
        _check(rules["values_schema"], item, (*path, key), found)


def _check_text(rules: Rules, value: str, path: Path, found: list[Breach]) -> None:
    if not value and "min_length" in rules:
        found.append(Breach(path, "empty-value", f"{_subject(path)} may not be empty"))
    elif "pattern" in rules and not re.fullmatch(rules["pattern"], value):
        message = "A check's id must be a UUID in its form with hyphens"
        found.append(Breach(path, "bad-value", message))
    elif not value.isascii() and re.search("[\ud800-\udfff]", value):
        message = f"{_subject(path)} holds half of a character, which UTF-8 can't represent"
        found.append(Breach(path, "bad-value", message))


def _check_number(rules: Rules, value: int | float, path: Path, found: list[Breach]) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        message = f"{_subject(path)} must be a finite number"
        found.append(Breach(path, "wrong-type", message))
        return
    for limit, words, is_kept in _LIMITS:
        if limit in rules and not is_kept(value, rules[limit]):
            message = f"{_subject(path)} must be {words} {whole(rules[limit])}"
            found.append(Breach(path, "out-of-range", message))


def _check_literal(rules: Rules, value: object, path: Path, found: list[Breach]) -> None:
    if value not in rules["expected"]:
        message = f"{_subject(path)} must be one of {', '.join(rules['expected'])}"
        found.append(Breach(path, "not-one-of", message))


def _check_date(_rules: Rules, value: object, path: Path, found: list[Breach]) -> None:
    """A day as ISO 8601 spells it in full, and neither a number nor a time of day."""
    try:
        if isinstance(value, str) and str(date.fromisoformat(value)) == value:
            return
    except ValueError:
        pass  # there is no such day
    found.append(Breach(path, "bad-value", "A date is written as 2026-01-31"))


#: Kind of rule → the type of its values, in Python and in words, and the check of a value that has
#: it. A literal and a date have words of their own.
_TYPES: Final[dict[str, tuple[Any, str, Callable[[Rules, Any, Path, list[Breach]], None]]]] = {
    "str": (str, "text", _check_text),
    "bool": (bool, "true or false", lambda *_: None),
    "int": (int, "a whole number", _check_number),
    "float": ((int, float), "a number", _check_number),
    "list": (list, "a list", _check_list),
    "dict": (dict, "a mapping", _check_items),
    "model": (dict, "a mapping", _check_fields),
    "tagged-union": (dict, "a mapping", _check_union),
    "literal": (object, "", _check_literal),
    "date": (object, "", _check_date),
}


def _wrong_type(words: str, value: Any, path: Path) -> Breach:
    last, hint = path[-1], None
    if value is None:
        hint = _TAKE_AWAY if last in {"matchTags", "checkId"} else None
        return Breach(path, "null-not-allowed", f"{_subject(path)} may not be null", hint)
    if last == "runLocation" and isinstance(value, list):
        hint = "Write `matrix: {runLocation: […]}` to run in each of several locations."
    elif last == "retryStrategy" and isinstance(value, str):
        hint = _strategy_hint(value)
    elif words == "text":
        hint = QUOTE
    return Breach(path, "wrong-type", f"{_subject(path)} must be {words}", hint)


def _subject(path: Path) -> str:
    """The name of the value at ``path``, in a sentence."""
    key = next(part for part in reversed(path) if isinstance(part, str))
    return f"An entry of `{key}`" if isinstance(path[-1], int) else f"`{key}`"


def _strategy_hint(given: str) -> str | None:
    name = given.upper()
    if name in {"NONE", "NO_RETRIES", "OFF", "NEVER"}:
        return "Write `retryStrategy: null` for no retries."
    found = nearest(name, _STRATEGIES)
    return f"Write `retryStrategy: {{type: {found}}}`." if found else None
