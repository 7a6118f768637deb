"""A request in normal form: what requests are compared by, and what records keep of them.

Defaults are filled in, environment variables stand under their keys, tag groups
and ids are sorted sets; so writing a default out, or reordering, makes no difference. The form
is plain JSON and holds no secret. A leaf that is more than its value is an object with one key:

- ``{"secret": {"fingerprint", "keyId"}}``, or ``{"secret": null}`` where there was no key;
- ``{"volatile": {"template", "inputs"}}``: compared by these and not by its value;
- ``{"unset": ["env.NAME"]}``: its value is not known.

No field's value is an object of such a shape, so that nothing a user writes passes for a mark:
a variable that is called ``secret`` is an object with a ``value``, which no mark has.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from runner.models.contract.filled import FILLED_METADATA
from runner.models.contract.rules import defaults
from runner.models.marked import Body, Marked, text_of

#: A request in normal form.
Normal: TypeAlias = dict[str, Any]
#: Turns a secret into its fingerprint and the id of the key, or ``None`` where there is no key.
Fingerprint: TypeAlias = Callable[[str], Mapping[str, str] | None]

_UUID: Final = re.compile(r"[0-9A-Fa-f-]{36}")

SECRET: Final = "secret"  # noqa: S105 # the name of a mark
VOLATILE: Final = "volatile"
UNSET: Final = "unset"
#: Metadata that is filled in where a profile leaves it out.
_FILLED: Final = {
    key: {VOLATILE: {"template": f"$<{name}>", "inputs": {}}}
    for key, name in FILLED_METADATA.items()
}


def normal_form(
    body: Body, fingerprint: Fingerprint, shared: dict[str, Any] | None = None
) -> Normal:
    """The normal form of a compiled request.

    A missing ``retryStrategy`` stays missing, because the contract tells it from null: each
    check then keeps its own. A missing ``target`` is the one that matches all.

    Args:
        body: The request.
        fingerprint: Makes fingerprints of secrets.
        shared: The parts made so far: of many requests, equal parts are made and kept once.
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


def mark_of(value: object) -> str | None:
    """Which mark ``value`` is: ``secret``, ``volatile`` or ``unset``; ``None`` for a plain one."""
    if not isinstance(value, dict) or len(value) != 1:
        return None
    ((key, held),) = value.items()
    is_mark = (
        (key == SECRET and (held is None or (isinstance(held, dict) and "fingerprint" in held)))
        or (key == VOLATILE and isinstance(held, dict) and "template" in held)
        or (key == UNSET and isinstance(held, list))
    )
    return str(key) if is_mark else None


def _filled(given: Mapping[str, Any], model: str, fingerprint: Fingerprint) -> Normal:
    """``given`` with the defaults of ``model``, in an order that does not hang on ``given``'s."""
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
        filled["checkId"] = _set([_check_id(one) for one in ids])
    return filled


def _check_id(value: Any) -> Any:
    """A UUID says the same in capitals; a template does not."""
    return value.lower() if isinstance(value, str) and _UUID.fullmatch(value) else value


def _variables(variables: Any, fingerprint: Fingerprint) -> Normal:
    """Variables by key; one that is secret never shows its value, marked or not."""
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
    """All fields; those left out as if filled in, so that a machine without git is no change.

    Which job of GitHub's starts the session says nothing of what it tests.
    """
    if not isinstance(metadata, Mapping | None):
        return _leaf(metadata, fingerprint)
    given = {
        key: _leaf(value, fingerprint) for key, value in (metadata or {}).items() if key != "github"
    }
    return {**_FILLED, **given}


def _secret(value: Any, fingerprint: Fingerprint) -> Any:
    if isinstance(value, Marked):
        if value.unset:
            return {UNSET: sorted(value.unset)}
        if value.template is not None:
            return {SECRET: _jsonable(fingerprint(_compact([value.template, *value.inputs])))}
        value = value.value
    return None if value is None else {SECRET: _jsonable(fingerprint(str(value)))}


def _leaf(value: Any, fingerprint: Fingerprint) -> Any:
    if isinstance(value, Marked):
        if value.unset:
            return {UNSET: sorted(value.unset)}
        if value.secret:
            return _secret(value, fingerprint)
        if value.template is not None:
            return {VOLATILE: {"template": value.template, "inputs": dict(value.inputs)}}
        value = value.value
    if isinstance(value, list):
        return [_leaf(item, fingerprint) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _set(items: list[Any]) -> list[Any]:
    """``items`` as a sorted set; by their JSON, because some may be marks or lists."""
    by_text = {_compact(item): item for item in items}
    return [by_text[text] for text in sorted(by_text)]


_compact: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def _jsonable(fingerprint: Mapping[str, str] | None) -> dict[str, str] | None:
    return None if fingerprint is None else dict(fingerprint)
