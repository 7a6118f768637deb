"""The JSON Schema: as generated, complete, and of one mind with the validator."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from runner.config.yaml.nodes import Node, Scalar, Sequence
from runner.config.yaml.parse import parse
from runner.diagnostics import Diagnostics
from runner.source import Source
from schemas.generate.json_schema import file_schema
from tests.config.test_cases import CASES, INVALID, VALID, name_of, text_of

COMMITTED = Path(__file__).parents[2] / "schemas/checkly-sessions.schema.json"
SCHEMA = file_schema()

#: What only the validator can know: it takes the layers together, other profiles and files, the
#: words of a template, or the environment. Every other case gets the same verdict from both.
ONLY_THE_VALIDATOR = set(text_of(CASES / "only-the-validator.txt").split())


def plain(node: Node) -> Any:
    """The tree as an editor's YAML extension hands it to the schema."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return {key: plain(value) for key, value in node.values.items()}


def read(case: Path) -> Any:
    """The data of a case; ``None`` for one that is no YAML at all, which no schema sees."""
    diagnostics = Diagnostics()
    root = parse(Source(case.name, text_of(case)), diagnostics)
    return None if root is None or diagnostics.errors else plain(root)


def accepts(data: Any) -> bool:
    return jsonschema.Draft7Validator(SCHEMA).is_valid(data)


def test_the_committed_schema_is_the_generated_one() -> None:
    text = COMMITTED.read_text(encoding="utf-8")
    assert json.loads(text) == SCHEMA, "run `make schemas`"
    assert text == json.dumps(SCHEMA, indent=2) + "\n"


def test_it_is_a_schema() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)


def test_it_is_ready_for_the_schema_store() -> None:
    """The cases are its test files; what the store asks beside that is asked here."""
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert SCHEMA["$id"] == "https://json.schemastore.org/checkly-sessions.json"
    references = re.findall(r'"\$ref": "([^"]*)"', json.dumps(SCHEMA))
    assert all(reference.startswith("#/definitions/") for reference in references)


@pytest.mark.parametrize("case", VALID, ids=name_of)
def test_what_the_validator_takes_the_schema_takes(case: Path) -> None:
    assert accepts(read(case))


@pytest.mark.parametrize("case", INVALID, ids=name_of)
def test_what_the_validator_refuses_the_schema_refuses(case: Path) -> None:
    data = read(case)
    if data is not None:
        assert accepts(data) is (name_of(case) in ONLY_THE_VALIDATOR)


def test_the_exceptions_are_cases() -> None:
    assert set(map(name_of, INVALID)) >= ONLY_THE_VALIDATOR


def undescribed(schema: Any, path: str = "") -> list[str]:
    """Keys that an editor could say nothing about."""
    if isinstance(schema, list):
        return [found for part in schema for found in undescribed(part, path)]
    if not isinstance(schema, dict):
        return []
    found = [
        f"{path}.{key}"
        for key, inner in schema.get("properties", {}).items()
        if isinstance(inner, dict) and "description" not in inner and "const" not in inner
    ]
    for key, inner in schema.items():
        if key not in {"if", "then", "else"}:
            found += undescribed(inner, f"{path}.{key}")
    return found


def test_every_key_has_a_description() -> None:
    assert undescribed(SCHEMA) == []


def test_editors_are_offered_enums_defaults_and_examples() -> None:
    profile = SCHEMA["definitions"]["profile"]["properties"]
    strategy = profile["retryStrategy"]["anyOf"][0]["properties"]
    types = ["FIXED", "LINEAR", "EXPONENTIAL", "SINGLE_RETRY"]
    assert strategy["type"]["anyOf"][0]["enum"] == types
    assert strategy["maxRetries"]["default"] == 2
    assert profile["timeoutSeconds"]["default"] == 1200
    assert profile["target"]["examples"][0] == "all"


@pytest.mark.parametrize(
    "key", ["timeoutSeconds", "refreshCache", "quorum", "retryStrategy", "target"]
)
def test_a_template_may_stand_where_a_typed_value_may(key: str) -> None:
    profile = {"runLocation": "x", "target": "all"}
    assert accepts({"version": 1, "profiles": {"a": profile | {key: "$<var.x>"}}})
    assert not accepts({"version": 1, "profiles": {"a": profile | {key: "text"}}})
