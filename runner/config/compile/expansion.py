"""A profile with its combinations, and which of them a selection means."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from runner.config.compile.matrix import Combination
from runner.config.document.profiles import ProfileSource
from runner.config.selection import Selection, unknown_labels, unknown_name
from runner.config.yaml import nodes
from runner.diagnostics import Diagnostics
from runner.errors import UsageError

#: Gives the labels of one instance.
Labels: TypeAlias = Callable[[ProfileSource, nodes.Mapping, Combination], Any]


class Expansion(NamedTuple):
    """A profile whose layers are merged and whose matrix is expanded.

    Attributes:
        names: The name of the instance of each combination; none where they are not known.
        problems: What is wrong with the values of its matrix.
    """

    profile: ProfileSource
    layers: nodes.Mapping
    combinations: list[Combination]
    names: list[str]
    problems: Diagnostics

    def selected(self, selection: Selection, labels: Labels) -> Iterator[str]:
        """The names of the instances that ``selection`` means."""
        for combination, name in zip(self.combinations, self.names, strict=True):
            if selection.has_instance(self.profile.name, name) and (
                not selection.reads_labels
                or selection.has_labels(labels(self.profile, self.layers, combination))
            ):
                yield name

    def may_mean(self, selection: Selection, labels: Labels) -> bool:
        """Whether an instance may be selected where it is not known which there are."""
        if not selection.has_profile(self.profile.name):
            return False
        if not selection.reads_labels:
            return True
        asked = dict(selection.labels)
        found = labels(self.profile, self.layers, {})
        known = {key: label for key, label in found.items() if isinstance(label, str)}
        return selection.has_labels(asked | known) and found.keys() >= asked.keys()


def missing_parts(
    selection: Selection,
    selected: Collection[str],
    expanded: list[Expansion],
    profiles: Mapping[str, ProfileSource],
    labels: Labels,
) -> Iterator[tuple[Selection, UsageError]]:
    """The parts of ``selection`` that match nothing, each with its error.

    What may match an instance that is not known, since its matrix is wrong or reads what is not
    set, is not missed: the diagnostics tell of it.
    """
    for name in selection.names + selection.exclude:
        if error := _missing_name(name, expanded, profiles):
            yield Selection((name,)), error
    if selected or not selection.reads_labels:
        return
    if any(one.may_mean(selection, labels) for one in expanded if not one.names):
        return
    known = (
        labels(one.profile, one.layers, combination)
        for one in expanded
        for combination, name in zip(one.combinations, one.names, strict=True)
        if selection.has_instance(one.profile.name, name)
    )
    part = Selection((), selection.labels, selection.without_labels)
    yield part, unknown_labels(selection, known)


def _missing_name(
    name: str, expanded: list[Expansion], profiles: Mapping[str, ProfileSource]
) -> UsageError | None:
    one = Selection((name,))
    if any(one.has_instance(each.profile.name, n) for each in expanded for n in each.names):
        return None
    profile = name.partition("[")[0]
    known = [each.profile.name for each in expanded]
    if profile in profiles:
        matching = [each for each in expanded if each.profile.name == profile]
        if not matching:
            return UsageError(f"'{name}' is abstract.", hint="Name a profile that extends it.")
        if not matching[0].names:
            return None
        known = matching[0].names
    return unknown_name(name, known)
