"""The order of starts: ``needs`` as a graph of instances."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from runner.engine.run import Run
from runner.errors import UsageError
from runner.listing import cycle_text
from runner.models.outcome import InstanceOutcome


class Gate:
    """Opens once enough of the needed instances passed, and shuts once they no longer can.

    ``name`` is what the dependents call them; ``is_met`` holds once ``decided`` is set.
    """

    def __init__(self, name: str, instances: Sequence[str], needed: int) -> None:
        self.name = name
        self.instances = tuple(instances)
        self.needed = min(needed, len(self.instances))
        self.is_met = False
        self.decided = asyncio.Event()
        self._passed, self._left = 0, len(self.instances)

    def note(self, outcome: InstanceOutcome) -> None:
        """Note the outcome of one of ``instances``; a failure that is allowed satisfies."""
        self._left -= 1
        self._passed += outcome.verdict.is_pass or not outcome.counts
        self.is_met = self._passed >= self.needed
        if self.is_met or self._passed + self._left < self.needed:
            self.decided.set()


def gates(runs: Sequence[Run]) -> dict[str, tuple[Gate, ...]]:
    """Return the gates that each run waits for; a need that is not among ``runs`` is met.

    Raises:
        UsageError: Some wait for one another in a cycle.
    """
    profiles: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        profiles[run.profile].append(run)
    names = {run.name for run in runs}
    made: dict[str, Gate] = {}
    for need in {need for run in runs for need in run.settings.needs}:
        if members := profiles.get(need):
            quorum = members[0].settings.quorum or len(members)
            made[need] = Gate(need, [member.name for member in members], quorum)
        elif need in names:
            made[need] = Gate(need, [need], 1)
    found = {
        run.name: tuple(made[need] for need in run.settings.needs if need in made) for run in runs
    }
    _refuse_cycles(found)
    return found


def by_member(waiting: Mapping[str, tuple[Gate, ...]]) -> dict[str, list[Gate]]:
    """Return the gates that each instance's outcome counts for."""
    members: dict[str, list[Gate]] = defaultdict(list)
    for gate in {gate for mine in waiting.values() for gate in mine}:
        for name in gate.instances:
            members[name].append(gate)
    return members


def _refuse_cycles(waiting: Mapping[str, tuple[Gate, ...]]) -> None:
    graph: TopologicalSorter[str | Gate] = TopologicalSorter(waiting)
    for gate in {gate for mine in waiting.values() for gate in mine}:
        graph.add(gate, *gate.instances)
    try:
        graph.prepare()
    except CycleError as error:
        cycle = [each for each in reversed(error.args[1][1:]) if isinstance(each, str)]
        raise UsageError(
            f"Some instances wait for one another: {cycle_text([*cycle, cycle[0]])}.",
            hint="Take one of these names out of the profiles' needs.",
        ) from None
