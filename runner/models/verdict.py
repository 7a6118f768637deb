"""Verdicts of sessions and checks."""

from enum import StrEnum
from typing import Final


class Verdict(StrEnum):
    """How an instance or a check ended, in the order in which people want to see them."""

    UNKNOWN = "unknown"
    NOT_STARTED = "not started"
    TIMED_OUT = "timed out"
    FAILED = "failed"
    NO_MATCH = "no match"
    DEGRADED = "degraded"
    FLAKY = "flaky"
    PASSED = "passed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    RUNNING = "running"

    @property
    def is_pass(self) -> bool:
        """Whether it counts as a pass; a degraded one does unless its profile says otherwise."""
        return self in {Verdict.PASSED, Verdict.FLAKY, Verdict.DEGRADED}


#: The verdicts that ``allowFailure`` and a quorum forgive.
FORGIVABLE: Final = frozenset(
    {Verdict.FAILED, Verdict.CANCELLED, Verdict.TIMED_OUT, Verdict.NO_MATCH}
)
