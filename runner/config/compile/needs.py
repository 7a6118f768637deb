"""``needs``: which instances must pass before others, and whether that is possible."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice

from runner.config.document.profiles import ProfileSource, Structure
from runner.config.selection import Selection
from runner.config.yaml.nodes import Scalar
from runner.diagnostics import MANY, Diagnostic
from runner.graph import depth_first
from runner.listing import cycle_text, shorten
from runner.nearest import did_you_mean


def needed(
    selected: Iterable[str],
    names: Mapping[str, list[str]],
    profiles: Mapping[str, ProfileSource],
    selection: Selection,
) -> tuple[set[str], set[str]]:
    """What ``selected`` instances need, and what these need in turn; ``names`` are of each profile.

    What ``selection`` excludes is left out, and so is what only that needs.

    Returns:
        The instances, and the profiles that are meant, also where their instances are not known.
    """
    profile_of = {name: profile for profile, each in names.items() for name in each}
    instances, meant = set[str](), set[str]()
    waiting = list(selected)
    while waiting:
        for need in profiles[profile_of[waiting.pop()]].needs:
            profile = _profile(need)
            if selection.excludes(profile, need.text):
                continue
            meant.add(profile)
            each = names.get(need.text) or ([need.text] if need.text in profile_of else [])
            new = [
                name
                for name in each
                if name not in instances and not selection.excludes(profile, name)
            ]
            instances.update(new)
            waiting += new
    return instances, meant


def check_needs(
    structure: Structure, names: Mapping[str, list[str]], *, hints: int
) -> Iterator[Diagnostic]:
    """Yield needs that can't be met, and cycles.

    ``names`` are those of the instances of each profile that is not abstract. The first ``hints``
    problems get a hint. A file that can't be read may declare what is unknown.
    """
    instances = {name for each in names.values() for name in each}
    profiles = structure.profiles
    graph: dict[str, list[Scalar]] = {}
    for profile in profiles.values():
        graph[profile.name] = []
        for need in profile.needs:
            if need.text in names or need.text in instances:
                graph[profile.name].append(need)
                continue
            if names.get(_profile(need)) == []:
                continue  # its matrix is wrong or not known, which is reported there
            if not structure.is_complete and _profile(need) not in profiles:
                continue
            message = f"`{shorten(need.text)}` is not a profile or instance that can run"
            hint = _hint(need.text, profiles, [*names, *instances]) if hints > 0 else None
            yield Diagnostic("unknown-profile", message, need.span, hint=hint)
            hints -= 1
    targets = {name: list(map(_profile, needs)) for name, needs in graph.items()}
    cycles = (cycle for _, cycle in depth_first(targets) if cycle)
    for cycle in islice(cycles, MANY):  # the time for each grows with its length
        message = f"A profile needs itself: {cycle_text([*cycle, cycle[0]])}"
        for need in graph[cycle[-1]]:
            if _profile(need) == cycle[0]:
                yield Diagnostic("needs-cycle", message, need.span)


def _profile(need: Scalar) -> str:
    return need.text.partition("[")[0]


def _hint(need: str, profiles: Collection[str], known: Iterable[str]) -> str | None:
    if need in profiles:
        return "It is abstract; name a profile that extends it."
    return did_you_mean(need, known)
