"""Read what CI systems say in environment variables, by the table in ``ci.json``.

It gives for each name a list of rules, of which the first one with a value counts. A rule is a
variable; or ``text`` with several of them, nothing if one is not set; or a ``variable`` of which a
``pattern`` has to match all, and its group is the value; or a value of GitHub's ``event`` file, for
on pull requests only that knows the head. ``when`` asks for the value of a variable, ``unless`` for
one that is not set. The ``fallbacks`` are for what git may know better.
"""

import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

Rule: TypeAlias = str | Mapping[str, str]
_MAX_EVENT = 32 << 20


class System(NamedTuple):
    """A CI system: its name, the variable that identifies it, and its rules for each name."""

    name: str
    mark: str
    rules: Mapping[str, list[Rule]]
    fallbacks: Mapping[str, list[Rule]]

    def value(self, name: str, environ: Mapping[str, str]) -> str | None:
        """Return the value of a name such as ``ci.runId``; ``None`` if the system has none."""
        return self.name if name == "ci.name" else first_value(self.rules.get(name, ()), environ)

    def fallback(self, name: str, environ: Mapping[str, str]) -> str | None:
        """Return the value of a name that git does not know."""
        return first_value(self.fallbacks.get(name, ()), environ)


def detect(environ: Mapping[str, str]) -> System | None:
    """Return the CI system that runs this process; ``None`` outside of any known one."""
    for system in systems():
        if environ.get(system.mark, "").lower() not in ("", "false", "0"):
            return system
    return None


def systems() -> list[System]:
    """Return all that are known."""
    tables = json.loads(Path(__file__).with_name("ci.json").read_text(encoding="utf-8"))
    return [
        System(name, rules.pop("mark"), rules, rules.pop("fallbacks", {}))
        for name, rules in tables.items()
    ]


def first_value(rules: Iterable[Rule], environ: Mapping[str, str]) -> str | None:
    """Return the value of the first rule that has one."""
    values = (_value(rule, environ) for rule in rules)
    return next(filter(None, values), None)


def _value(rule: Rule, environ: Mapping[str, str]) -> str | None:
    if isinstance(rule, str):
        return environ.get(rule)
    if "event" in rule:
        return _of_event(rule["event"], environ)
    variable, _, wanted = rule.get("when", "").partition("=")
    if environ.get(variable, "") != wanted or environ.get(rule.get("unless", "")):
        return None
    if "text" in rule:
        with suppress(KeyError):
            return rule["text"].format_map({k: v for k, v in environ.items() if v})
        return None
    value = environ.get(rule["variable"], "")
    found = re.fullmatch(rule.get("pattern", "(.*)"), value, re.DOTALL)
    return found[1] if found else None


def _of_event(keys: str, environ: Mapping[str, str]) -> str | None:
    value = _read_event(environ.get("GITHUB_EVENT_PATH", ""))
    for key in keys.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return str(value) if isinstance(value, str | int) else None


@lru_cache(maxsize=1)
def _read_event(path: str) -> Any:
    with suppress(OSError, ValueError, RecursionError):
        if path and Path(path).is_file() and Path(path).stat().st_size <= _MAX_EVENT:
            return json.loads(Path(path).read_bytes())
    return None
