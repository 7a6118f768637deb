"""Warn of a request before it is sent, as far as that is possible offline."""

import json
from collections.abc import Iterator
from math import prod
from typing import Any

from runner.models.marked import Path
from runner.plan.diff import path_text
from runner.plan.normalize import UNSET, Normal, mark_of


def request_warnings(request: Normal, timeout_seconds: float) -> tuple[str, ...]:
    """Warn of unresolved values and of retries that outlast the time-out."""
    # Most requests have nothing unresolved, which their text shows faster than a walk.
    unresolved = _unresolved((), request) if f'"{UNSET}"' in json.dumps(request) else ()
    found = [
        f"{path_text(path)} is unresolved: {', '.join(names)} "
        f"{'is' if len(names) == 1 else 'are'} not set"
        for path, names in unresolved
    ]
    if problem := _retries_outlast(request.get("retryStrategy"), timeout_seconds):
        found.append(problem)
    return tuple(found)


def _unresolved(path: Path, value: Any) -> Iterator[tuple[Path, list[str]]]:
    """Yield the places of unresolved values and the names they wait for."""
    if mark_of(value) == UNSET:
        yield path, value[UNSET]
    elif isinstance(value, dict):
        for key, child in value.items():
            yield from _unresolved((*path, key), child)
    elif isinstance(value, list):
        inside = {name for item in value for _, names in _unresolved((), item) for name in names}
        if inside:
            yield path, sorted(inside)


def _retries_outlast(strategy: Any, timeout_seconds: float) -> str | None:
    """Say why a session may be cancelled before its last retry, if it may."""
    if not isinstance(strategy, dict) or mark_of(strategy) or not _is_known(strategy):
        return None
    waits = _waits(strategy)
    total = sum(waits)
    longest = min(total, strategy.get("maxDurationSeconds", total))
    if longest < timeout_seconds:
        return None
    terms = " + ".join(f"{wait:g}" for wait in waits)
    shown = f"{terms} = {total:g} s" if len(waits) > 1 else f"{total:g} s"
    capped = f", cut at {longest:g} s by maxDurationSeconds" if longest < total else ""
    return (
        f"retries may wait {shown}{capped}, and timeoutSeconds is {timeout_seconds:g}: "
        "the session may be cancelled before its last retry"
    )


def _is_known(strategy: Normal) -> bool:
    """Return whether nothing that the waits depend on is unresolved."""
    numbers = ("baseBackoffSeconds", "maxRetries", "maxDurationSeconds")
    return isinstance(strategy["type"], str) and all(
        isinstance(strategy.get(key, 0), int | float) for key in numbers
    )


def _waits(strategy: Normal) -> list[float]:
    """Return the seconds before each retry.

    Checkly's documentation gives the series: 5, 5, 5 for a fixed strategy, 5, 10, 15 for a linear
    and 5, 25, 125 for an exponential one (docs: alerting and retries).
    """
    base = float(strategy["baseBackoffSeconds"])
    numbers = range(1, int(strategy.get("maxRetries", 1)) + 1)
    match strategy["type"]:
        case "LINEAR":
            return [base * number for number in numbers]
        case "EXPONENTIAL":
            return [prod([base] * number) for number in numbers]
        case _:
            return [base for _ in numbers]
