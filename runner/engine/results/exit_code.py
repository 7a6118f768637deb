"""The exit code of the process, from the outcomes of all instances; pure."""

from collections.abc import Iterable

from runner.models.outcome import InstanceOutcome
from runner.models.verdict import Verdict

OK, FAILED, CANNOT_RUN, TIMED_OUT, BUG, INTERRUPTED = 0, 1, 3, 4, 70, 130
#: Several at once: the first of these.
ORDER = (INTERRUPTED, BUG, CANNOT_RUN, TIMED_OUT, FAILED, OK)

_CODES = {
    Verdict.UNKNOWN: CANNOT_RUN,
    Verdict.NOT_STARTED: CANNOT_RUN,
    Verdict.TIMED_OUT: TIMED_OUT,
    Verdict.FAILED: FAILED,
    Verdict.NO_MATCH: FAILED,
    Verdict.CANCELLED: FAILED,
    Verdict.SKIPPED: FAILED,
}


def worst(codes: Iterable[int]) -> int:
    """The code that says most, by the order of precedence; 0 for none."""
    return min(codes, key=ORDER.index, default=OK)


def code_of(outcome: InstanceOutcome) -> int:
    """The code one instance alone would end with."""
    return _CODES.get(outcome.verdict, OK) if outcome.counts else OK
