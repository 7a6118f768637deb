"""The emulator's copy of the contract: checks requests and answers against the OpenAPI document."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import jsonschema_rs

from runner.emulator.files.formats import FORMATS
from runner.emulator.files.resources import schema_path
from runner.emulator.files.yamlfile import load_plain

_METHODS = ("get", "post", "put", "patch", "delete")
_MASK = "the value"


class Violation(Exception):
    """A request that breaks the contract; the text names the field and the rule."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of an operation: its place and what it may hold."""

    name: str
    place: str
    required: bool
    kind: str
    nullable: bool
    default: Any
    validator: jsonschema_rs.Draft4Validator

    def read(self, texts: list[str]) -> Any:
        """Turn the text in the request into a value that the schema allows.

        Raises:
            Violation: It is missing, given more than once, or breaks a rule.
        """
        if not texts:
            if self.required:
                raise Violation(f'"{self.name}" is required')
            return self.default
        if self.kind == "array":
            value: Any = texts
        elif len(texts) > 1:
            raise Violation(f'"{self.name}" must be given once')
        elif self.nullable and texts[0] in {"", "null"}:
            return self.default
        else:
            value = _scalar(self.name, self.kind, texts[0])
        for problem in problems(self.validator, value, self.name):
            raise Violation(problem)
        return value


@dataclass(frozen=True, slots=True)
class Operation:
    """One endpoint: its parameters, its body, and what it may answer."""

    id: str
    method: str
    path: str
    parameters: tuple[Parameter, ...]
    body: jsonschema_rs.Draft4Validator | None
    answers: Mapping[int, jsonschema_rs.Draft4Validator | None]

    def check_body(self, value: object) -> None:
        """Check a request's body.

        Raises:
            Violation: It breaks a rule; the text names the first field that does.
        """
        if self.body is not None:
            for problem in problems(self.body, value, ""):
                raise Violation(problem)

    def check_answer(self, status: int, value: object) -> list[str]:
        """Return what is wrong with an answer of this operation; nothing when it is valid.

        Args:
            status: The HTTP status.
            value: The parsed JSON body, or None if there is none.
        """
        if status not in self.answers:
            return [f"{self.id} does not answer {status}"]
        validator = self.answers[status]
        if validator is None:
            return [] if value is None else [f"{self.id} {status} has no body"]
        return [f"{self.id} {status}: {p}" for p in problems(validator, value, "")]


@dataclass(frozen=True, slots=True)
class Contract:
    """The operations of the OpenAPI document, by id."""

    operations: Mapping[str, Operation] = field(default_factory=dict)


@cache
def load_contract() -> Contract:
    """Load the OpenAPI document that comes with the program; loaded once for the process."""
    return build_contract(load_plain(schema_path("checkly-api.openapi.yaml")))


def build_contract(document: Mapping[str, Any]) -> Contract:
    """Build the checks from a parsed OpenAPI 3.0 document."""
    compiler = _Compiler(document)
    operations = {}
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                operation = compiler.operation(path, method, item[method])
                operations[operation.id] = operation
    return Contract(operations)


