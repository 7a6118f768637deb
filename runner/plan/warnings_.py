"""Warn of a request before it is sent, as far as that is possible offline."""

from collections.abc import Iterator
from math import inf
from typing import Any

from runner.models.marked import Path
from runner.plan.diff import path_text
from runner.plan.normalize import UNSET, Normal, mark_of


def request_warnings(request: Normal, timeout_seconds: float) -> tuple[str, ...]:
    """Warnings on a request in normal form: unresolved values, retries beyond the time-out."""
    found = [
        f"{path_text(path)} is unresolved: {', '.join(names)} "
        f"{'is' if len(names) == 1 else 'are'} not set"
        for path, names in (_unresolved((), request) if _has_unset(request) else ())
    ]
    if problem := _retries_outlast(request.get("retryStrategy"), timeout_seconds):
        found.append(problem)
    return tuple(found)


def retry_waits(strategy: Normal) -> list[float]:
    """Seconds before each retry of a strategy in normal form.

    Checkly's documentation gives the series: 5, 5, 5 for a fixed one, 5, 10, 15 for a linear
    and 5, 25, 125 for an exponential one (docs: alerting and retries).
    """
    base, retries = strategy["baseBackoffSeconds"], int(strategy.get("maxRetries", 1))
    numbers = range(1, retries + 1)
    match strategy["type"]:
        case "LINEAR":
            return [base * number for number in numbers]
        case "EXPONENTIAL":
            return [_power(base, number) for number in numbers]
        case _:
            return [base for _ in numbers]


def _power(base: float, exponent: int) -> float:
    try:
        return float(base) ** exponent
    except OverflowError:
        return inf


def _retries_outlast(strategy: Any, timeout_seconds: float) -> str | None:
    """Say why a session may be cancelled before its retries are over; ``None`` if it can't be."""
    if not isinstance(strategy, dict) or mark_of(strategy) or not _is_known(strategy):
        return None
    waits = retry_waits(strategy)
    limit = strategy.get("maxDurationSeconds")
    total = sum(waits)
    longest = total if limit is None else min(total, limit)
    if longest < timeout_seconds:
        return None
    terms = " + ".join(f"{wait:g}" for wait in waits)
    shown = f"{terms} = {total:g} s" if len(waits) > 1 else f"{total:g} s"
    capped = f", cut at {limit:g} s by maxDurationSeconds" if longest < total else ""
    return (
        f"retries may wait {shown}{capped}, and timeoutSeconds is {timeout_seconds:g}: "
        "the session may be cancelled before its last retry"
    )


def _is_known(strategy: Normal) -> bool:
    """Whether all numbers of a strategy are known; an unresolved one is not."""
    numbers = ("baseBackoffSeconds", "maxRetries", "maxDurationSeconds")
    return isinstance(strategy["type"], str) and all(
        isinstance(strategy.get(key, 0), int | float) for key in numbers
    )


def _has_unset(request: Normal) -> bool:
    """Whether anything is unresolved, told in a loop: most requests have nothing."""
    waiting: list[Any] = [request]
    while waiting:
        value = waiting.pop()
        if value.__class__ is dict:
            if UNSET in value and mark_of(value) == UNSET:
                return True
            waiting.extend(value.values())
        elif value.__class__ is list:
            waiting.extend(value)
    return False


def _unresolved(path: Path, value: Any) -> Iterator[tuple[Path, list[str]]]:
    """The places of unresolved values and the names they wait for."""
    if mark_of(value) == UNSET:
        yield path, value[UNSET]
    elif isinstance(value, dict):
        for key, child in value.items():
            yield from _unresolved((*path, key), child)
    elif isinstance(value, list):
        inside = {name for item in value for _, names in _unresolved((), item) for name in names}
        if inside:
            yield path, sorted(inside)
