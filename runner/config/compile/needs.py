"""``needs``: which instances have to pass before which, and whether that can be."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice

from runner.config.document.profiles import ProfileSource
from runner.config.yaml.nodes import Scalar
from runner.diagnostics import MANY, Diagnostic
from runner.listing import circle_text, shorten
from runner.nearest import did_you_mean


def needed(
    selected: Iterable[str],
    names: Mapping[str, list[str]],
    profiles: Mapping[str, ProfileSource],
) -> tuple[set[str], set[str]]:
    """What ``selected`` instances need, and what these need in turn; ``names`` are of each profile.

    Returns:
        The instances, and the profiles that are meant, also where their instances are not known.
    """
    profile_of = {name: profile for profile, each in names.items() for name in each}
    instances, meant = set[str](), set[str]()
    waiting = list(selected)
    while waiting:
        for need in profiles[profile_of[waiting.pop()]].needs:
            meant.add(need.text.partition("[")[0])
            each = names.get(need.text) or ([need.text] if need.text in profile_of else [])
            new = [name for name in each if name not in instances]
            instances.update(new)
            waiting += new
    return instances, meant


def check_needs(
    profiles: Mapping[str, ProfileSource], names: Mapping[str, list[str]], *, hints: int
) -> Iterator[Diagnostic]:
    """What can't be needed, and circles.

    ``names`` are of the instances of each profile that is not abstract. For the first ``hints`` of
    the problems the name that is meant is looked for.
    """
    instances = {name for each in names.values() for name in each}
    graph: dict[str, list[Scalar]] = {}
    for profile in profiles.values():
        graph[profile.name] = []
        for need in profile.needs:
            if need.text in names or need.text in instances:
                graph[profile.name].append(need)
                continue
            if need.text.partition("[")[0] in names and not names[need.text.partition("[")[0]]:
                continue  # its matrix is wrong or not known, which is reported there
            message = f"`{shorten(need.text)}` is not a profile or instance that can run"
            hint = _hint(need.text, profiles, [*names, *instances]) if hints > 0 else None
            yield Diagnostic("unknown-profile", message, need.span, hint=hint)
            hints -= 1
    for need, circle in islice(_circles(graph), MANY):  # each takes as long as it is
        yield Diagnostic("needs-cycle", f"A profile needs itself: {circle_text(circle)}", need.span)


def _hint(need: str, profiles: Collection[str], known: Iterable[str]) -> str | None:
    if need in profiles:
        return "It is abstract; name a profile that extends it."
    return did_you_mean(need, known)


def _circles(graph: dict[str, list[Scalar]]) -> Iterator[tuple[Scalar, list[str]]]:
    """Each need that closes a circle, with the circle; no recursion, for chains may be long."""
    done: set[str] = set()
    for root, needs in graph.items():
        path = {root: 0}
        stack = [iter(needs)] if root not in done else []
        while stack:
            for need in stack[-1]:
                profile = need.text.partition("[")[0]
                if profile in path:
                    yield need, [*list(path)[path[profile] :], profile]
                elif profile not in done:
                    path[profile] = len(path)
                    stack.append(iter(graph[profile]))
                    break
            else:
                stack.pop()
                done.add(path.popitem()[0])