class _Compiler:
    """Compiles the document's schemas into JSON Schema validators, each schema once."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._schemas = to_json_schema(document["components"]["schemas"])
        self._compiled: dict[str, jsonschema_rs.Draft4Validator] = {}

    def operation(self, path: str, method: str, item: Mapping[str, Any]) -> Operation:
        body = item.get("requestBody")
        return Operation(
            id=item["operationId"],
            method=method.upper(),
            path=path,
            parameters=tuple(self._parameter(p) for p in item.get("parameters", ())),
            body=self._content(body) if body else None,
            answers={int(s): self._content(a) for s, a in item["responses"].items()},
        )

    def _content(self, item: Mapping[str, Any]) -> jsonschema_rs.Draft4Validator | None:
        content = self._resolve(item).get("content")
        return self._compile(content["application/json"]["schema"]) if content else None

    def _parameter(self, item: Mapping[str, Any]) -> Parameter:
        item = self._resolve(item)
        schema = self._resolve(item["schema"])
        return Parameter(
            name=item["name"],
            place=item["in"],
            required=item.get("required", False),
            kind=schema["type"],
            nullable=schema.get("nullable", False),
            default=schema.get("default"),
            validator=self._compile(schema),
        )

    def _resolve(self, item: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in item:
            target: Any = self._document
            for part in item["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            item = target
        return item

    def _compile(self, schema: Mapping[str, Any]) -> jsonschema_rs.Draft4Validator:
        key = repr(schema)
        if key not in self._compiled:
            root = {
                "allOf": [to_json_schema(schema)],
                "components": {"schemas": _needed(schema, self._schemas)},
            }
            self._compiled[key] = jsonschema_rs.Draft4Validator(
                root, formats=dict(FORMATS), validate_formats=True, mask=_MASK
            )
        return self._compiled[key]


def _needed(schema: Any, schemas: Mapping[str, Any]) -> dict[str, Any]:
    """Pick the named schemas that `schema` leads to, so that each validator stays small."""
    found: dict[str, Any] = {}
    pending = [schema]
    while pending:
        part = pending.pop()
        if isinstance(part, Mapping):
            reference = part.get("$ref")
            if isinstance(reference, str):
                name = reference.rpartition("/")[2]
                if name not in found:
                    found[name] = schemas[name]
                    pending.append(schemas[name])
            pending.extend(part.values())
        elif isinstance(part, list):
            pending.extend(part)
    return found


def to_json_schema(schema: Any) -> Any:
    """Translate OpenAPI 3.0's `nullable` into JSON Schema (draft 4, which fits it otherwise)."""
    if isinstance(schema, list):
        return [to_json_schema(part) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    result = {key: to_json_schema(part) for key, part in schema.items() if key != "nullable"}
    if schema.get("nullable") is True and "type" in schema:
        result["type"] = [schema["type"], "null"]
    return result


def problems(validator: jsonschema_rs.Draft4Validator, value: object, root: str) -> Iterable[str]:
    """Yield each broken rule as `"field" rule`, without quoting the value.

    Args:
        validator: The compiled schema.
        value: The parsed JSON value.
        root: The name of the whole value; empty for a body.
    """
    for error in validator.iter_errors(value):
        place, text = _innermost(error)
        yield f'"{dotted(root, place) or "body"}": {text}'


def _innermost(error: jsonschema_rs.ValidationError) -> tuple[list[str | int], str]:
    """Take, of a choice of schemas that all fail, the branch that comes nearest."""
    branches = getattr(error.kind, "context", None)
    if not branches:
        return list(error.instance_path), error.message
    depth = len(error.instance_path)
    nearest = min(branches, key=lambda branch: _distance(branch, depth))
    return _innermost(nearest[0])


def _distance(branch: list[jsonschema_rs.ValidationError], depth: int) -> tuple[int, int]:
    """Tell how badly a value misses a schema: what tells the schemas apart weighs most."""
    telling = sum(
        e.kind.name in {"enum", "required"}
        or (e.kind.name == "type" and len(e.instance_path) == depth)
        for e in branch
    )
    return (telling, len(branch))


def dotted(root: str, path: Iterable[str | int]) -> str:
    """Spell a path the way the API does: `target.matchTags[0][1]`."""
    text = root
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


def _scalar(name: str, kind: str, text: str) -> Any:
    """Read a parameter's text as the kind its schema asks for."""
    if kind == "boolean":
        if text not in {"true", "false"}:
            raise Violation(f'"{name}" must be a boolean')
        return text == "true"
    if kind in {"number", "integer"}:
        try:
            number = int(text) if kind == "integer" else float(text)
        except ValueError:
            raise Violation(f'"{name}" must be {kind_in_words(kind)}') from None
        if not math.isfinite(number):
            raise Violation(f'"{name}" must be {kind_in_words(kind)}')
        return number
    return text


def kind_in_words(kind: str) -> str:
    """Say a number's kind with its article."""
    return "an integer" if kind == "integer" else "a number"
