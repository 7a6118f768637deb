"""Values of a plan as they may be shown: secrets masked, marks in words."""

import json
from collections.abc import Callable
from typing import Any, Final, TypeVar

from runner.models.marked import Body, Marked
from runner.models.plan import FieldChange, Op, PlannedInstance
from runner.plan.normalize import SECRET, UNSET, VOLATILE, Normal, mark_of

T = TypeVar("T")

#: Marks that are never shown as what they stand for.
_SAFE: Final = frozenset({SECRET, UNSET})

#: Stands for the side of a change that is not secret while the other one is.
_NOT_SECRET: Final = "(not secret)"  # noqa: S105 # words to show


class Masks:
    """Numbers the secrets of one output, so that equal ones can be seen to be equal."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = {}

    def mask(self, fingerprint: dict[str, str] | None) -> str:
        """``(secret #1)``, or ``(secret)`` where there is no fingerprint."""
        if not fingerprint:
            return "(secret)"
        key = (fingerprint.get("keyId", ""), fingerprint["fingerprint"])
        return f"(secret #{self._numbers.setdefault(key, len(self._numbers) + 1)})"


def current(planned: PlannedInstance) -> Normal:
    """The request of ``planned`` as it would be sent now: volatile fields by their value.

    It is for showing alone: it can't be compared, and must not be kept.
    """
    if planned.instance is None:
        return planned.request
    body = planned.instance.body
    request = {**planned.request, "name": _now(planned.request["name"], body.get("name"))}
    sent = body.get("metadata")
    if isinstance(sent, dict):
        request["metadata"] = {
            key: _now(value, sent[key])
            for key, value in planned.request["metadata"].items()
            if key in sent
        }
    elif sent is None:
        request["metadata"] = {}
    values = {variable["key"]: variable.get("value") for variable in _list(body)}
    request["environmentVariables"] = {
        key: {**variable, "value": _now(variable["value"], values.get(key))}
        for key, variable in planned.request["environmentVariables"].items()
    }
    return request


def _list(body: Body) -> list[dict[str, Any]]:
    return body.get("environmentVariables") or []


def _now(value: Any, sent: Any) -> Any:
    if not isinstance(sent, Marked):
        return value
    if mark_of(value) == SECRET and value[SECRET] is None:
        # Without a key equal secrets still get equal numbers; the hash is never shown or kept.
        return {SECRET: {"fingerprint": str(hash(repr(sent.value)))}}
    return sent.value if mark_of(value) == VOLATILE else value


def shown(value: Any, masks: Masks) -> Any:
    """``value`` of a normal form as JSON that may be published.

    A secret becomes its mask, an unresolved value ``(unset: env.NAME)``; a volatile one its
    template, or ``{"template", "inputs"}`` where it has inputs.
    """
    match mark_of(value):
        case "secret":
            return masks.mask(value[SECRET])
        case "unset":
            return f"(unset: {', '.join(value[UNSET])})"
        case "volatile":
            volatile = value[VOLATILE]
            return volatile if volatile.get("inputs") else volatile["template"]
    if isinstance(value, dict):
        return {key: shown(child, masks) for key, child in value.items()}
    if isinstance(value, list):
        return [shown(child, masks) for child in value]
    return value


def shown_change(change: FieldChange, masks: Masks) -> tuple[Any, Any]:
    """Before and after of a change, as JSON that may be published.

    Where one side is a secret, the other is not shown in clear either: a value that is
    declared a secret today was most likely one yesterday.
    """
    return _sides(change, lambda value: shown(value, masks))


def in_words(value: Any, masks: Masks) -> str:
    """``value`` of a normal form in full: JSON, and marks in words without quotes."""
    match mark_of(value):
        case "secret" | "unset":
            return str(shown(value, masks))
        case "volatile":
            template, inputs = value[VOLATILE]["template"], value[VOLATILE].get("inputs") or {}
            read = ", ".join(f"{name} = {_json(text)}" for name, text in inputs.items())
            return _json(template) + (f" with {read}" if read else "")
    if isinstance(value, list):
        return f"[{', '.join(in_words(item, masks) for item in value)}]"
    return _json(shown(value, masks))


def sensitive_in_words(change: FieldChange, masks: Masks) -> tuple[str, str]:
    """Before and after of a change that has to do with a secret."""
    return _sides(change, lambda value: in_words(value, masks))


def _sides(change: FieldChange, show: Callable[[Any], T]) -> tuple[T | str, T | str]:
    before, after = show(change.before), show(change.after)
    if change.sensitive and change.op is Op.REPLACE:
        return (
            before if mark_of(change.before) in _SAFE else _NOT_SECRET,
            after if mark_of(change.after) in _SAFE else _NOT_SECRET,
        )
    return before, after


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
