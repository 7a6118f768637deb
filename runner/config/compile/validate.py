"""Compiled values against the models' rules: each limit broken becomes a breach."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from pydantic_core import ErrorDetails, SchemaValidator, ValidationError

from runner.config.templates.expressions.values import Symbolic
from runner.diagnostics import Severity
from runner.models.contract.rules import core_schema
from runner.models.marked import Marked, Path, leaves, unmarked
from runner.nearest import nearest

#: The rules of ``TriggerTestSessionRequest`` and of ``Settings``.
REQUEST: Final = SchemaValidator(core_schema("request"))
SETTINGS: Final = SchemaValidator(core_schema("settings"))

#: pydantic's name of a problem → the diagnostic's code and its words.
_WORDS = {
    "missing": ("missing-key", "`{key}` is missing"),
    "extra_forbidden": ("unknown-key", "`{key}` is not a key here"),
    "string_type": ("wrong-type", "`{key}` must be text"),
    "bool_type": ("wrong-type", "`{key}` must be true or false"),
    "float_type": ("wrong-type", "`{key}` must be a number"),
    "int_type": ("wrong-type", "`{key}` must be a whole number"),
    "list_type": ("wrong-type", "`{key}` must be a list"),
    "dict_type": ("wrong-type", "`{key}` must be a mapping"),
    "model_attributes_type": ("wrong-type", "`{key}` must be a mapping"),
    "finite_number": ("wrong-type", "`{key}` must be a finite number"),
    "int_from_float": ("wrong-type", "`{key}` must be a whole number"),
    "string_too_short": ("empty-value", "`{key}` may not be empty"),
    "too_long": ("too-many", "`{key}` has more than the {max_length} that the API accepts"),
    "greater_than": ("out-of-range", "`{key}` must be more than {gt}"),
    "greater_than_equal": ("out-of-range", "`{key}` must be at least {ge}"),
    "less_than_equal": ("out-of-range", "`{key}` must be at most {le}"),
    "literal_error": ("not-one-of", "`{key}` must be one of {expected}"),
    "union_tag_invalid": ("not-one-of", "`type` must be one of {expected_tags}"),
    "union_tag_not_found": ("missing-key", "`type` is missing in `{key}`"),
}
_NO_DATE = ("bad-value", "A date is written as 2026-01-31")
#: The same if the key has better words.
_WORDS_OF_KEYS = {
    ("checkId", "string_pattern_mismatch"): (
        "bad-value",
        "A check's id must be a UUID in its form with hyphens",
    ),
    ("until", "string_pattern_mismatch"): _NO_DATE,
    ("until", "string_type"): _NO_DATE,
    ("until", "date_from_datetime_parsing"): _NO_DATE,
}
QUOTE: Final = "Put it in quotes."
_STRATEGIES = ("FIXED", "LINEAR", "EXPONENTIAL", "SINGLE_RETRY")
_QUARANTINE_NOTICE = timedelta(days=7)
_TAKE_AWAY = "Write `[]` to take the inherited filter away."


class Breach(NamedTuple):
    """A rule that the value at ``path`` breaks."""

    path: Path
    code: str
    message: str
    hint: str | None = None
    severity: Severity = Severity.ERROR


def check(rules: SchemaValidator, tree: dict[str, Any]) -> list[Breach]:
    """What is wrong with ``tree`` by ``REQUEST`` or ``SETTINGS``, if its values are known."""
    try:
        rules.validate_python(unmarked(tree))
    except ValidationError as error:
        unset = {path for path, leaf in leaves(tree) if is_open(leaf)}
        return [
            _breach(each, path)
            for each in error.errors(include_url=False)
            if not _is_unset(path := _path(each), each, unset)
        ]
    return []


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


def _is_unset(path: Path, details: ErrorDetails, unset: set[Path]) -> bool:
    """Whether the problem is only that something is not known yet."""
    if any(path[:length] in unset for length in range(len(path) + 1)):
        return True
    return details["type"].startswith("union_tag") and (*path, "type") in unset


def _path(details: ErrorDetails) -> Path:
    """The path to the value, without the name of the kind of retry strategy."""
    location = details["loc"]
    if len(location) > 1 and location[0] == "retryStrategy" and location[1] in _STRATEGIES:
        return location[:1] + location[2:]
    return location


def _breach(details: ErrorDetails, path: Path) -> Breach:
    kind, given = details["type"], details["input"]
    code, words = _WORDS.get(kind, ("bad-value", f"`{{key}}`: {details['msg']}"))
    key = next((str(part) for part in reversed(path) if isinstance(part, str)), "value")
    if (key, kind) in _WORDS_OF_KEYS:
        return Breach(path, *_WORDS_OF_KEYS[key, kind])
    if given is None and kind.endswith("_type"):
        subject = f"An entry of `{key}`" if isinstance(path[-1], int) else f"`{key}`"
        hint = _TAKE_AWAY if key in {"matchTags", "checkId"} and path[-1] == key else None
        return Breach(path, "null-not-allowed", f"{subject} may not be null", hint)
    if kind == "extra_forbidden" and details["loc"][0] == "retryStrategy":
        words = f"`{{key}}` is not a key of a {details['loc'][1]} strategy"
    elif isinstance(path[-1], int):
        words = words.replace("`{key}`", "An entry of `{key}`")
    if kind.startswith("union_tag"):
        path = (*path, "type")
    context = {name: _shown(value) for name, value in details.get("ctx", {}).items()}
    return Breach(path, code, words.format(key=key, **context), _hint(kind, key, given, details))


def _hint(kind: str, key: str, given: Any, details: ErrorDetails) -> str | None:
    """How to write what is probably meant."""
    if key == "runLocation" and isinstance(given, list):
        return "Write `matrix: {runLocation: […]}` to run in each of several locations."
    if key == "retryStrategy" and isinstance(given, str):
        return _strategy_hint(given)
    if kind == "union_tag_not_found":
        return f"It is one of {', '.join(_STRATEGIES)}."
    if kind == "union_tag_invalid":
        return _strategy_hint(str(details.get("ctx", {}).get("tag")))
    return QUOTE if kind == "string_type" else None


def _strategy_hint(given: str) -> str | None:
    name = given.upper()
    if name in {"NONE", "NO_RETRIES", "OFF", "NEVER"}:
        return "Write `retryStrategy: null` for no retries."
    found = nearest(name, _STRATEGIES)
    return f"Write `retryStrategy: {{type: {found}}}`." if found else None


def _shown(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).replace("'", "")
