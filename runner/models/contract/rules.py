"""The rules of the models as plain data, made ahead of time by ``models.contract.ahead``."""

import json
from functools import cache
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).parents[2]


@cache
def _rules() -> dict[str, Any]:
    """Read ``schemas/rules.json``: inside an installed package, beside it in a checkout."""
    installed = _PACKAGE / "schemas" / "rules.json"
    path = installed if installed.exists() else _PACKAGE.parent / "schemas" / "rules.json"
    rules: dict[str, Any] = json.loads(path.read_bytes())
    return rules


def request_rules() -> dict[str, Any]:
    """The core schema of ``TriggerTestSessionRequest``."""
    rules: dict[str, Any] = _rules()["request"]
    return rules


def settings_rules() -> dict[str, Any]:
    """The core schema of ``Settings``."""
    rules: dict[str, Any] = _rules()["settings"]
    return rules


def defaults(model: str) -> dict[str, Any]:
    """The plain defaults of a model's fields, by the API's names; shared, not to be changed."""
    found: dict[str, Any] = _rules()["defaults"][model]
    return found
