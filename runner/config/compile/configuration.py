"""The whole way of a file: documents → structure → layers → instances."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from runner.config.compile.compiler import Compiler
from runner.config.compile.matrix import Combination, instance_name
from runner.config.compile.taint import SecretFlow
from runner.config.document.layers import Layers, canonical
from runner.config.document.profiles import ProfileSource, Structure, circle_text
from runner.config.selection import Selection, unknown_labels, unknown_name
from runner.config.templates.scope import Scope
from runner.config.yaml.nodes import Mapping, Scalar
from runner.diagnostics import Diagnostics, Related
from runner.errors import UsageError
from runner.models.instance import Instance
from runner.nearest import did_you_mean


@dataclass(frozen=True, slots=True)
class Compiled:
    """What a selection compiled to.

    Attributes:
        instances: In file order.
        pulled_in: Names of those that were not selected but are needed.
        all_names: Every instance the file declares, so that a record without one is removed.
        open_profiles: Profiles whose instances are not known, for their matrix reads what is
            not set.
    """

    instances: tuple[Instance, ...]
    pulled_in: frozenset[str]
    all_names: frozenset[str]
    open_profiles: frozenset[str] = frozenset()


#: What is wrong with the values of a matrix that is not there.
_NONE = Diagnostics()


class _Expanded(NamedTuple):
    """A profile with its combinations, and what is wrong with the values of its matrix."""

    profile: ProfileSource
    layers: Mapping
    combinations: list[Combination]
    names: list[str]
    problems: Diagnostics


class Configuration:
    """A file that was read, ready to be compiled."""

    def __init__(
        self, structure: Structure, scope: Scope, compiler: Compiler, diagnostics: Diagnostics
    ) -> None:
        self._structure = structure
        self._compiler = compiler
        self._diagnostics = diagnostics
        self._layers = Layers(structure, diagnostics)
        self._flow = SecretFlow(scope, compiler.feeds, structure.public_env, diagnostics)

    @property
    def secret_sources(self) -> frozenset[str]:
        """Names from outside, such as ``var.token``, that feed a secret; known once compiled."""
        return self._flow.sources

    def check(self) -> int:
        """Judge everything the file declares, keeping nothing; returns how many instances."""
        count = 0
        for expanded in self._expand_all(judge_layers=True):
            self._diagnostics.extend(expanded.problems)
            self._compiler.judge(expanded.profile, expanded.layers, expanded.combinations)
            count += len(expanded.names)
        return count

    def compile(
        self,
        selection: Selection,
        *,
        with_needs: bool = True,
        unknown: dict[Selection, UsageError] | None = None,
    ) -> Compiled:
        """Compile what ``selection`` means, and what that needs.

        Errors of structure are found everywhere, errors of value only in what is compiled.

        Args:
            selection: What is asked for.
            with_needs: Whether to pull in what the selected instances need.
            unknown: Takes each part of the selection that matches nothing, with its error,
                which is raised otherwise.

        Raises:
            UsageError: A name matches nothing, or nothing has the labels.
        """
        expanded = list(self._expand_all())
        selected = {name for one in expanded for name in self._selected(one, selection)}
        missing = dict(self._missing(selection, expanded, selected))
        if unknown is not None:
            unknown.update(missing)
        elif missing:
            raise next(iter(missing.values()))
        profiles = {one.profile.name for one in expanded if self._may_mean(one, selection)}
        wanted = set(selected)
        if with_needs:
            wanted |= self._needed(selected, expanded, profiles)
        for one in expanded:
            if one.profile.name in profiles:
                self._diagnostics.extend(one.problems)
        instances = tuple(
            instance
            for one in expanded
            if not wanted.isdisjoint(one.names)
            for instance in self._compiler.instances(
                one.profile,
                one.layers,
                [
                    combination
                    for combination, name in zip(one.combinations, one.names, strict=True)
                    if name in wanted
                ],
                len(one.names),
            )
        )
        return Compiled(
            instances,
            frozenset(wanted - selected),
            frozenset(name for one in expanded for name in one.names),
            frozenset(one.profile.name for one in expanded if not one.names),
        )

    def _expand_all(self, *, judge_layers: bool = False) -> Iterator[_Expanded]:
        """Every concrete profile with its combinations."""
        expansions: dict[str, list[str]] = {}
        for key, node in self._structure.defaults:
            defaults = canonical(node, self._diagnostics)
            self._flow.add_defaults(defaults)
            if judge_layers:
                self._compiler.judge_literals(defaults, key)
        for profile in self._structure.profiles.values():
            layers = self._layers.effective(profile)
            self._flow.add(layers)
            problems = Diagnostics() if "matrix" in layers.values else _NONE
            combinations = self._compiler.combinations(profile, layers, problems)
            self._check_matrix(profile, layers)
            if profile.abstract:
                if judge_layers:
                    self._compiler.judge_literals(layers, profile.key, profile.name)
                continue
            names = [instance_name(profile.name, combination) for combination in combinations]
            expansions[profile.name] = names
            yield _Expanded(profile, layers, combinations, names, problems)
        self._flow.check()
        self._check_needs(expansions)

    def _check_matrix(self, profile: ProfileSource, layers: Mapping) -> None:
        """Refuse a key that is set beside, or above, the matrix that sets it too."""
        matrix = layers.values.get("matrix")
        if not isinstance(matrix, Mapping):
            return
        for layer in self._layers.down_to(profile, "matrix"):
            for axis in matrix.values:
                if axis in layer.values:
                    self._diagnostics.error(
                        "set-by-matrix",
                        f"`{axis}` is set by the matrix already",
                        layer.key_span(axis),
                        hint="keep one of the two",
                        related=(Related(matrix.key_span(axis), "set here"),),
                    )

    def _selected(self, expanded: _Expanded, selection: Selection) -> Iterator[str]:
        profile = expanded.profile
        for combination, name in zip(expanded.combinations, expanded.names, strict=True):
            if selection.has_instance(profile.name, name) and (
                not selection.labels
                or selection.has_labels(
                    self._compiler.labels(profile, expanded.layers, combination)
                )
            ):
                yield name

    def _may_mean(self, expanded: _Expanded, selection: Selection) -> bool:
        """Whether an instance may be selected, also where it is not known which there are."""
        if not selection.has_profile(expanded.profile.name):
            return False
        if not selection.labels or expanded.names:
            return True
        labels = self._compiler.labels(expanded.profile, expanded.layers, {})
        return (
            selection.has_labels(
                dict(selection.labels)
                | {key: label for key, label in labels.items() if isinstance(label, str)}
            )
            and labels.keys() >= dict(selection.labels).keys()
        )

    def _missing(
        self, selection: Selection, expanded: list[_Expanded], selected: set[str]
    ) -> Iterator[tuple[Selection, UsageError]]:
        """The parts of ``selection`` that match nothing, each with its error."""
        yield from self._missing_names(selection, expanded)
        if not selection.labels or selected or self._diagnostics.errors:
            return
        if any(self._may_mean(one, selection) for one in expanded if not one.names):
            return  # its matrix is not known, which the diagnostics say
        labels = (
            self._compiler.labels(one.profile, one.layers, combination)
            for one in expanded
            for combination, name in zip(one.combinations, one.names, strict=True)
            if selection.has_instance(one.profile.name, name)
        )
        yield Selection((), selection.labels), unknown_labels(selection, labels)

    def _missing_names(
        self, selection: Selection, expanded: list[_Expanded]
    ) -> Iterator[tuple[Selection, UsageError]]:
        for name in selection.names:
            one = Selection((name,))
            if any(one.has_instance(e.profile.name, n) for e in expanded for n in e.names):
                continue
            known = [profile.profile.name for profile in expanded]
            if name.partition("[")[0] in self._structure.profiles:
                matching = [e for e in expanded if e.profile.name == name.partition("[")[0]]
                if not matching:
                    yield one, _abstract(name)
                    continue
                if not matching[0].combinations:
                    continue  # its matrix is wrong, which the diagnostics say
                known = matching[0].names
            yield one, unknown_name(name, known)

    def _needed(
        self, selected: Iterable[str], expanded: list[_Expanded], profiles: set[str]
    ) -> set[str]:
        """The instances that ``selected`` ones need, and those that these need.

        Their profiles are added to ``profiles``.
        """
        by_profile = {one.profile.name: one for one in expanded}
        profile_of = {name: one.profile for one in expanded for name in one.names}
        wanted: set[str] = set()
        waiting = list(selected)
        while waiting:
            for need in profile_of[waiting.pop()].needs:
                one = by_profile.get(need.text)
                profiles.add(need.text.partition("[")[0])
                names = one.names if one else [need.text] if need.text in profile_of else []
                new = [name for name in names if name not in wanted]
                wanted.update(new)
                waiting += new
        return wanted

    def _check_needs(self, expansions: dict[str, list[str]]) -> None:
        instances = {name for names in expansions.values() for name in names}
        graph: dict[str, list[Scalar]] = {}
        for profile in self._structure.profiles.values():
            graph[profile.name] = []
            for need in profile.needs:
                if need.text in expansions or need.text in instances:
                    graph[profile.name].append(need)
                else:
                    self._diagnostics.error(
                        "unknown-profile",
                        f"`{need.text}` is not a profile or instance that can run",
                        need.span,
                        hint=self._hint_for_need(need.text, expansions, instances),
                    )
        for need, circle in _circles(graph):
            self._diagnostics.error(
                "needs-cycle", f"A profile needs itself: {circle_text(circle)}", need.span
            )

    def _hint_for_need(
        self, need: str, profiles: Iterable[str], instances: Iterable[str]
    ) -> str | None:
        if need in self._structure.profiles:
            return "it is abstract, there to be extended"
        if not self._diagnostics.wants_hints:
            return None
        return did_you_mean(need, [*profiles, *instances])


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


def _abstract(name: str) -> UsageError:
    return UsageError(
        f"'{name}' is abstract.", hint="It is there to be extended; name a profile that does."
    )
