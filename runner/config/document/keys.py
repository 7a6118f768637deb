"""Which keys may stand where in the file, read off the models' rules."""

from typing import Any

from runner.models import contract


def _keys(*rules: dict[str, Any]) -> frozenset[str]:
    return frozenset(key for one in rules for key in one["fields"])


def _rules(rules: dict[str, Any], key: str) -> dict[str, Any]:
    """The rules for what stands under ``key``, or for the items of a list that does."""
    inner: dict[str, Any] = rules["fields"][key]["schema"]
    while "schema" in inner or "items_schema" in inner:
        inner = inner["schema"] if "schema" in inner else inner["items_schema"]
    return inner


#: Keys that say how profiles relate, and are used up when the file is compiled.
STRUCTURAL_KEYS = frozenset({"extends", "abstract", "matrix", "needs"})
#: Keys of a layer that a profile does not take over from those it extends, nor from defaults.
NOT_INHERITED = frozenset({"abstract", "extends", "description", "needs"})
REQUEST_KEYS = _keys(contract.REQUEST)
SETTINGS_KEYS = _keys(contract.SETTINGS)
PROFILE_KEYS = REQUEST_KEYS | SETTINGS_KEYS | STRUCTURAL_KEYS
DEFAULTS_KEYS = PROFILE_KEYS - NOT_INHERITED
ROOT_KEYS = frozenset(
    {"version", "variables", "defaults", "profiles", "publicEnv", "include", "state"}
)
LISTED_VARIABLE_KEYS = _keys(_rules(contract.REQUEST, "environmentVariables")["choices"][0][0])
VARIABLE_KEYS = LISTED_VARIABLE_KEYS - {"key"}

#: Keys of the mappings inside a profile, whose keys are all known.
NESTED_KEYS: dict[str, frozenset[str]] = {
    "target": _keys(_rules(contract.REQUEST, "target")) | {"all"},
    "retryStrategy": _keys(*_rules(contract.REQUEST, "retryStrategy")["choices"].values()),
    "metadata": _keys(_rules(contract.REQUEST, "metadata")),
    "expectChecks": _keys(_rules(contract.SETTINGS, "expectChecks")),
}
QUARANTINE_KEYS = _keys(_rules(contract.SETTINGS, "quarantine"))
