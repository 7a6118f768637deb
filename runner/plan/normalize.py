"""Normal form: what requests and the runner's own keys are compared by and stored as.

Defaults are filled in, environment variables are keyed by name, and tag groups and ids are sorted
sets, so neither writing a default out nor reordering is a change. The form is plain JSON and holds
no secret. A leaf that is more than its value is an object with one key:

- ``{"secret": {"fingerprint", "keyId"}}``, or ``{"secret": null}`` if there was no key;
- ``{"volatile": {"template", "inputs"}}``: compared by these and not by its value;
- ``{"unset": ["env.NAME"]}``: its value is not known.

No field's value has such a shape, so nothing a user writes passes for a mark: a variable called
``secret`` is an object with a ``value``, which no mark has.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from runner.models.contract.filled import FILLED_METADATA
from runner.models.contract.rules import defaults
from runner.models.marked import Body, Marked, text_of, whole

#: A request in normal form.
Normal: TypeAlias = dict[str, Any]
#: Turns a secret into its fingerprint and the id of the key, or ``None`` if there is no key.
Fingerprint: TypeAlias = Callable[[str], dict[str, str] | None]

_UUID: Final = r"[0-9A-Fa-f-]{36}"

SECRET: Final = "secret"  # noqa: S105 # the name of a mark
VOLATILE: Final = "volatile"
UNSET: Final = "unset"
#: Metadata that is filled in when a profile leaves it out.
_FILLED: Final = {
    key: {VOLATILE: {"template": f"$<{name}>", "inputs": {}}}
    for key, name in FILLED_METADATA.items()
}


def normal_form(
    body: Body, fingerprint: Fingerprint, shared: dict[str, Any] | None = None
) -> Normal:
    """Return a compiled request in normal form.

    A missing ``retryStrategy`` stays missing, because the contract gives it another meaning than
    null: each check keeps its own. A missing ``target`` is the one that matches all. ``shared``
    holds parts made so far, so that equal parts of many requests are made and kept once.
    """
    made = {} if shared is None else shared

    def part(key: str, make: Callable[[Any, Fingerprint], Any]) -> Any:
        known = f"{key}{text_of(body.get(key))}"
        if known not in made:
            made[known] = make(body.get(key), fingerprint)
        return made[known]

    plain = defaults("TriggerTestSessionRequest")
    normal: Normal = {
        "name": _leaf(body.get("name"), fingerprint),
        "runLocation": _leaf(body.get("runLocation"), fingerprint),
        "target": part("target", _target),
        "environmentVariables": part("environmentVariables", _variables),
        "refreshCache": _leaf(body.get("refreshCache", plain["refreshCache"]), fingerprint),
        "metadata": part("metadata", _metadata),
    }
    if "retryStrategy" in body:
        normal["retryStrategy"] = part("retryStrategy", _retry_strategy)
    return normal


def normal_settings(own: Mapping[str, Any]) -> Normal:
    """Return the runner's own keys that decide how a session is judged, in normal form."""
    filled = {**defaults("Settings"), **own}
    del filled["description"]
    if isinstance(filled["expectChecks"], Mapping):
        filled["expectChecks"] = {**defaults("ExpectChecks"), **filled["expectChecks"]}
    return {key: whole(value) for key, value in filled.items()}


def mark_of(value: object) -> str | None:
    """Return which mark ``value`` is, or ``None`` for a plain value."""
    if not isinstance(value, dict) or len(value) != 1:
        return None
    ((key, held),) = value.items()
    is_mark = (
        (key == SECRET and (held is None or (isinstance(held, dict) and "fingerprint" in held)))
        or (key == VOLATILE and isinstance(held, dict) and "template" in held)
        or (key == UNSET and isinstance(held, list))
    )
    return str(key) if is_mark else None


def holds_mark(value: object, mark: str) -> bool:
    """Return whether ``value`` is ``mark`` or has it anywhere inside."""
    if isinstance(value, dict):
        return mark_of(value) == mark or any(holds_mark(item, mark) for item in value.values())
    return isinstance(value, list) and any(holds_mark(item, mark) for item in value)


def _filled(given: Mapping[str, Any], model: str, fingerprint: Fingerprint) -> Normal:
    """Fill in the defaults of ``model``, in an order that does not depend on ``given``'s."""
    plain = defaults(model)
    required = {key: given[key] for key in sorted(given) if key not in plain}
    ordered = required | plain | {key: given[key] for key in plain if key in given}
    return {key: _leaf(value, fingerprint) for key, value in ordered.items()}


def _target(target: Any, fingerprint: Fingerprint) -> Any:
    if not isinstance(target, Mapping | None):
        return _leaf(target, fingerprint)
    filled = _filled(target or {}, "Target", fingerprint)
    if isinstance(groups := filled["matchTags"], list):
        filled["matchTags"] = _set([_set(g) if isinstance(g, list) else g for g in groups])
    if isinstance(ids := filled["checkId"], list):
        # A UUID means the same in capitals; a template does not.
        filled["checkId"] = _set(
            [
                one.lower() if isinstance(one, str) and re.fullmatch(_UUID, one) else one
                for one in ids
            ]
        )
    return filled


def _variables(variables: Any, fingerprint: Fingerprint) -> Normal:
    """Key variables by name; a secret one never shows its value, marked or not."""
    normal = {}
    for variable in variables or ():
        filled = {**defaults("EnvironmentVariable"), **variable}
        value = filled.pop("value", None)
        key = filled.pop("key")
        is_secret = filled["secret"] is True
        normal[str(key.value if isinstance(key, Marked) else key)] = {
            "value": _secret(value, fingerprint) if is_secret else _leaf(value, fingerprint),
            **{name: _leaf(flag, fingerprint) for name, flag in filled.items()},
        }
    return normal


def _retry_strategy(strategy: Any, fingerprint: Fingerprint) -> Any:
    if not isinstance(strategy, Mapping):
        return _leaf(strategy, fingerprint)
    single = strategy.get("type") == "SINGLE_RETRY"
    model = "SingleRetryStrategy" if single else "BackoffRetryStrategy"
    return _filled(strategy, model, fingerprint)


def _metadata(metadata: Any, fingerprint: Fingerprint) -> Any:
    """Fill in what is left out as git would, so that a machine without git causes no change."""
    if not isinstance(metadata, Mapping | None):
        return _leaf(metadata, fingerprint)
    given = {key: _leaf(value, fingerprint) for key, value in (metadata or {}).items()}
    given.pop("github", None)  # which CI job starts a session says nothing of what it tests
    return _FILLED | given


def _secret(value: Any, fingerprint: Fingerprint) -> Any:
    if isinstance(value, Marked):
        if value.unset:
            return {UNSET: sorted(value.unset)}
        if value.template is not None:
            return {SECRET: fingerprint(_compact([value.template, *value.inputs]))}
        value = value.value
    return None if value is None else {SECRET: fingerprint(str(value))}


def _leaf(value: Any, fingerprint: Fingerprint) -> Any:
    if isinstance(value, Marked):
        if value.unset or value.secret:
            return _secret(value, fingerprint)
        if value.template is not None:
            return {VOLATILE: {"template": value.template, "inputs": dict(value.inputs)}}
        value = value.value
    if isinstance(value, list):
        return [_leaf(item, fingerprint) for item in value]
    return whole(value)


def _set(items: list[Any]) -> list[Any]:
    """Sort ``items`` and drop duplicates, by their JSON, because some may be marks or lists."""
    by_text = {_compact(item): item for item in items}
    return [by_text[text] for text in sorted(by_text)]


_compact: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode
