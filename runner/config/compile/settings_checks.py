"""Check settings that need more than a type: quorums, ranges, quarantine dates."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from runner.config.compile.validate import Breach
from runner.diagnostics import Severity

_QUARANTINE_NOTICE = timedelta(days=7)


def check_settings(settings: dict[str, Any], count: int, today: date) -> Iterator[Breach]:
    """What is well formed but can't be meant, and warnings of what ends soon.

    Args:
        settings: The runner's own keys of an instance, checked; dates are dates.
        count: How many instances the profile has, which a quorum is checked against.
        today: The day against which quarantines are checked.
    """
    quorum = settings.get("quorum")
    if quorum is not None and quorum > count:
        message = f"`quorum` asks for {quorum} of {count}"
        hint = None if count > 1 else "A quorum counts the instances of a matrix."
        yield Breach(("quorum",), "quorum-too-high", message, hint)
    expected = settings.get("expectChecks") or {}
    low, high = expected.get("min"), expected.get("max")
    if low is not None and high is not None and low > high:
        message = f"`min` is {low}, more than `max`, which is {high}"
        yield Breach(("expectChecks", "min"), "bad-value", message)
    for index, entry in enumerate(settings.get("quarantine") or ()):
        left = entry["until"] - today
        if left <= _QUARANTINE_NOTICE:
            ends = "has ended" if left < timedelta(0) else "ends"
            yield Breach(
                ("quarantine", index),
                "quarantine-ends",
                f"The quarantine of `{entry['check']}` {ends} on {entry['until']}",
                f"Its owner is {entry['owner']}.",
                Severity.WARNING,
            )
