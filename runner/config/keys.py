"""Which keys may stand where in the file, read off the models."""

from runner.models.base import Strict
from runner.models.request import (
    BackoffRetryStrategy,
    EnvironmentVariable,
    Metadata,
    SingleRetryStrategy,
    Target,
    TriggerTestSessionRequest,
)
from runner.models.settings import ExpectChecks, Quarantine, Settings


def _keys(*models: type[Strict]) -> frozenset[str]:
    return frozenset(
        field.alias or name for model in models for name, field in model.model_fields.items()
    )


#: Keys that say how profiles relate, and are used up when the file is compiled.
STRUCTURAL_KEYS = frozenset({"extends", "abstract", "matrix", "needs"})
#: Keys of a layer that a profile does not take over from those it extends, nor from defaults.
NOT_INHERITED = frozenset({"abstract", "extends", "description", "needs"})
REQUEST_KEYS = _keys(TriggerTestSessionRequest)
SETTINGS_KEYS = _keys(Settings)
PROFILE_KEYS = REQUEST_KEYS | SETTINGS_KEYS | STRUCTURAL_KEYS
DEFAULTS_KEYS = PROFILE_KEYS - NOT_INHERITED
ROOT_KEYS = frozenset(
    {"version", "variables", "defaults", "profiles", "publicEnv", "include", "state"}
)
VARIABLE_KEYS = _keys(EnvironmentVariable) - {"key"}
LISTED_VARIABLE_KEYS = _keys(EnvironmentVariable)

#: Keys of the mappings inside a profile, whose keys are all known.
NESTED_KEYS: dict[str, frozenset[str]] = {
    "target": _keys(Target) | {"all"},
    "retryStrategy": _keys(BackoffRetryStrategy, SingleRetryStrategy),
    "metadata": _keys(Metadata),
    "expectChecks": _keys(ExpectChecks),
}
QUARANTINE_KEYS = _keys(Quarantine)
