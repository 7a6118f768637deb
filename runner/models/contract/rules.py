"""The rules of the models as plain data, made ahead of time by ``make schemas``.

Checking a file needs the models' rules but not the models, which take longer to build than the
rest of ``validate`` takes to run.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeAlias

#: Of a value: its ``type``, its limits and the rules of its parts.
Rules: TypeAlias = dict[str, Any]
_PACKAGE = Path(__file__).parents[2]


def schema_text(name: str) -> str:
    """Return a file of ``schemas/``: inside an installed package, beside it in a checkout."""
    installed = _PACKAGE / "schemas" / name
    path = installed if installed.exists() else _PACKAGE.parent / "schemas" / name
    return path.read_text(encoding="utf-8")


@cache
def _all() -> dict[str, Any]:
    everything: dict[str, Any] = json.loads(schema_text("rules.json"))
    return everything


def rules_for(part: Literal["request", "settings"]) -> Rules:
    """Return the rules of ``TriggerTestSessionRequest`` or ``Settings``."""
    rules: Rules = _all()[part]
    return rules


def defaults(model: str) -> dict[str, Any]:
    """Return the plain defaults of a model's fields, by the API's names; not to be changed."""
    found: dict[str, Any] = _all()["defaults"][model]
    return found
