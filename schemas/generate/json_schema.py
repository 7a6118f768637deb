"""The JSON Schema of the file, made from the models: completion and hover for editors.

It says less than ``validate`` where only the whole can tell (layers, names, templates), and
never refuses what ``validate`` accepts.
"""

from typing import Any

from pydantic import BaseModel

from runner.config.document.keys import (
    DEFAULTS_KEYS,
    NOT_INHERITED,
    STRUCTURAL_KEYS,
    WARNINGS,
)
from runner.config.document.profiles import PROJECT, STATE_ADDRESS
from runner.models.contract.request import (
    MAX_ENVIRONMENT_VARIABLES,
    BackoffRetryStrategy,
    EnvironmentVariable,
    Metadata,
    SingleRetryStrategy,
    Target,
    TriggerTestSessionRequest,
)
from runner.models.contract.settings import ExpectChecks, Quarantine, Settings
from schemas.generate.docstrings import field_docstrings
from schemas.generate.examples import EXAMPLES
from schemas.generate.notification import notification_schema

Schema = dict[str, Any]

TITLE = "Checkly sessions"
_TEMPLATE: Schema = {"$ref": "#/definitions/template"}
_NULL: Schema = {"type": "null"}
_NAME: Schema = {"type": "string", "minLength": 1}
_NAMES: Schema = {"anyOf": [_NAME, {"type": "array", "items": _NAME}, _NULL]}
_SCALAR: Schema = {"type": ["string", "number", "boolean", "null"]}
_PROFILE_NAME = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
_VARIABLE_NAME = "^[A-Za-z_][A-Za-z0-9_]*$"
#: A path of another file: no template, nothing that leads away.
_INCLUDED = r"^(?!/|~)(?!(?:.*/)?\.\.(?:/|$))[^\\]+$"
#: A text that may become a part of an instance's name, or a template.
_AXIS_VALUE = r"^[^\[\],\x00-\x1f\x7f]+$|\$<"
_AXIS_NAME: Schema = {"pattern": _VARIABLE_NAME, "not": {"enum": sorted(STRUCTURAL_KEYS)}}
_KEY: Schema = {"type": "string", "minLength": 1, "not": {"pattern": r"\$<"}}


def file_schema() -> Schema:
    """The schema of ``checkly-sessions.yaml``, as JSON Schema draft 7."""
    layer = _layer_properties()
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": "https://json.schemastore.org/checkly-sessions.json",
        "title": TITLE,
        "description": "Declares Checkly test sessions for Checkly Sessions Runner.",
        "type": "object",
        "required": ["version"],
        "anyOf": [{"required": ["profiles"]}, {"required": ["include"]}],
        "additionalProperties": False,
        "patternProperties": {"^x-": {"description": "Ignored: a place for anchors."}},
        "properties": {
            "version": {"description": "Version of the file's language.", "const": 1},
            "project": {
                "description": "Name of the project; required where the state is shared.",
                "type": "string",
                "pattern": PROJECT,
                "examples": ["shop-web"],
            },
            "variables": {
                "description": "Values that templates read as $<var.NAME>; null for no default.",
                "type": ["object", "null"],
                "propertyNames": {"pattern": _VARIABLE_NAME},
            },
            "defaults": {
                "description": "Merged under every profile of this file.",
                "anyOf": [{"$ref": "#/definitions/defaults"}, _NULL],
            },
            "profiles": {
                "description": "The session profiles, by name.",
                "type": ["object", "null"],
                "propertyNames": {"pattern": _PROFILE_NAME},
                "additionalProperties": {"anyOf": [{"$ref": "#/definitions/profile"}, _NULL]},
            },
            "moved": {
                "description": "Renamed profiles: old name to new, so that history is kept.",
                "type": ["object", "null"],
                "additionalProperties": {"type": "string", "pattern": _PROFILE_NAME},
                "examples": [{"smoke": "smoke-prod"}],
            },
            "publicEnv": {
                "description": "Environment variables that may feed secrets and public fields.",
                "anyOf": [{"type": "array", "items": _NAME}, _NULL],
            },
            "ignore": {
                "description": "Codes of warnings to silence.",
                "anyOf": [{"type": "array", "items": {"enum": list(WARNINGS)}}, _NULL],
                "examples": [["looks-secret"]],
            },
            "include": {
                "description": "Globs of further files, relative to this one.",
                "type": "array",
                "items": {"type": "string", "pattern": _INCLUDED},
                "examples": [["profiles/*.yaml"]],
            },
            "notify": {
                "description": "Webhooks that get one message for each apply, about how it ended.",
                "anyOf": [{"type": "array", "items": notification_schema()}, _NULL],
                "examples": [
                    [{"on": ["failed"], "webhook": "$<env.SLACK_WEBHOOK>", "format": "slack"}]
                ],
            },
            "state": {
                "description": "Where the state is: a file://, s3://, gs:// or az:// address.",
                "type": "string",
                "pattern": STATE_ADDRESS,
            },
        },
        "definitions": {
            "template": {
                "description": "A value computed when the file is compiled.",
                "type": "string",
                "pattern": r"\$<",
            },
            "variable": _variable(),
            "defaults": _object({key: layer[key] for key in layer if key in DEFAULTS_KEYS}),
            "profile": _object(layer),
        },
    }


