"""A profile with its instances, and which of them a selection means."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, NamedTuple

from runner.config.compile.matrix import Combination
from runner.config.document.profiles import ProfileSource
from runner.config.selection import Selection, unknown_labels, unknown_name
from runner.config.yaml import nodes
from runner.diagnostics import Diagnostics
from runner.errors import UsageError


class Expansion(NamedTuple):
    """A profile whose layers are merged and whose matrix is expanded.

    Attributes:
        instances: The name of each instance, and its combination; none if the matrix is wrong
            or reads what is not set.
        problems: What is wrong with the values of the matrix, which matters only if the
            profile is selected.
        is_complete: Whether all its layers are known.
        labels_of: Gives the labels of an instance.
        untyped_axes: The axes that have a value without a type of its own.
    """

    profile: ProfileSource
    layers: nodes.Mapping
    instances: dict[str, Combination]
    problems: Diagnostics
    is_complete: bool
    labels_of: Callable[[Combination], dict[str, Any]]
    untyped_axes: frozenset[str]

    def selected(self, selection: Selection) -> Iterator[str]:
        """The names of the instances that ``selection`` means."""
        for name, combination in self.instances.items():
            if selection.has_instance(self.profile.name, name) and (
                not selection.reads_labels or selection.has_labels(self.labels_of(combination))
            ):
                yield name

    def may_mean(self, selection: Selection) -> bool:
        """Whether the selection may include instances that are not known."""
        if self.instances or not selection.has_profile(self.profile.name):
            return False
        if not selection.reads_labels:
            return True
        asked, found = dict(selection.labels), self.labels_of({})
        known = {key: label for key, label in found.items() if isinstance(label, str)}
        return selection.has_labels(asked | known) and found.keys() >= asked.keys()


def missing_parts(
    selection: Selection,
    selected: Collection[str],
    expanded: list[Expansion],
    profiles: Mapping[str, ProfileSource],
) -> Iterator[tuple[Selection, UsageError]]:
    """The parts of ``selection`` that match nothing, each with its error.

    What may match an instance that is not known, since its matrix is wrong or reads what is not
    set, does not count as missing: the diagnostics report the matrix.
    """
    errors = {
        name: error
        for name in selection.names + selection.exclude
        if (error := _missing_name(name, expanded, profiles))
    }
    yield from ((Selection((name,)), error) for name, error in errors.items())
    if selection.names and errors.keys() >= set(selection.names):  # none, with or without labels
        return
    if selected or not selection.reads_labels or any(one.may_mean(selection) for one in expanded):
        return
    named = Selection(selection.names, exclude=selection.exclude)
    known = (one.labels_of(one.instances[name]) for one in expanded for name in one.selected(named))
    part = Selection((), selection.labels, selection.without_labels)
    yield part, unknown_labels(selection, known)


def _missing_name(
    name: str, expanded: list[Expansion], profiles: Mapping[str, ProfileSource]
) -> UsageError | None:
    if any(any(one.selected(Selection((name,)))) for one in expanded):
        return None
    profile = name.partition("[")[0]
    instances = {one.profile.name: one.instances for one in expanded}
    if profile not in profiles:
        return unknown_name(name, instances)
    if profile not in instances:
        return UsageError(f"'{name}' is abstract.", hint="Name a profile that extends it.")
    return unknown_name(name, instances[profile]) if instances[profile] else None
