"""Decide when to ask again, and after how long; pure."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from runner.errors import ApiError, RunnerError, Unreachable

TOO_MANY_REQUESTS = 429
_TIMEOUT = 408


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential waits with full jitter: up to ``base`` seconds, doubling up to ``most``."""

    base: float = 0.5
    most: float = 20.0

    def wait(self, attempt: int, rng: random.Random) -> float:
        """Return the seconds to wait after ``attempt`` (counted from 0)."""
        return rng.uniform(0, min(self.most, self.base * 2 ** min(attempt, 30)))


def retry_after(value: str | None, server_now: datetime | None) -> float | None:
    """Read a ``Retry-After`` header, in seconds: a number, or a date by the server's clock."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    date = http_date(text)
    if date is None or server_now is None:
        return None
    return max(0.0, (date - server_now).total_seconds())


def http_date(text: str) -> datetime | None:
    """Read the date of a header, in UTC; ``None`` if it makes no sense."""
    try:
        date = parsedate_to_datetime(text)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def definitely_not_accepted(error: RunnerError) -> bool:
    """Return whether a trigger that ended with ``error`` definitely started no session.

    That is so when no connection was made, or the answer is a refusal; every other answer, and
    none at all, leaves it open.
    """
    if isinstance(error, Unreachable):
        return not error.sent
    return isinstance(error, ApiError) and 300 <= error.status < 500 and error.status != _TIMEOUT


def is_over_the_limit(error: RunnerError) -> bool:
    """Return whether a request was refused only because there were too many."""
    return isinstance(error, ApiError) and error.status == TOO_MANY_REQUESTS


def may_send_again(error: RunnerError) -> bool:
    """Return whether a trigger that ended with ``error`` may leave again: never a blind retry."""
    return (
        is_over_the_limit(error) if isinstance(error, ApiError) else definitely_not_accepted(error)
    )


def may_ask_again(error: RunnerError) -> bool:
    """Return whether a read that ended with ``error`` is worth asking again."""
    if isinstance(error, ApiError):
        return not definitely_not_accepted(error) or is_over_the_limit(error)
    return isinstance(error, Unreachable)