def _layer_properties() -> dict[str, Schema]:
    """Every key of a profile, in the order in which editors should offer them."""
    request = _properties(TriggerTestSessionRequest)
    settings = _properties(Settings)
    made = {
        "description": {"type": ["string", "null"], **_about(settings, "description")},
        "abstract": _said("Whether the profile exists only to be extended.", {"type": "boolean"}),
        "extends": _said("Profiles whose keys this one inherits, in order.", _NAMES),
        "matrix": _said("Axes whose combinations each become an instance.", _matrix()),
        "needs": _said("Profiles or instances that must pass first.", _NAMES),
        "target": _said(
            "Which checks to run; `all` for every eligible check of the account.",
            {"anyOf": _target()},
        ),
        "environmentVariables": {
            **_about(request, "environmentVariables"),
            "anyOf": _variables(),
        },
        "retryStrategy": {**_about(request, "retryStrategy"), "anyOf": _retry_strategy()},
        "metadata": _nested(Metadata, _about(request, "metadata"), without="github"),
        "expectChecks": _nested(ExpectChecks, _about(settings, "expectChecks")),
        "quarantine": {**_about(settings, "quarantine"), "anyOf": _quarantine()},
        "labels": {
            **_about(settings, "labels"),
            "type": ["object", "null"],
            "propertyNames": {"not": {"pattern": r"\$<"}},
            "additionalProperties": _SCALAR,
        },
    }
    made["expectChecks"]["anyOf"].append(_NULL)
    made["quarantine"]["anyOf"].append(_NULL)
    order = ["description", "abstract", "extends", *request, *settings]
    layer = {}
    for key in dict.fromkeys([*order, *made]):
        schema = made.get(key) or _or_template({**request, **settings}[key], null=key in settings)
        layer[key] = schema | ({"examples": EXAMPLES[key]} if key in EXAMPLES else {})
    assert layer.keys() >= NOT_INHERITED  # noqa: S101 # the two tables speak of the same keys
    return layer


def _object(properties: dict[str, Schema], **more: Any) -> Schema:
    return {"type": "object", "additionalProperties": False, "properties": properties, **more}


def _said(description: str, schema: Schema) -> Schema:
    return {"description": description, **schema}


def _properties(model: type[BaseModel]) -> dict[str, Schema]:
    """The properties of a model, without references."""
    for field in model.model_fields.values():
        if isinstance(field.default, BaseModel):  # pydantic below 2.14 does not build it by itself
            type(field.default).model_rebuild()
    schema = model.model_json_schema(ref_template="{model}")
    properties: dict[str, Schema] = schema["properties"]
    for one in properties.values():
        one.pop("title", None)
    for key, text in field_docstrings(model).items():
        properties[key]["description"] = text
    return properties


def _about(properties: dict[str, Schema], key: str) -> Schema:
    """What hovering over ``key`` shows."""
    description = properties[key].get("description")
    return {"description": description} if description else {}


def _or_template(schema: Schema, *, null: bool = False) -> Schema:
    """``schema``, or a template; or ``null``, which takes back what a lower layer says."""
    outer: Schema = {key: schema[key] for key in ("description", "default") if key in schema}
    inner = {key: value for key, value in schema.items() if key not in outer}
    inner.pop("title", None)
    if "items" in inner:
        inner["items"] = _or_template(inner["items"])
    kinds = inner.pop("anyOf", [inner])
    null = null or _NULL in kinds
    kinds = [kind for kind in kinds if kind != _NULL]
    if kinds == [{"type": "string"}]:
        return {**outer, "type": ["string", "null"] if null else "string"}
    return {**outer, "anyOf": [*kinds, _TEMPLATE, *([_NULL] if null else [])]}


