"""Compiled values against the models' rules: each limit broken becomes a diagnostic."""

from dataclasses import dataclass
from typing import Any, Final

from pydantic_core import ErrorDetails, SchemaValidator, ValidationError

from runner.config.templates.expressions.values import Symbolic
from runner.models.marked import Marked, Path, leaves, unmarked
from runner.models.rules import request_rules, settings_rules

#: The rules of ``TriggerTestSessionRequest`` and of ``Settings``.
REQUEST: Final = SchemaValidator(request_rules())
SETTINGS: Final = SchemaValidator(settings_rules())

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
    "too_long": ("too-many", "`{key}` holds more than the {max_length} the API takes"),
    "greater_than": ("out-of-range", "`{key}` must be more than {gt}"),
    "greater_than_equal": ("out-of-range", "`{key}` must be at least {ge}"),
    "less_than_equal": ("out-of-range", "`{key}` must be at most {le}"),
    "literal_error": ("not-one-of", "`{key}` must be one of {expected}"),
    "union_tag_invalid": ("not-one-of", "`type` must be one of {expected_tags}"),
    "union_tag_not_found": ("missing-key", "`type` is missing in `{key}`"),
}
_NO_DATE = ("bad-value", "A date is written as 2026-01-31")
#: The same where the key has better words.
_WORDS_OF_KEYS = {
    ("checkId", "string_pattern_mismatch"): (
        "bad-value",
        "A check's id must be a UUID in its form with hyphens",
    ),
    ("until", "string_pattern_mismatch"): _NO_DATE,
    ("until", "string_type"): _NO_DATE,
    ("until", "date_from_datetime_parsing"): _NO_DATE,
}
_HINTS = {
    "string_type": "put it in quotes",
    "union_tag_not_found": "one of FIXED, LINEAR, EXPONENTIAL and SINGLE_RETRY",
}
_NULL_HINTS = {
    "matchTags": "`[]` takes the inherited filter away",
    "checkId": "`[]` takes the inherited filter away",
}
_TAGS = frozenset({"FIXED", "LINEAR", "EXPONENTIAL", "SINGLE_RETRY"})
_NUMBERS = frozenset({"float_type", "int_type", "bool_type"})


@dataclass(frozen=True, slots=True)
class Breach:
    """A limit that a value breaks, at the way to it.

    Attributes:
        text: The text that stands where ``wanted`` (``bool``, ``int`` or ``float``) belongs.
    """

    path: Path
    code: str
    message: str
    hint: str | None = None
    wanted: str | None = None
    text: str | None = None


def check(
    rules: SchemaValidator, tree: dict[str, Any]
) -> tuple[dict[str, Any] | None, list[Breach]]:
    """The values in ``tree``, or what is wrong with them by ``REQUEST`` or ``SETTINGS``.

    What is not known is not judged; where there is such a leaf, or anything is wrong,
    there are no values.
    """
    try:
        return rules.validate_python(tree), []
    except ValidationError:  # marks are no values by any rule
        return _check_unmarked(rules, tree)


def _check_unmarked(
    rules: SchemaValidator, tree: dict[str, Any]
) -> tuple[dict[str, Any] | None, list[Breach]]:
    try:
        values: dict[str, Any] = rules.validate_python(unmarked(tree))
    except ValidationError as error:
        unset = {path for path, leaf in leaves(tree) if is_open(leaf)}
        breaches = [
            _breach(details, path)
            for details in error.errors(include_url=False)
            if not _is_unset(path := _path(details), details, unset)
        ]
        return None, breaches
    return values, []


def is_open(leaf: object) -> bool:
    """Whether the value of ``leaf`` is not known: unset, or a name that stands for itself."""
    if isinstance(leaf, Marked):
        return bool(leaf.unset) or isinstance(leaf.value, Symbolic)
    return isinstance(leaf, Symbolic)


def _is_unset(path: Path, details: ErrorDetails, unset: set[Path]) -> bool:
    """Whether the problem is only that something is not known yet."""
    if any(path[: len(hole)] == hole for hole in unset):
        return True
    return details["type"].startswith("union_tag") and (*path, "type") in unset


def _path(details: ErrorDetails) -> Path:
    """The way to the place, without the names that the parts of a choice have."""
    location = details["loc"]
    if len(location) > 1 and location[0] == "retryStrategy" and location[1] in _TAGS:
        return location[:1] + location[2:]
    return location


def _breach(details: ErrorDetails, path: Path) -> Breach:
    kind = details["type"]
    code, words = _WORDS.get(kind, ("bad-value", f"`{{key}}`: {details['msg']}"))
    key = next((str(part) for part in reversed(path) if isinstance(part, str)), "value")
    if (key, kind) in _WORDS_OF_KEYS:
        return Breach(path, *_WORDS_OF_KEYS[key, kind])
    if details["input"] is None and kind.endswith("_type"):
        if isinstance(path[-1], int):
            return Breach(path, "null-not-allowed", f"An entry of `{key}` may not be null")
        return Breach(path, "null-not-allowed", f"`{key}` may not be null", _NULL_HINTS.get(key))
    if kind == "extra_forbidden" and details["loc"][0] == "retryStrategy":
        words = f"`{{key}}` is not a key of a {details['loc'][1]} strategy"
    elif isinstance(path[-1], int):
        words = words.replace("`{key}`", "An entry of `{key}`")
    if kind == "union_tag_invalid":
        path = (*path, "type")
    context = {name: _shown(value) for name, value in details.get("ctx", {}).items()}
    wanted = text = None
    if kind in _NUMBERS and isinstance(details["input"], str):
        wanted, text = kind.removesuffix("_type"), details["input"]
    return Breach(path, code, words.format(key=key, **context), _HINTS.get(kind), wanted, text)


def _shown(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).replace("'", "")
