"""Make ``rules.json`` from the models.

Checking a file needs the models' rules but not the models, which take longer to build than the
rest of ``validate`` takes to run. So the rules are written down ahead of time, as data for the
validator that pydantic itself is built on. A test keeps both the same.
"""

from typing import Any

from runner.models.contract.request import (
    BackoffRetryStrategy,
    EnvironmentVariable,
    SingleRetryStrategy,
    Strict,
    Target,
    TriggerTestSessionRequest,
)
from runner.models.contract.settings import ExpectChecks, Settings

Rules = dict[str, Any]

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

    Fields have the API's names. A model is a mapping here, which refuses unknown keys and fills
    in no defaults.
    """
    schema: Rules = dict(model.__pydantic_core_schema__)
    definitions = {one["ref"]: one for one in schema.get("definitions", [])}
    return _rules(schema["schema"] if definitions else schema, definitions)


def _rules(schema: Rules, definitions: dict[str, Rules]) -> Rules:
    kind = schema["type"]
    if kind == "definition-ref":
        return _rules(definitions[schema["schema_ref"]], definitions)
    if kind in {"model", "default", "function-after"}:
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
        rules["choices"] = {tag: _rules(one, definitions) for tag, one in schema["choices"].items()}
    return rules


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


def rules() -> Rules:
    """Everything that ``schemas/rules.json`` holds."""
    return {
        "request": rules_of(TriggerTestSessionRequest),
        "settings": rules_of(Settings),
        "defaults": {model.__name__: defaults_of(model) for model in WITH_DEFAULTS},
    }
