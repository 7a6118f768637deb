"""The runner's own keys of an instance, in a form that can be compared and stored."""

from collections.abc import Mapping
from typing import Any

from runner.models.contract.rules import defaults


def own_keys(own: Mapping[str, Any]) -> dict[str, Any]:
    """The runner's own keys that say how a session is judged, defaults filled in."""
    filled = {**defaults("Settings"), **own}
    del filled["description"]
    if filled["expectChecks"] is not None:
        filled["expectChecks"] = {**defaults("ExpectChecks"), **filled["expectChecks"]}
    seconds = float(filled["timeoutSeconds"])
    return filled | {"timeoutSeconds": int(seconds) if seconds.is_integer() else seconds}
