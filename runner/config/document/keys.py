"""The keys allowed at each place of the file, taken from the models' rules."""

from runner.models.contract.rules import Rules, rules_for


def _inner(rules: Rules) -> Rules:
    """Return ``rules``, or those for the items of a list, where they allow one."""
    inner = rules
    while "schema" in inner or "items_schema" in inner:
        inner = inner["schema"] if "schema" in inner else inner["items_schema"]
    return inner


def _keys(rules: Rules, key: str) -> frozenset[str]:
    inner = _inner(rules["fields"][key])
    return frozenset(
        key for one in inner.get("choices", {"": inner}).values() for key in one["fields"]
    )


_REQUEST, _SETTINGS = rules_for("request"), rules_for("settings")

#: How many instances a profile may have.
MAX_INSTANCES = 1_000
#: Keys that relate profiles to each other and are gone once the file is compiled.
STRUCTURAL_KEYS = frozenset({"extends", "abstract", "matrix", "needs"})
#: Keys that a profile inherits neither from those it extends nor from defaults.
NOT_INHERITED = frozenset({"abstract", "extends", "description", "needs"})
SETTINGS_KEYS = frozenset(_SETTINGS["fields"])
PROFILE_KEYS = frozenset(_REQUEST["fields"]) | SETTINGS_KEYS | STRUCTURAL_KEYS
DEFAULTS_KEYS = PROFILE_KEYS - NOT_INHERITED
ROOT_KEYS = frozenset((
    "version", "project", "variables", "defaults", "profiles", "moved", "publicEnv", "ignore",
    "include", "notify", "state",
))  # fmt: skip
#: The codes of warnings, which the file may ignore. Some are errors elsewhere.
WARNINGS = (
    "bidirectional-control", "early-end", "foreign-template", "git-untrusted", "idle-null",
    "looks-secret", "no-profile", "odd-tag", "quarantine-ends", "quarantine-idle",
    "short-secret", "unread-axis", "unset", "yaml-version",
)  # fmt: skip
LISTED_VARIABLE_KEYS = _keys(_REQUEST, "environmentVariables")
VARIABLE_KEYS = LISTED_VARIABLE_KEYS - {"key"}

#: Keys of the mappings inside a profile, whose keys are all known.
NESTED_KEYS: dict[str, frozenset[str]] = {
    "target": _keys(_REQUEST, "target") | {"all"},
    "retryStrategy": _keys(_REQUEST, "retryStrategy"),
    "metadata": _keys(_REQUEST, "metadata") - {"github"},  # filled in, never written
    "expectChecks": _keys(_SETTINGS, "expectChecks"),
}
QUARANTINE_KEYS = _keys(_SETTINGS, "quarantine")


def _typed(rules: Rules) -> dict[str, str]:
    """Return the keys in ``rules`` whose values are numbers or booleans, at any depth."""
    found: dict[str, str] = {}
    for key, field in rules.get("fields", {}).items():
        inner = _inner(field)
        if inner["type"] in {"bool", "int", "float"}:
            found[key] = inner["type"]
        for one in inner.get("choices", {"": inner}).values():
            found |= _typed(one)
    return found


#: Keys whose values are numbers or booleans, each with its type: ``bool``, ``int`` or ``float``.
TYPED_KEYS = _typed(_REQUEST) | _typed(_SETTINGS)
