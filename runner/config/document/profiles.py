"""Documents → profiles and variables by name, with the checks that need no merged layers.

Everything found here is an error of structure: it stops an apply of anything that the file with
the mistake has a part in.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from runner.config.document.keys import DEFAULTS_KEYS, PROFILE_KEYS, ROOT_KEYS, WARNINGS
from runner.config.document.layer_checks import LayerChecks
from runner.config.document.load import Documents
from runner.config.document.notify import Notification, read_notifications
from runner.config.document.variables import canonical
from runner.config.yaml.nodes import Mapping, Node, Scalar, Sequence, is_null, items_of, pairs_of
from runner.diagnostics import Diagnostics, Related
from runner.graph import depth_first
from runner.listing import cycle_text, shorten
from runner.nearest import did_you_mean
from runner.source import Source, Span

PROFILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
#: Also in the JSON Schema; only the store can check more of it.
STATE_ADDRESS = r"^(file|s3|gs|az)://.*[^/]"
#: Also in the JSON Schema.
PROJECT = r"^[a-z0-9][a-z0-9-]{0,62}$"


class ProfileSource(NamedTuple):
    """A profile as the file declares it.

    Attributes:
        key: The place of its name.
        defaults: The ``defaults`` of its document, in canonical form.
        extends, needs: The nodes of the names given there.
    """

    name: str
    key: Span
    node: Mapping
    defaults: Mapping
    abstract: bool
    extends: tuple[Scalar, ...]
    needs: tuple[Scalar, ...]


@dataclass(slots=True, eq=False, repr=False)
class Structure:
    """What a configuration declares, by name.

    Attributes:
        main: The text of the main file.
        is_complete: Whether every included file could be read.
        defaults: The ``defaults`` of each file, in canonical form, with the place of their key.
        project: Its name for this project; ``None`` if it has none.
        moved: Old names of profiles → the names they have now.
        state: Address of the store that the file names.
    """

    main: Source
    is_complete: bool = True
    variables: dict[str, Node] = field(default_factory=dict)
    profiles: dict[str, ProfileSource] = field(default_factory=dict)
    defaults: list[tuple[Span, Mapping]] = field(default_factory=list)
    public_env: frozenset[str] = frozenset()
    project: str | None = None
    moved: dict[str, str] = field(default_factory=dict)
    state: str | None = None
    notifications: tuple[Notification, ...] = ()

    def quarantines(self) -> Iterator[tuple[str, Span]]:
        """Yield the quarantined checks, as the file names them, and where."""
        layers = [own.node for own in self.profiles.values()]
        for layer in [*layers, *(node for _, node in self.defaults)]:
            for entry in items_of(layer.values.get("quarantine")):
                check = pairs_of(entry).get("check")
                if isinstance(check, Scalar):
                    yield check.text.replace("$$<", "$<"), check.span


def read_structure(documents: Documents, diagnostics: Diagnostics) -> Structure:
    """Return what ``documents`` declare; ``diagnostics`` takes the mistakes."""
    main = documents.main.root
    reader = _Reader(main, diagnostics, is_complete=documents.is_complete)
    reader.read_root(main)
    for document in documents:
        reader.read(document.root)
    reader.read_moved(main)
    reader.check_profiles(main)
    return reader.structure


class _Reader:
    def __init__(self, main: Mapping, diagnostics: Diagnostics, *, is_complete: bool) -> None:
        self._diagnostics = diagnostics
        self._error = diagnostics.error
        self._checks = LayerChecks(diagnostics)
        self.structure = Structure(main.source, is_complete)

    def read_root(self, root: Mapping) -> None:
        """Take over what only the main file may declare."""
        structure, values = self.structure, root.values
        extensions = {key for key in values if key.startswith("x-")}
        self._checks.known_keys(root, ROOT_KEYS | extensions, "here")
        self._check_version(root)
        public = self._names(values.get("publicEnv"), "publicEnv", single=False)
        structure.public_env = frozenset(name.text for name in public)
        self._diagnostics.ignored = frozenset(self._ignored(values.get("ignore")))
        structure.state = self._pattern(
            values.get("state"),
            STATE_ADDRESS,
            "`state` must be the address of a store",
            "Write file://folder, s3://bucket/prefix, gs://bucket/prefix or az://container.",
        )
        structure.notifications = read_notifications(values.get("notify"), self._diagnostics)
        structure.project = self._pattern(
            values.get("project"),
            PROJECT,
            "`project` must be a name",
            "Use 1 to 63 lowercase letters, digits and hyphens, and start with a letter or digit.",
        )

    def read(self, root: Mapping) -> None:
        """Take over what any file may declare."""
        self._read_variables(self._mapping(root, "variables"))
        defaults = self._mapping(root, "defaults")
        if defaults.values:
            self._checks.check(defaults, DEFAULTS_KEYS, "in defaults")
            defaults = canonical(defaults)
            self.structure.defaults.append((root.key_span("defaults"), defaults))
        profiles = self._mapping(root, "profiles")
        for name, node in profiles.values.items():
            self._read_profile(name, profiles.key_span(name), node, defaults)

    def read_moved(self, root: Mapping) -> None:
        """Take over which profiles were renamed, each with the name it has now."""
        moved = self._mapping(root, "moved")
        profiles = self.structure.profiles
        given: dict[str, str] = {}
        for old, node in moved.values.items():
            if isinstance(node, Scalar) and isinstance(node.value, str):
                given[old] = node.text
            else:
                self._wrong_type(node, "An entry of `moved` maps an old name to a new one")
        for old, new in given.items():
            if old in profiles:
                message = f"`{shorten(old)}` is still a profile, so it was not renamed"
                related = (Related(profiles[old].key, "the profile"),)
                self._error("bad-move", message, moved.key_span(old), related=related)
            elif new not in profiles and new not in given and self.structure.is_complete:
                near = did_you_mean(new, profiles) if self._diagnostics.wants_hints else None
                message = f"`{shorten(new)}` is not a profile"
                hint = near or "Remove this entry: the profile is gone."
                self._error("bad-move", message, moved.values[old].span, hint=hint)
        final: dict[str, str | None] = {}
        for old, cycle in depth_first({old: [given[old]] for old in given if old not in profiles}):
            if cycle:
                message = f"These renames form a cycle: {cycle_text([*cycle, old])}"
                self._error("bad-move", message, moved.key_span(old))
            else:
                new = given[old]
                final[old] = new if new in profiles else final.get(new)
        self.structure.moved = {old: name for old, name in final.items() if name}

    def check_profiles(self, root: Mapping) -> None:
        """Refuse a configuration without a profile, unless a mistake found earlier hides it."""
        if self._diagnostics.has_errors:
            return
        where = root.key_span("profiles" if "profiles" in root.keys else next(iter(root.keys)))
        if not self.structure.profiles:
            hint = "Add one under `profiles:`, or include a file that has some."
            self._error("no-profile", "This file declares no profile", where, hint=hint)
        elif all(profile.abstract for profile in self.structure.profiles.values()):
            message = "Every profile is abstract, so there is nothing to apply"
            hint = "Add a profile that extends one of them."
            self._diagnostics.warning("no-profile", message, where, hint=hint)

    def _ignored(self, node: Node | None) -> Iterator[str]:
        """Yield the codes of warnings to leave out.

        One that silences nothing today is fine: many depend on the day and the environment.
        """
        for code in self._names(node, "ignore", single=False):
            if code.text in WARNINGS:
                yield code.text
                continue
            message = f"`{shorten(code.text)}` is not the code of a warning"
            hint = did_you_mean(code.text, WARNINGS) or "Errors can't be ignored."
            self._error("bad-value", message, code.span, hint=hint)

    def _check_version(self, root: Mapping) -> None:
        version = root.values.get("version")
        if version is None:
            hint = "Begin the file with `version: 1`."
            self._error("missing-key", "`version` is missing", root.span, hint=hint)
        elif not isinstance(version, Scalar) or (version.text, version.value) != ("1", 1):
            message = "This release can read only version 1 of the file"
            hint = "Write `version: 1`, or use the release that the file was written for."
            self._error("unknown-version", message, version.span, hint=hint)

    def _pattern(self, node: Node | None, pattern: str, message: str, hint: str) -> str | None:
        """Return the text of ``node``, if it is one and matches ``pattern``."""
        if node is None:
            return None
        text = node.value if isinstance(node, Scalar) else None
        if isinstance(text, str) and re.match(pattern, text) and "\n" not in text:
            return text
        code = "bad-value" if isinstance(text, str) else "wrong-type"
        self._error(code, message, node.span, hint=hint)
        return None

    def _read_variables(self, variables: Mapping) -> None:
        message = (
            "Variable names may use letters, digits and underscores and must not start with a digit"
        )
        for name, value in variables.values.items():
            if not VARIABLE_NAME.match(name):
                self._error("bad-name", message, variables.key_span(name))
            self.structure.variables.setdefault(name, value)

    def _read_profile(self, name: str, key: Span, node: Node, defaults: Mapping) -> None:
        if not PROFILE_NAME.match(name):
            self._error(
                "bad-name",
                "Profile names may use up to 64 letters, digits, dots, underscores and hyphens "
                "and must start with a letter or digit",
                key,
            )
            if not name:
                return
        if is_null(node):
            node = Mapping(node.source, key.start, key.end, {}, {})
        if not isinstance(node, Mapping):
            self._wrong_type(node, "A profile must be a mapping of keys")
            return
        self._checks.check(node, PROFILE_KEYS, "in a profile")
        profile = ProfileSource(
            name,
            key,
            node,
            defaults,
            self._checks.flag(node.values, "abstract"),
            self._names(node.values.get("extends"), "extends", single=True),
            self._names(node.values.get("needs"), "needs", single=True),
        )
        self.structure.profiles.setdefault(name, profile)

    def _mapping(self, root: Mapping, name: str) -> Mapping:
        """Return a mapping that ``root`` may have; an empty one if it does not."""
        node = root.values.get(name)
        if isinstance(node, Mapping):
            return node
        if node is not None and not is_null(node):
            self._wrong_type(node, f"`{name}` must be a mapping")
        return Mapping(root.source, root.start, root.start, {}, {})

    def _names(self, node: Node | None, key: str, *, single: bool) -> tuple[Scalar, ...]:
        """Return the names given under ``key``: a list, or one name alone if ``single``."""
        if node is None or is_null(node):
            return ()
        if not isinstance(node, Sequence) and not single:
            self._wrong_type(node, f"`{key}` must be a list of names")
            return ()
        found = []
        for item in node.items if isinstance(node, Sequence) else [node]:
            if isinstance(item, Scalar) and item.value is not None:
                found.append(item)
            else:
                self._wrong_type(item, f"`{key}` must hold names")
        return tuple(found)

    def _wrong_type(self, node: Node, message: str) -> None:
        self._error("wrong-type", message, node.span)