def _fields(model: type[BaseModel]) -> dict[str, Schema]:
    return {key: _or_template(schema) for key, schema in _properties(model).items()}


def _nested(model: type[BaseModel], about: Schema, *, without: str = "") -> Schema:
    fields = {key: field for key, field in _fields(model).items() if key != without}
    return {**about, "anyOf": [_object(fields), _TEMPLATE]}


def _target() -> list[Schema]:
    fields = _fields(Target)
    check_id = fields["checkId"]["anyOf"]
    fields["checkId"]["anyOf"] = [check_id[0]["items"]["anyOf"][0], *check_id]
    fields["matchTags"] |= {"examples": EXAMPLES["matchTags"]}
    fields["all"] = _said("Every eligible check of the account.", {"const": True})
    return [
        {"const": "all", "description": "Every eligible check of the account."},
        _object(fields, **_ALL_ALONE),
        _TEMPLATE,
    ]


#: Beside ``all`` no filter may stand that selects anything.
_ALL_ALONE: Schema = {
    "if": {"required": ["all"]},
    "then": {
        "properties": {
            "matchTags": {"items": {"maxItems": 0}},
            "checkId": {"type": "array", "maxItems": 0},
        }
    },
}


def _retry_strategy() -> list[Schema]:
    single, several = _fields(SingleRetryStrategy), _fields(BackoffRetryStrategy)
    types = [
        name for model in (BackoffRetryStrategy, SingleRetryStrategy) for name in _types(model)
    ]
    fields = {
        **several,
        "type": _or_template({"description": several["type"]["description"], "enum": types}),
    }
    only_several = {key: False for key in several if key not in single}
    is_single = {"properties": {"type": {"const": _types(SingleRetryStrategy)[0]}}}
    return [
        _object(
            fields,
            **{"if": {**is_single, "required": ["type"]}, "then": {"properties": only_several}},
        ),
        _TEMPLATE,
        _NULL,
    ]


def _types(model: type[BaseModel]) -> list[str]:
    kind = model.model_json_schema()["properties"]["type"]
    return list(kind.get("enum") or [kind["const"]])


def _variable() -> Schema:
    fields = _fields(EnvironmentVariable)
    del fields["key"]
    fields["value"] = _said("Its value as text; null sends no value.", _SCALAR)
    fields["secret"] = _said("Whether the value is a secret.", {"type": "boolean"})
    fields["value"]["examples"] = ["$<env.SHOP_API_TOKEN>"]
    return _object(fields)


def _variables() -> list[Schema]:
    listed = _variable()
    listed["properties"] = {"key": _said("Its name.", _KEY), **listed["properties"]}
    listed["required"] = ["key"]
    return [
        {
            "type": "object",
            "propertyNames": _KEY,
            "additionalProperties": {"anyOf": [_SCALAR, {"$ref": "#/definitions/variable"}]},
        },
        {"type": "array", "items": listed, "maxItems": MAX_ENVIRONMENT_VARIABLES},
    ]


def _quarantine() -> list[Schema]:
    fields = _fields(Quarantine)
    entry = _object(fields, required=list(fields))
    return [{"type": "array", "items": {"anyOf": [entry, _TEMPLATE]}}, _TEMPLATE]


def _matrix() -> Schema:
    value = {"anyOf": [{"type": "string", "pattern": _AXIS_VALUE}, {"type": ["number", "boolean"]}]}
    several = {"type": "array", "items": value, "minItems": 1}
    combination = {"type": "object", "minProperties": 1}
    added = {**combination, "additionalProperties": value, "propertyNames": _AXIS_NAME}
    entries: dict[str, Schema] = {
        "exclude": {"anyOf": [{"type": "array", "items": combination}, _NULL]},
        "include": {"anyOf": [{"type": "array", "items": added}, _NULL]},
    }
    entries["exclude"]["description"] = "Combinations to leave out; a value may be a list."
    entries["include"]["description"] = "Values to add to the combinations that match."
    return {
        "anyOf": [
            {
                "type": "object",
                "minProperties": 1,
                "properties": entries,
                "propertyNames": _AXIS_NAME,
                "additionalProperties": {"anyOf": [several, _TEMPLATE]},
            },
            _NULL,
        ]
    }
