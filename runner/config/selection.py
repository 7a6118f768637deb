"""Which instances a command means: by name, by instance, by wildcard, by label."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import translate

from runner.errors import UsageError
from runner.listing import listed
from runner.nearest import did_you_mean

#: So many known names are told at most.
_SHOWN = 8
_WILDCARDS = re.compile(r"[*?]")


@dataclass(frozen=True, slots=True)
class Selection:
    """What was asked for on the command line.

    Attributes:
        names: Profiles, instances or wildcards; everything when empty.
        labels: ``key=value`` pairs, all of which an instance has to have.
    """

    names: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()

    @property
    def is_everything(self) -> bool:
        """Whether nothing narrows it."""
        return not self.names and not self.labels

    @property
    def is_exact(self) -> bool:
        """Whether everything in it is named in full."""
        return bool(self.names) and not self.labels and not any(map(is_wildcard, self.names))

    def has_profile(self, profile: str) -> bool:
        """Whether an instance of ``profile`` may be meant."""
        return not self.names or any(
            _matches(name, profile) or _matches(name.partition("[")[0], profile)
            for name in self.names
        )

    def has_instance(self, profile: str, instance: str) -> bool:
        """Whether ``instance`` of ``profile`` is meant, as far as names tell."""
        return not self.names or any(
            _matches(name, profile) or _matches(name, instance) for name in self.names
        )

    def has_labels(self, labels: Mapping[str, object]) -> bool:
        """Whether ``labels`` are those asked for."""
        return all(labels.get(key) == value for key, value in self.labels)


def selection(names: Iterable[str], labels: Iterable[str]) -> Selection:
    """Read what was given on the command line.

    Raises:
        UsageError: A label is not ``key=value``.
    """
    pairs = []
    for label in labels:
        key, equals, value = label.partition("=")
        if not equals or not key:
            raise UsageError(f"'{label}' is not a label.", hint="Write it as KEY=VALUE.")
        pairs.append((key, value))
    return Selection(tuple(names), tuple(pairs))


def is_wildcard(name: str) -> bool:
    """Whether ``name`` stands for more than itself."""
    return bool(_WILDCARDS.search(name))


def unknown_name(name: str, known: Iterable[str]) -> UsageError:
    """The error for a ``name`` that matches nothing of what is ``known``."""
    return UsageError(f"'{name}' matches no profile of the file.", hint=_near(name, known))


def unknown_labels(selection: Selection, known: Iterable[Mapping[str, object]]) -> UsageError:
    """The error for the labels of ``selection`` that no instance has all of.

    Args:
        selection: With at least one label.
        known: The labels of each instance that was not left out by its name already.
    """
    pairs = {
        f"{key}={value}": None
        for labels in known
        for key, value in labels.items()
        if isinstance(value, str)
    }
    asked = [f"{key}={value}" for key, value in selection.labels]
    missing = [pair for pair in asked if pair not in pairs]
    what = "selected instance" if selection.names else "instance"
    if not missing:
        return UsageError(f"No {what} has all of the labels {listed(map(repr, asked))}.")
    return UsageError(
        f"No {what} has the label {missing[0]!r}.",
        hint=_near(missing[0], pairs) or "None of them has labels.",
    )


def _near(name: str, known: Iterable[str]) -> str | None:
    """The nearest known name, or the first few of all that there are."""
    candidates = list(known)
    if near := did_you_mean(name, candidates):
        return near
    more = len(candidates) - _SHOWN
    shown = candidates[:_SHOWN] + ([f"{more} more"] if more > 0 else [])
    return f"There is {listed(shown)}." if shown else None


def _matches(pattern: str, name: str) -> bool:
    if pattern == name:
        return True
    if not is_wildcard(pattern):
        return False
    # Not a pattern of one's own: with many stars that takes time that grows beyond measure.
    return re.match(translate(pattern.replace("[", "[[]")), name) is not None
