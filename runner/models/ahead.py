"""Makes ``contract.py`` from the models: ``python -m runner.models.ahead``.

Checking a file needs the models' rules but not the models: building them takes longer than all
the rest of ``validate``. So the rules are worked out ahead of time, as plain data for the
validator that pydantic itself is built on; a test holds the two together.
"""

from pprint import pformat
from typing import Any

from runner.models.base import Strict
from runner.models.request import (
    BackoffRetryStrategy,
    EnvironmentVariable,
    SingleRetryStrategy,
    Target,
    TriggerTestSessionRequest,
)
from runner.models.settings import ExpectChecks, Settings

Rules = dict[str, Any]

_HEADER = '''"""The rules of the models as plain data. Made by ``make schemas``; do not edit.

See ``runner.models.ahead``.
"""

from typing import Any, Final

'''
_KEPT = frozenset(
    {
        "type",
        "mode",
        "min_length",
        "max_length",
        "ge",
        "gt",
        "le",
        "pattern",
        "expected",
        "discriminator",
    }
)
#: Kinds of values that nothing else is converted to.
_STRICT = frozenset({"str", "bool", "int", "float", "list", "dict"})


#: What ``Quarantine.until`` checks by a function: a day of the calendar, spelt in one way.
DATE: Rules = {
    "type": "chain",
    "steps": [
        {"type": "str", "strict": True, "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
        {"type": "date", "strict": False},
    ],
}


def rules_of(model: type[Strict]) -> Rules:
    """The rules of ``model`` as a core schema without classes or functions.

    Fields have the API's names; what a model is in pydantic is a mapping here, which refuses
    unknown keys and fills in no defaults.
    """
    schema: Rules = dict(model.__pydantic_core_schema__)
    definitions = {one["ref"]: one for one in schema.get("definitions", [])}
    return _rules(schema["schema"] if definitions else schema, definitions)


def _rules(schema: Rules, definitions: dict[str, Rules]) -> Rules:
    kind = schema["type"]
    if kind == "definition-ref":
        return _rules(definitions[schema["schema_ref"]], definitions)
    if kind in {"model", "default"}:
        return _rules(schema["schema"], definitions)
    if kind == "function-before":
        return DATE
    if kind == "model-fields":
        fields = {
            field["validation_alias"]: {
                "type": "typed-dict-field",
                "required": field["schema"]["type"] != "default",
                "schema": _rules(field["schema"], definitions),
            }
            for field in schema["fields"].values()
        }
        return {"type": "typed-dict", "extra_behavior": "forbid", "fields": fields}
    rules = {key: value for key, value in schema.items() if key in _KEPT}
    if kind in _STRICT:
        rules["strict"] = True
    if kind == "float":
        rules["allow_inf_nan"] = False
    for key in ("schema", "items_schema", "keys_schema", "values_schema"):
        if key in schema:
            rules[key] = _rules(schema[key], definitions)
    if "choices" in schema:
        rules["choices"] = _choices(schema["choices"], definitions)
    return rules


def _choices(choices: Any, definitions: dict[str, Rules]) -> Any:
    """The parts of a union: by the value of a tag, or with the name of their model."""
    if isinstance(choices, dict):
        return {tag: _rules(one, definitions) for tag, one in choices.items()}
    return [(_rules(one, definitions), one["cls"].__name__) for one in choices]


def defaults_of(model: type[Strict]) -> dict[str, Any]:
    """The fields that ``model`` has a plain default for, under the API's names."""
    defaults = {
        str(field.alias): field.get_default(call_default_factory=True)
        for field in model.model_fields.values()
        if not field.is_required()
    }
    return {key: value for key, value in defaults.items() if not isinstance(value, Strict)}


#: The models whose defaults a plan fills in.
WITH_DEFAULTS: tuple[type[Strict], ...] = (
    TriggerTestSessionRequest,
    Target,
    EnvironmentVariable,
    BackoffRetryStrategy,
    SingleRetryStrategy,
    Settings,
    ExpectChecks,
)


def module_text() -> str:
    """The text of ``contract.py``."""
    tables: dict[str, type[Strict]] = {"REQUEST": TriggerTestSessionRequest, "SETTINGS": Settings}
    values: dict[str, Any] = {name: rules_of(model) for name, model in tables.items()}
    values["DEFAULTS"] = {model.__name__: defaults_of(model) for model in WITH_DEFAULTS}
    return _HEADER + "\n".join(
        f"{name}: Final[dict[str, Any]] = {pformat(value, width=99, sort_dicts=False)}"
        for name, value in values.items()
    )


if __name__ == "__main__":
    print(module_text())  # noqa: T201 # its job
