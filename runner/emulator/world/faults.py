"""Faults on request: which answers go wrong, how, and when.

A fault is written `KIND[:OPTION[,OPTION…]]`, the same in `--fault` and in a world's `faults`:
`429:on=trigger,times=2,retry-after=3` or `reset-after:on=trigger,p=0.2`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ENDPOINTS: Mapping[str, str] = {
    "trigger": "triggerTestSession",
    "list": "listTestSessions",
    "get": "getTestSession",
    "completion": "awaitTestSessionCompletion",
    "cancel": "cancelTestSession",
    "result": "getTestSessionResult",
    "locations": "listLocations",
    "private-locations": "listPrivateLocations",
    "account": "getCurrentAccount",
    "checks": "listChecks",
}
"""Short names of the endpoints, as faults spell them, and the operation each one means."""

KINDS: Mapping[str, frozenset[str]] = {
    "latency": frozenset({"seconds"}),
    "hang": frozenset({"work"}),
    "reset-before": frozenset(),
    "reset-after": frozenset(),
    "reset-body": frozenset(),
    "429": frozenset({"retry-after"}),
    "status": frozenset({"status", "work", "retry-after", "message", "code"}),
    "500": frozenset({"work"}),
    "502": frozenset({"work"}),
    "503": frozenset({"work", "retry-after"}),
    "html": frozenset({"status", "work"}),
    "truncated": frozenset(),
    "not-json": frozenset(),
    "no-id": frozenset(),
    "other-id": frozenset(),
    "ended": frozenset(),
    "unknown-status": frozenset({"word"}),
    "late-results": frozenset(),
    "no-results": frozenset(),
    "contradiction": frozenset(),
    "surrogate": frozenset(),
    "latin-1": frozenset(),
    "date": frozenset({"shift"}),
    "empty": frozenset(),
    "slow-body": frozenset({"seconds"}),
    "huge-body": frozenset({"size"}),
    "echo": frozenset({"status"}),
    "never-ends": frozenset(),
}
"""The kinds of faults, and the options that belong to each."""

_ON: Mapping[str, str] = {"never-ends": "trigger", "no-id": "trigger", "ended": "trigger"}
"""Where a fault strikes that makes sense at one endpoint only."""

_COMMON = frozenset({"on", "times", "after", "p"})


class FaultSyntaxError(ValueError):
    """A fault that is not written correctly."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        kind: One of `KINDS`.
        on: Short name of the endpoint; `*` for every one.
        times: How often at most; None for always.
        after: How many matching requests go well first.
        probability: Share of the matching requests that it strikes.
        options: What belongs to the kind.
    """

    kind: str
    on: str = "*"
    times: int | None = None
    after: int = 0
    probability: float = 1.0
    options: Mapping[str, str] = field(default_factory=dict)

    def number(self, name: str, default: float) -> float:
        """Return an option as a number."""
        return float(self.options.get(name, default))

    @property
    def after_work(self) -> bool:
        """Whether the request does its work before the answer goes wrong."""
        return self.options.get("work") == "after"


def parse_fault(text: str) -> Fault:
    """Read a fault.

    Raises:
        FaultSyntaxError: The kind, an option or a value is unknown; the text says which are known.
    """
    kind, _, rest = text.strip().partition(":")
    if kind not in KINDS:
        raise FaultSyntaxError(f"unknown fault {kind!r}; faults are {', '.join(KINDS)}")
    pairs: dict[str, str] = {}
    for part in _split(rest):
        name, equals, value = part.partition("=")
        if not equals or not value:
            raise FaultSyntaxError(f"{part!r} in {text!r} is not OPTION=VALUE")
        if name not in _COMMON | KINDS[kind]:
            known = ", ".join(sorted(_COMMON | KINDS[kind]))
            raise FaultSyntaxError(f"fault {kind!r} has no option {name!r}; it has: {known}")
        pairs[name] = value
    _check(pairs)
    return Fault(
        kind=kind,
        on=pairs.pop("on", _ON.get(kind, "*")),
        times=int(pairs.pop("times")) if "times" in pairs else None,
        after=int(pairs.pop("after", "0")),
        probability=float(pairs.pop("p", "1")),
        options=pairs,
    )


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _check(pairs: Mapping[str, str]) -> None:
    if pairs.get("on", "*") not in {"*", *ENDPOINTS}:
        raise FaultSyntaxError(
            f"unknown endpoint {pairs['on']!r}; endpoints are *, {', '.join(ENDPOINTS)}"
        )
    if pairs.get("work", "before") not in {"before", "after"}:
        raise FaultSyntaxError("work must be before or after")
    for name, least, most, whole in (
        ("times", 1, 1e9, True),
        ("after", 0, 1e9, True),
        ("p", 0, 1, False),
        ("seconds", 0, 3600, False),
        ("size", 1, 1e9, True),
        ("status", 400, 599, True),
        ("shift", -1e7, 1e7, False),
    ):
        if name in pairs and not _is_number(pairs[name], least, most, whole=whole):
            raise FaultSyntaxError(f"{name} must be a number from {least} to {most:g}")
    _check_retry_after(pairs.get("retry-after", "0"))


def _check_retry_after(value: str) -> None:
    if not _is_number(value.removeprefix("date+"), 0, 86_400, whole=False):
        raise FaultSyntaxError("retry-after must be seconds, or date+SECONDS for an HTTP date")


def _is_number(text: str, least: float, most: float, *, whole: bool) -> bool:
    try:
        number = int(text) if whole else float(text)
    except ValueError:
        return False
    return least <= number <= most


class FaultPlan:
    """Decides request by request which fault strikes; the same seed decides the same."""

    def __init__(self, faults: Sequence[Fault], seed: int) -> None:
        self._armed: list[_Armed] = []
        self._seed = seed
        self._count = 0
        self.add(faults)

    def add(self, faults: Sequence[Fault]) -> None:
        """Arm more faults, behind those already there."""
        for fault in faults:
            # S311: the dice have to fall the same for the same seed; nothing is kept secret.
            dice = random.Random(f"{self._seed}/{self._count}")  # noqa: S311
            self._armed.append(_Armed(fault, dice))
            self._count += 1

    def clear(self) -> None:
        """Remove all faults."""
        self._armed.clear()

    def draw(self, endpoint: str) -> list[Fault]:
        """Return the faults that strike this request: latencies first, then at most one other.

        Args:
            endpoint: Short name of the endpoint that is called.
        """
        struck = []
        other = None
        for armed in self._armed:
            if armed.fault.on not in {"*", endpoint}:
                continue
            if other is not None and armed.fault.kind != "latency":
                continue
            if armed.strikes():
                if armed.fault.kind == "latency":
                    struck.append(armed.fault)
                else:
                    other = armed.fault
        return [*struck, other] if other else struck


class _Armed:
    """A fault and how far it has come."""

    def __init__(self, fault: Fault, dice: random.Random) -> None:
        self.fault = fault
        self._dice = dice
        self._seen = 0
        self._struck = 0

    def strikes(self) -> bool:
        self._seen += 1
        if self._seen <= self.fault.after:
            return False
        if self.fault.times is not None and self._struck >= self.fault.times:
            return False
        if self.fault.probability < 1 and self._dice.random() >= self.fault.probability:
            return False
        self._struck += 1
        return True
