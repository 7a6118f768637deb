"""Make ``rules.json`` from the models.

Checking a file needs the models' rules but not the models: they take longer to build, and pydantic
to import, than the rest of ``validate`` takes to run. So the rules are written down ahead of time.
A test keeps both the same.
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
    {"type", "expected", "pattern", "min_length", "max_length"}
    | {"ge", "gt", "le", "lt", "multiple_of"}
)


def rules_of(model: type[Strict]) -> Rules:
    """The rules of ``model``, from those of pydantic.

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
    if kind == "function-before":  # of `Quarantine.until` alone
        return {"type": "date"}
    if kind == "model-fields":
        fields = {one["validation_alias"]: one["schema"] for one in schema["fields"].values()}
        return {
            "type": "model",
            "required": [key for key, one in fields.items() if one["type"] != "default"],
            "fields": {key: _rules(one, definitions) for key, one in fields.items()},
        }
    rules = {key: value for key, value in schema.items() if key in _KEPT}
    for key in ("schema", "items_schema", "values_schema"):
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
