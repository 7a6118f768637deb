"""The order of starts: ``needs`` as a graph of instances."""

import asyncio
from collections.abc import Mapping, Sequence

from runner.engine.run import Run
from runner.errors import UsageError
from runner.models.outcome import InstanceOutcome


class Gate:
    """Opens when enough of those that are needed passed, and shuts when they can't any more.

    Attributes:
        name: The profile or instance, as those that need it spell it.
        instances: The instances that are needed.
        needed: How many of them have to pass.
        is_met: Whether enough passed, once ``decided``.
    """

    def __init__(self, name: str, instances: Sequence[str], needed: int) -> None:
        self.name = name
        self.instances = tuple(instances)
        self.needed = needed
        self.is_met = False
        self.decided = asyncio.Event()
        self._passed, self._left = 0, len(self.instances)

    def note(self, outcome: InstanceOutcome) -> None:
        """Take in the outcome of one of ``instances``."""
        self._left -= 1
        self._passed += satisfies(outcome)
        self.is_met = self._passed >= self.needed
        if self.is_met or self._passed + self._left < self.needed:
            self.decided.set()


def satisfies(outcome: InstanceOutcome) -> bool:
    """Whether an outcome lets those who need the instance go on."""
    return outcome.verdict.is_pass or not outcome.counts


def gates(runs: Sequence[Run]) -> dict[str, tuple[Gate, ...]]:
    """The gates that each run waits for; a need that is not among ``runs`` counts as met.

    Raises:
        UsageError: Some wait for one another in a circle.
    """
    profiles: dict[str, list[Run]] = {}
    for run in runs:
        profiles.setdefault(run.profile, []).append(run)
    names = {run.name for run in runs}
    made: dict[str, Gate] = {}
    found: dict[str, tuple[Gate, ...]] = {}
    for run in runs:
        for need in run.settings.needs:
            if need in made:
                continue
            if need in profiles:
                together = profiles[need]
                quorum = together[0].settings.quorum or len(together)
                members = [member.name for member in together]
                made[need] = Gate(need, members, min(quorum, len(members)))
            elif need in names:
                made[need] = Gate(need, [need], 1)
        found[run.name] = tuple(made[need] for need in run.settings.needs if need in made)
    _refuse_circles(found)
    return found


def by_member(waiting: Mapping[str, tuple[Gate, ...]]) -> dict[str, list[Gate]]:
    """The gates that each instance's outcome counts for."""
    members: dict[str, list[Gate]] = {}
    for gate in {id(gate): gate for mine in waiting.values() for gate in mine}.values():
        for name in gate.instances:
            members.setdefault(name, []).append(gate)
    return members


def _refuse_circles(waiting: Mapping[str, tuple[Gate, ...]]) -> None:
    done: set[str] = set()
    for start in waiting:
        way: list[str] = []
        stack = [(start, False)]
        while stack:
            name, is_left = stack.pop()
            if is_left:
                done.add(way.pop())
            elif name in way:
                circle = " → ".join([*way[way.index(name) :], name])
                raise UsageError(
                    f"Some instances wait for one another: {circle}.",
                    hint="Take one of these names out of the profiles' needs.",
                )
            elif name not in done:
                way.append(name)
                stack.append((name, True))
                stack += [(other, False) for gate in waiting[name] for other in gate.instances]
