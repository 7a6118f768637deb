"""Sum up the outcomes of instances: quorums, exit codes, what was tested; pure."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from runner.engine.run import Run
from runner.models.outcome import InstanceOutcome, QuorumOutcome, Subject
from runner.models.verdict import FORGIVABLE, Verdict

OK, FAILED, CANNOT_RUN, TIMED_OUT, BUG, INTERRUPTED = 0, 1, 3, 4, 70, 130
#: Of several exit codes, the first of these counts.
ORDER: Final = (INTERRUPTED, BUG, CANNOT_RUN, TIMED_OUT, FAILED, OK)

_CODES: Final = {
    Verdict.UNKNOWN: CANNOT_RUN,
    Verdict.NOT_STARTED: CANNOT_RUN,
    Verdict.TIMED_OUT: TIMED_OUT,
    Verdict.FAILED: FAILED,
    Verdict.NO_MATCH: FAILED,
    Verdict.CANCELLED: FAILED,
    Verdict.SKIPPED: FAILED,
}


def worst(codes: Iterable[int]) -> int:
    """Return the exit code that takes precedence; 0 for none."""
    return min(codes, key=ORDER.index, default=OK)


def code_of(outcome: InstanceOutcome) -> int:
    """Return the exit code of one instance alone."""
    return _CODES.get(outcome.verdict, OK) if outcome.counts else OK


def tested(subject: Subject, runs: Iterable[Run]) -> Subject:
    """Return ``subject`` with the commit and environment that all instances share."""
    attempts = [run.attempt for run in runs]

    def shared(values: Iterable[str | None]) -> str:
        first, *others = set(values) or {None}
        return "" if others else first or ""

    return replace(
        subject,
        environment=shared(attempt.lookup.environment for attempt in attempts),
        commit=shared(attempt.commit for attempt in attempts),
        branch=shared(attempt.branch for attempt in attempts),
    )


def quorum_outcomes(runs: Iterable[Run]) -> tuple[QuorumOutcome, ...]:
    """Return how each profile with a quorum did, of the instances that were applied.

    A profile whose sessions still run is left out.
    """
    profiles: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        if run.settings.quorum is not None:
            profiles[run.profile].append(run)
    found = []
    for profile, members in profiles.items():
        verdicts = [run.current_outcome().verdict for run in members]
        needed = min(members[0].settings.quorum or 1, len(members))
        passed = sum(verdict.is_pass for verdict in verdicts)
        if Verdict.RUNNING not in verdicts:
            found.append(QuorumOutcome(profile, needed, passed, len(members)))
    return tuple(found)


def forgiven(runs: Iterable[Run], quorums: Iterable[QuorumOutcome]) -> tuple[InstanceOutcome, ...]:
    """Return the outcomes of ``runs``; those of a profile whose quorum passed do not count."""
    reached = {quorum.profile for quorum in quorums if quorum.reached}
    return tuple(
        replace(outcome, counts=False)
        if outcome.profile in reached and outcome.verdict in FORGIVABLE
        else outcome
        for outcome in (run.current_outcome() for run in runs)
    )
