"""The instances that a command means: by name, instance, wildcard or label."""

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

from runner.errors import UsageError
from runner.listing import listed
from runner.nearest import did_you_mean

#: At most so many known names are listed in a hint.
_SHOWN = 8
_LABEL = r"(?s)([^=]+?)(!?=)(.*)"


class Selection(NamedTuple):
    """What was asked for on the command line.

    Attributes:
        names: Profiles, instances or wildcards; everything when empty.
        labels: ``key=value`` pairs, all of which an instance has to have.
        without_labels: ``key!=value`` pairs, none of which an instance may have.
        exclude: Profiles, instances or wildcards that are left out.
    """

    names: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    without_labels: tuple[tuple[str, str], ...] = ()
    exclude: tuple[str, ...] = ()

    @property
    def is_everything(self) -> bool:
        """Whether nothing narrows it."""
        return not any(self)

    @property
    def is_exact(self) -> bool:
        """Whether everything in it is named in full."""
        return bool(self.names) and not self.reads_labels and not any(map(is_wildcard, self.names))

    @property
    def reads_labels(self) -> bool:
        """Whether the labels of an instance matter."""
        return bool(self.labels or self.without_labels)

    def has_profile(self, profile: str) -> bool:
        """Return whether an instance of ``profile`` may be meant."""
        profiles = [name.partition("[")[0] for name in self.names]
        return not _match(self.exclude, profile) and (
            not self.names or _match((*self.names, *profiles), profile)
        )

    def has_instance(self, profile: str, instance: str) -> bool:
        """Return whether ``instance`` of ``profile`` is meant, as far as names tell."""
        return not self.excludes(profile, instance) and (
            not self.names or _match(self.names, profile, instance)
        )

    def excludes(self, profile: str, instance: str) -> bool:
        """Return whether ``instance`` of ``profile`` is left out by its name."""
        return _match(self.exclude, profile, instance)

    def has_labels(self, labels: Mapping[str, object]) -> bool:
        """Return whether ``labels`` are those asked for."""
        return all(labels.get(key) == value for key, value in self.labels) and not any(
            labels.get(key) == value for key, value in self.without_labels
        )


def selection(
    names: Iterable[str], labels: Iterable[str], exclude: Iterable[str] = ()
) -> Selection:
    """Read what was given on the command line.

    Raises:
        UsageError: A label is neither ``key=value`` nor ``key!=value``.
    """
    pairs: dict[str, list[tuple[str, str]]] = {"=": [], "!=": []}
    for label in labels:
        found = re.fullmatch(_LABEL, label)
        if not found:
            hint = "Write it as KEY=VALUE or KEY!=VALUE."
            raise UsageError(f"'{label}' is not a label.", hint=hint)
        key, operator, value = found.groups()
        pairs[operator].append((key, value))
    return Selection(tuple(names), tuple(pairs["="]), tuple(pairs["!="]), tuple(exclude))


def is_wildcard(name: str) -> bool:
    """Return whether ``name`` has a wildcard in it."""
    return "*" in name or "?" in name


def unknown_name(name: str, known: Iterable[str]) -> UsageError:
    """Return the error for a ``name`` that matches none of the ``known``."""
    is_file = name.endswith((".yaml", ".yml"))
    hint = "Name a file with --file." if is_file else _near(name, known)
    return UsageError(f"'{name}' matches no profile of the file.", hint=hint)


def unknown_labels(selection: Selection, known: Iterable[Mapping[str, object]]) -> UsageError:
    """Return the error for the labels of ``selection``, at least one, that no instance has all of.

    ``known`` are the labels of each instance that was not left out by its name already.
    """
    items = [item for labels in known for item in labels.items()]
    pairs = dict.fromkeys(f"{key}={value}" for key, value in items if isinstance(value, str))
    unset = {key for key, value in items if not isinstance(value, str | None)}
    asked = [f"{key}={value}" for key, value in selection.labels]
    missing = [pair for pair in asked if pair not in pairs]
    what = "selected instance" if selection.names or selection.exclude else "instance"
    if missing:
        hint = _near(missing[0], pairs) or "None of them has labels."
        key = missing[0].partition("=")[0]
        if key in unset:
            hint = f"Some have a label {key!r} that reads what is not set; `runner list` names it."
        return UsageError(f"No {what} has the label {missing[0]!r}.", hint=hint)
    asked += [f"{key}!={value}" for key, value in selection.without_labels]
    verb = "has all of the labels" if len(asked) > 1 else "matches the label"
    return UsageError(f"No {what} {verb} {listed(map(repr, asked))}.")


def _near(name: str, known: Iterable[str]) -> str | None:
    """Return a hint with the nearest known name, or with the first few of all."""
    candidates = list(known)
    more = len(candidates) - _SHOWN
    shown = candidates[:_SHOWN] + ([f"{more} more"] if more > 0 else [])
    return did_you_mean(name, candidates) or (f"The file has {listed(shown)}." if shown else None)


def _match(patterns: Iterable[str], *names: str) -> bool:
    """Return whether a name matches a pattern, in which ``*`` and ``?`` are wildcards."""
    literal = [pattern.replace("[", "[[]") for pattern in patterns]
    return any(fnmatchcase(name, pattern) for pattern in literal for name in names)
