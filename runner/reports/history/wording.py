"""Wording that ``status`` and ``history`` share: initiators, commits, ages."""

from datetime import datetime
from typing import Final

from runner.models.record import Initiator
from runner.reports.text.sanitize import NAME_LIMIT, one_line

_COMMIT: Final = 7


def who(by: Initiator) -> str:
    """Name the initiator of an apply: ``alice on ci-7``."""
    user, host = one_line(by.user, NAME_LIMIT), one_line(by.host, NAME_LIMIT)
    return " on ".join(part for part in (user, host) if part) or "someone"


def source(commit: str | None, branch: str | None) -> str | None:
    """Name the commit and branch: ``1a2b3c4 (main)``, or what is known of them."""
    named = one_line(branch, NAME_LIMIT) if branch else None
    short = one_line(commit[:_COMMIT]) if commit else None
    return f"{short} ({named})" if short and named else short or named


def ago(then: datetime, now: datetime) -> str:
    """Say how long ago ``then`` is, in one unit: ``12 min ago``."""
    seconds = max((now - then).total_seconds(), 0)
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit} ago"
    return "just now"
