"""The file's language by example: folders of cases, collected by themselves.

A case is a YAML file below ``tests/cases``. Beside it may stand

- ``NAME.env``: the environment it is read in;
- ``NAME.json``: the requests it compiles to, masked, and the settings it gives;
- ``NAME.txt``: all that is said of it, to the letter: of an invalid one its errors, of a valid
  one its warnings. A valid case without that file gives no warning.

Files that a case includes lie in a folder of its name. Its first line may give options:
``# options: --strict --var NAME=VALUE``.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from runner.config.templates.env_file import read_env_files
from runner.emulator.transport.contract import to_json_schema
from tests.config.pipeline import options_of, run_file

CASES = Path(__file__).parent.parent / "cases"
VALID = sorted((CASES / "valid").glob("*/*.yaml"))
INVALID = sorted((CASES / "invalid").glob("*/*.yaml"))


def name_of(case: Path) -> str:
    return f"{case.parent.name}/{case.stem}"


def environment_of(case: Path) -> dict[str, str]:
    env = case.with_suffix(".env")
    return read_env_files([env]) if env.exists() else {}


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


@cache
def contract() -> jsonschema.Draft4Validator:
    """What the API takes, by the project's own description of it."""
    path = CASES.parent.parent / "schemas/checkly-api.openapi.yaml"
    document = to_json_schema(YAML(typ="safe").load(path.read_text(encoding="utf-8")))
    schema = {**document, "$ref": "#/components/schemas/TriggerTestSessionRequest"}
    checker = jsonschema.Draft4Validator.FORMAT_CHECKER
    return jsonschema.Draft4Validator(schema, format_checker=checker)


def test_there_are_enough_cases() -> None:
    assert len(VALID) + len(INVALID) >= 150


@pytest.mark.parametrize("case", VALID, ids=name_of)
def test_a_valid_case_compiles_to_its_requests(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = run_file(case, monkeypatch, environment_of(case), **options_of(text_of(case)))
    assert outcome.text == text_of(case.with_suffix(".txt"))
    assert outcome.shown() == json.loads(text_of(case.with_suffix(".json")))
    for instance in outcome.instances:
        if not instance.unset:
            wire: Any = instance.request().wire()
            contract().validate(wire)


@pytest.mark.parametrize("case", INVALID, ids=name_of)
def test_an_invalid_case_gets_its_diagnostics(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = run_file(case, monkeypatch, environment_of(case), **options_of(text_of(case)))
    assert outcome.text == text_of(case.with_suffix(".txt"))
    assert outcome.errors


def test_no_file_of_a_case_is_left_over() -> None:
    for kind, suffixes in (("valid", {".env", ".txt", ".json"}), ("invalid", {".env", ".txt"})):
        for path in (CASES / kind).glob("*/*.*"):
            assert path.suffix == ".yaml" or path.suffix in suffixes, path
            assert path.with_suffix(".yaml").exists(), path
