"""Values of a plan as they may be shown: secrets masked, marks in words."""

import json
from collections.abc import Callable
from typing import Any, Final

from runner.models.marked import Marked
from runner.models.plan import FieldChange, Op, PlannedInstance
from runner.plan.diff import has_fields
from runner.plan.normalize import SECRET, UNSET, VOLATILE, Normal, mark_of

#: Shown for the side of a change that is not secret while the other one is.
_NOT_SECRET: Final = "(not secret)"  # noqa: S105 # words to show


class Masks:
    """Shows the values of one output, in which equal secrets have equal numbers."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = {}

    def shown(self, value: Any) -> Any:
        """Return ``value`` of a normal form as JSON that may be published.

        A secret becomes its mask, an unresolved value ``(unset: env.NAME)``; a volatile one its
        template, or ``{"template", "inputs"}`` if it has inputs.
        """
        match mark_of(value):
            case "secret":
                return self._mask(value[SECRET])
            case "unset":
                return f"(unset: {', '.join(value[UNSET])})"
            case "volatile":
                volatile = value[VOLATILE]
                return volatile if volatile.get("inputs") else volatile["template"]
        if isinstance(value, dict):
            return {key: self.shown(child) for key, child in value.items()}
        if isinstance(value, list):
            return [self.shown(child) for child in value]
        return value

    def in_words(self, value: Any) -> str:
        """Return ``value`` of a normal form in full: JSON, and marks in words without quotes."""
        match mark_of(value):
            case "secret" | "unset":
                return str(self.shown(value))
            case "volatile":
                template, inputs = value[VOLATILE]["template"], value[VOLATILE].get("inputs") or {}
                read = ", ".join(f"{name} = {_json(text)}" for name, text in inputs.items())
                return _json(template) + (f" with {read}" if read else "")
        if isinstance(value, list):
            return f"[{', '.join(map(self.in_words, value))}]"
        return _json(self.shown(value))

    def sides(self, change: FieldChange, show: Callable[[Any], Any]) -> tuple[Any, Any]:
        """Return both values of a change, as ``show`` shows them.

        Where one side is a secret, the other is not shown in clear either: a value that is
        declared a secret today was most likely one yesterday.
        """
        before, after = show(change.before), show(change.after)
        if change.sensitive and change.op is Op.REPLACE:
            before = before if mark_of(change.before) in {SECRET, UNSET} else _NOT_SECRET
            after = after if mark_of(change.after) in {SECRET, UNSET} else _NOT_SECRET
        return before, after

    def _mask(self, fingerprint: dict[str, str] | None) -> str:
        if not fingerprint:
            return "(secret)"
        key = (fingerprint.get("keyId", ""), fingerprint["fingerprint"])
        return f"(secret #{self._numbers.setdefault(key, len(self._numbers) + 1)})"


def current(planned: PlannedInstance) -> Normal:
    """Return the request of ``planned`` as it would be sent now: volatile fields by their value.

    It is for showing alone: it can't be compared, and must not be kept.
    """
    if planned.instance is None:
        return planned.request
    body = planned.instance.body
    variables = {variable["key"]: variable for variable in body.get("environmentVariables") or ()}
    request: Normal = _now(planned.request, body | {"environmentVariables": variables})
    given = body.get("metadata") or {}
    if isinstance(given, dict):
        known = {key: value for key, value in request["metadata"].items() if key in given}
        request["metadata"] = known
    return request


def _now(value: Any, sent: Any) -> Any:
    if isinstance(sent, dict) and has_fields(value):
        return {key: _now(child, sent.get(key)) for key, child in value.items()}
    if not isinstance(sent, Marked):
        return value
    if mark_of(value) == SECRET and value[SECRET] is None:
        # Without a key equal secrets still get equal numbers; the hash is never shown or kept.
        return {SECRET: {"fingerprint": str(hash(repr(sent.value)))}}
    return sent.value if mark_of(value) == VOLATILE else value


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
