"""From the outcomes of instances to the outcome of the whole."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from runner.engine.control.context import Context
from runner.engine.results import exit_code
from runner.engine.run import Run
from runner.models.outcome import ApplyOutcome, InstanceOutcome, QuorumOutcome, Subject
from runner.models.verdict import FORGIVABLE, Verdict

End: TypeAlias = tuple[Run, InstanceOutcome]


def sum_up(
    context: Context, apply_id: str, started_at: datetime, ends: Sequence[End], is_troubled: bool
) -> ApplyOutcome:
    """Build the outcome of an apply.

    Args:
        context: The outside world.
        apply_id: The apply.
        started_at: When it began.
        ends: What came of each instance.
        is_troubled: Whether the state could not be written after a session had started.
    """
    interrupted = context.stop.gently.is_set()
    quorums = quorum_outcomes(ends)
    instances = forgive([outcome for _, outcome in ends], quorums)
    codes = [exit_code.code_of(outcome) for outcome in instances]
    codes += [exit_code.CANNOT_RUN] * is_troubled + [exit_code.INTERRUPTED] * interrupted
    return ApplyOutcome(
        apply_id=apply_id,
        started_at=started_at,
        stopped_at=context.clock.now(),
        instances=tuple(instances),
        quorums=quorums,
        exit_code=exit_code.worst(codes),
        interrupted=interrupted,
        detached=context.options.detach,
        tested=_tested(context, [run for run, _ in ends]),
    )


def _tested(context: Context, runs: Sequence[Run]) -> Subject:
    """What was tested, with the commit and environment that all instances share."""

    def shared(values: Iterable[str | None]) -> str:
        found = set(values)
        return (found.pop() or "") if len(found) == 1 else ""

    attempts = [run.attempt for run in runs]
    return replace(
        context.tested,
        environment=shared(attempt.lookup.environment for attempt in attempts),
        commit=shared(attempt.commit for attempt in attempts),
        branch=shared(attempt.branch for attempt in attempts),
    )


def quorum_outcomes(ends: Sequence[End]) -> tuple[QuorumOutcome, ...]:
    """How each profile with a quorum did, of the instances that were applied.

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
    instances: Sequence[InstanceOutcome], quorums: Sequence[QuorumOutcome]
) -> list[InstanceOutcome]:
    """``instances``, where those of a profile whose quorum passed count no more."""
    reached = {quorum.profile for quorum in quorums if quorum.reached}
    return [
        replace(outcome, counts=False)
        if outcome.profile in reached and outcome.verdict in FORGIVABLE
        else outcome
        for outcome in instances
    ]
