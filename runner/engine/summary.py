"""Sum up the outcomes of instances: quorums, what they forgive, what was tested; pure."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeAlias

from runner.engine.run import Run
from runner.models.outcome import InstanceOutcome, QuorumOutcome, Subject
from runner.models.verdict import FORGIVABLE, Verdict

End: TypeAlias = tuple[Run, InstanceOutcome]


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


def quorum_outcomes(ends: Iterable[End]) -> tuple[QuorumOutcome, ...]:
    """Return how each profile with a quorum did, of the instances that were applied.

    A profile whose sessions still run is left out.
    """
    profiles: dict[str, list[End]] = {}
    for run, outcome in ends:
        if run.settings.quorum is not None:
            profiles.setdefault(run.profile, []).append((run, outcome))
    return tuple(
        QuorumOutcome(
            profile=profile,
            needed=min(members[0][0].settings.quorum or 1, len(members)),
            passed=sum(outcome.verdict.is_pass for _, outcome in members),
            total=len(members),
        )
        for profile, members in profiles.items()
        if all(outcome.verdict is not Verdict.RUNNING for _, outcome in members)
    )


def forgive(
    instances: Iterable[InstanceOutcome], quorums: Sequence[QuorumOutcome]
) -> tuple[InstanceOutcome, ...]:
    """Return ``instances``, where those of a profile whose quorum passed no longer count."""
    reached = {quorum.profile for quorum in quorums if quorum.reached}
    return tuple(
        replace(outcome, counts=False)
        if outcome.profile in reached and outcome.verdict in FORGIVABLE
        else outcome
        for outcome in instances
    )
