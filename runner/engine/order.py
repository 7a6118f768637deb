"""Who waits for whom: ``needs`` as a graph of instances. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from runner.errors import UsageError
from runner.models.outcome import InstanceOutcome
from runner.models.settings import Settings


@dataclass(frozen=True, slots=True)
class Member:
    """An instance as far as order and quorum care."""

    name: str
    profile: str
    settings: Settings


@dataclass(frozen=True, slots=True)
class Need:
    """What has to pass first: ``needed`` of ``instances``.

    Attributes:
        name: As the profile spells it: a profile or an instance.
    """

    name: str
    instances: tuple[str, ...]
    needed: int

    def is_met(self, outcomes: Mapping[str, InstanceOutcome]) -> bool:
        """Whether enough of ``instances`` passed, or failed in a way that is allowed."""
        return sum(satisfies(outcomes[name]) for name in self.instances) >= self.needed


def satisfies(outcome: InstanceOutcome) -> bool:
    """Whether an outcome lets those who need the instance go on."""
    return outcome.verdict.is_pass or not outcome.counts


def needs(members: Sequence[Member]) -> dict[str, tuple[Need, ...]]:
    """What each member needs of the others; a need that is not among them counts as met.

    Raises:
        UsageError: Some wait for one another in a circle.
    """
    names = {member.name for member in members}
    profiles: dict[str, list[Member]] = {}
    for member in members:
        profiles.setdefault(member.profile, []).append(member)
    found: dict[str, tuple[Need, ...]] = {}
    for member in members:
        mine = []
        for need in member.settings.needs:
            if need in profiles:
                together = profiles[need]
                needed = min(together[0].settings.quorum or len(together), len(together))
                mine.append(Need(need, tuple(m.name for m in together), needed))
            elif need in names:
                mine.append(Need(need, (need,), 1))
        found[member.name] = tuple(mine)
    _refuse_circles(found)
    return found


def needed_by_others(graph: Mapping[str, Iterable[Need]]) -> frozenset[str]:
    """Every instance that another one waits for."""
    return frozenset(name for mine in graph.values() for need in mine for name in need.instances)


def _refuse_circles(graph: Mapping[str, Iterable[Need]]) -> None:
    done: set[str] = set()
    for start in graph:
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
                stack += [(other, False) for need in graph[name] for other in need.instances]
