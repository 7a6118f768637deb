"""The rules of the models as plain data, made ahead of time by ``make schemas``.

Checking a file needs the models' rules but not the models, which take longer to build than the
rest of ``validate`` takes to run.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any, Literal

_PACKAGE = Path(__file__).parents[2]


def schema_text(name: str) -> str:
    """Return a file of ``schemas/``: inside an installed package, beside it in a checkout."""
    installed = _PACKAGE / "schemas" / name
    path = installed if installed.exists() else _PACKAGE.parent / "schemas" / name
    return path.read_text(encoding="utf-8")


@cache
def _rules() -> dict[str, Any]:
    rules: dict[str, Any] = json.loads(schema_text("rules.json"))
    return rules


def core_schema(part: Literal["request", "settings"]) -> dict[str, Any]:
    """Return the core schema of ``TriggerTestSessionRequest`` or ``Settings``."""
    schema: dict[str, Any] = _rules()[part]
    return schema


def defaults(model: str) -> dict[str, Any]:
    """Return the plain defaults of a model's fields, by the API's names; not to be changed."""
    found: dict[str, Any] = _rules()["defaults"][model]
    return found
