"""Documents → profiles and variables by name: what can be judged before layers are merged.

Everything found here is an error of structure: it stops an apply of anything, because the file
says something that means nothing.
"""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from runner.config.document.keys import (
    DEFAULTS_KEYS,
    LISTED_VARIABLE_KEYS,
    NESTED_KEYS,
    PROFILE_KEYS,
    QUARANTINE_KEYS,
    ROOT_KEYS,
    VARIABLE_KEYS,
)
from runner.config.yaml.nodes import Mapping, Node, Scalar, Sequence
from runner.diagnostics import Diagnostics
from runner.nearest import did_you_mean
from runner.source import Span

PROFILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
SUPPORTED_VERSION = 1
#: As the JSON Schema says it too; more of it only the store can judge.
STATE_ADDRESS = r"^(file|s3|gs|az)://.*[^/]"


class ProfileSource(NamedTuple):
    """A profile as it stands in the file.

    Attributes:
        key: Where its name stands.
        defaults: The ``defaults`` of the document it stands in.
        extends, needs: The nodes of the names given there.
    """

    name: str
    key: Span
    node: Mapping
    defaults: Mapping | None
    abstract: bool
    extends: tuple[Scalar, ...]
    needs: tuple[Scalar, ...]


@dataclass(slots=True)
class Structure:
    """What a configuration declares, by name."""

    variables: dict[str, Node] = field(default_factory=dict)
    profiles: dict[str, ProfileSource] = field(default_factory=dict)
    defaults: list[tuple[Span, Mapping]] = field(default_factory=list)
    public_env: frozenset[str] = frozenset()
    state: str | None = None


class StructureReader:
    """Reads documents into one :class:`Structure`, noting what is wrong."""

    def __init__(self, diagnostics: Diagnostics) -> None:
        self._diagnostics = diagnostics
        self.structure = Structure()

    def read(self, root: Mapping, *, included: bool = False) -> None:
        """Take over what ``root`` declares; of an ``included`` one the keys were judged."""
        if not included:
            self._known_keys(root, ROOT_KEYS, "here")
            self._read_root(root)
        self._read_variables(root.values.get("variables"))
        defaults = self._mapping(root.values.get("defaults"), "defaults")
        if defaults is not None:
            self._check_layer(defaults, DEFAULTS_KEYS, "in defaults")
            self.structure.defaults.append((root.key_span("defaults"), defaults))
        profiles = self._mapping(root.values.get("profiles"), "profiles")
        for name, node in profiles.values.items() if profiles else ():
            assert profiles is not None  # noqa: S101 # for the type checker
            self._read_profile(name, profiles.key_span(name), node, defaults)

    def _read_root(self, root: Mapping) -> None:
        version = root.values.get("version")
        if version is None:
            self._diagnostics.error(
                "missing-key",
                "`version` is missing",
                root.span,
                hint="begin the file with `version: 1`",
            )
        elif (
            not isinstance(version, Scalar)
            or version.text != str(SUPPORTED_VERSION)
            or not version.plain
        ):
            self._diagnostics.error(
                "unknown-version",
                "This release reads version 1 of the file",
                version.span,
                hint="write `version: 1`, or use the release of the runner the file was made for",
            )
        public = root.values.get("publicEnv")
        self.structure.public_env = frozenset(
            name.text for name in self._names(public, "publicEnv", single=False)
        )
        state = root.values.get("state")
        if isinstance(state, Scalar) and isinstance(state.value, str):
            self._read_state(state, state.value)
        elif state is not None:
            self._wrong_type(state, "`state` must be the address of a store")

    def _read_state(self, node: Scalar, address: str) -> None:
        if re.match(STATE_ADDRESS, address):
            self.structure.state = address
            return
        self._diagnostics.error(
            "bad-value",
            "`state` is no address of a store",
            node.span,
            hint="write file://folder, s3://bucket/prefix, gs://bucket/prefix or az://container",
        )

    def _read_variables(self, node: Node | None) -> None:
        variables = self._mapping(node, "variables")
        for name, value in variables.values.items() if variables else ():
            assert variables is not None  # noqa: S101 # for the type checker
            if not VARIABLE_NAME.match(name):
                self._diagnostics.error(
                    "bad-name",
                    "A variable's name has letters, digits and underscores, and no digit first",
                    variables.key_span(name),
                )
            self.structure.variables.setdefault(name, value)

    def _read_profile(self, name: str, key: Span, node: Node, defaults: Mapping | None) -> None:
        if not PROFILE_NAME.match(name):
            self._diagnostics.error(
                "bad-name",
                "A profile's name has up to 64 letters, digits, dots, underscores and hyphens, "
                "and begins with a letter or digit",
                key,
            )
            if not name:
                return
        if isinstance(node, Scalar) and node.value is None:
            node = Mapping(node.source, key.start, key.end, {}, {})
        if not isinstance(node, Mapping):
            self._wrong_type(node, "A profile must be a mapping of keys")
            return
        self._check_layer(node, PROFILE_KEYS, "in a profile")
        abstract = node.values.get("abstract")
        if abstract is not None and not (
            isinstance(abstract, Scalar) and isinstance(abstract.value, bool)
        ):
            self._wrong_type(abstract, "`abstract` must be true or false")
        profile = ProfileSource(
            name,
            key,
            node,
            defaults,
            isinstance(abstract, Scalar) and abstract.value is True,
            self._names(node.values.get("extends"), "extends", single=True),
            self._names(node.values.get("needs"), "needs", single=True),
        )
        self.structure.profiles.setdefault(name, profile)

    def _check_layer(self, layer: Mapping, keys: frozenset[str], where: str) -> None:
        self._known_keys(layer, keys, where)
        for name, nested in NESTED_KEYS.items():
            if name in layer.values:
                self._known_keys_of(layer.values[name], nested, f"in `{name}`")
        self._check_variables(layer.values.get("environmentVariables"))
        labels = layer.values.get("labels")
        if isinstance(labels, Mapping):
            self._check_templates_in(labels)
        quarantine = layer.values.get("quarantine")
        for entry in quarantine.items if isinstance(quarantine, Sequence) else ():
            self._known_keys_of(entry, QUARANTINE_KEYS, "in a quarantine")

    def _check_variables(self, variables: Node | None) -> None:
        if isinstance(variables, Mapping):
            self._check_templates_in(variables)
            for variable in variables.values.values():
                self._known_keys_of(variable, VARIABLE_KEYS, "in a variable")
        elif isinstance(variables, Sequence):
            for variable in variables.items:
                self._known_keys_of(variable, LISTED_VARIABLE_KEYS, "in a variable")

    def _check_templates_in(self, mapping: Mapping) -> None:
        for key in mapping.keys:
            if "$<" in key:
                self._diagnostics.error(
                    "template-in-key",
                    "A key takes no template",
                    mapping.key_span(key),
                    hint="only values do",
                )

    def _known_keys_of(self, node: Node | None, known: frozenset[str], where: str) -> None:
        if isinstance(node, Mapping):
            self._known_keys(node, known, where)

    def _known_keys(self, mapping: Mapping, known: frozenset[str], where: str) -> None:
        if mapping.values.keys() <= known:
            return
        for name in mapping.values:
            if name not in known and not (name.startswith("x-") and known <= ROOT_KEYS):
                hint = did_you_mean(name, known) if self._diagnostics.wants_hints else None
                self._diagnostics.error(
                    "unknown-key",
                    f"`{shorten(name)}` is not a key {where}",
                    mapping.key_span(name),
                    hint=hint or f"known keys: {', '.join(sorted(known))}",
                )

    def _mapping(self, node: Node | None, name: str) -> Mapping | None:
        if node is None or isinstance(node, Mapping):
            return node
        if not (isinstance(node, Scalar) and node.value is None):
            self._wrong_type(node, f"`{name}` must be a mapping")
        return None

    def _names(self, node: Node | None, key: str, *, single: bool) -> tuple[Scalar, ...]:
        """The names given under ``key``: a list, or one name alone where ``single`` allows it."""
        if node is None or (isinstance(node, Scalar) and node.value is None):
            return ()
        items = node.items if isinstance(node, Sequence) else [node] if single else None
        if items is None:
            self._wrong_type(node, f"`{key}` must be a list of names")
            return ()
        found = []
        for item in items:
            if isinstance(item, Scalar) and item.value is not None:
                found.append(item)
            else:
                self._wrong_type(item, f"`{key}` must hold names")
        return tuple(found)

    def _wrong_type(self, node: Node, message: str) -> None:
        self._diagnostics.error("wrong-type", message, node.span)


_CIRCLE_SHOWN = 8


def circle_text(names: list[str]) -> str:
    """Names that lead back to the first, fit for a message."""
    shown = names if len(names) <= _CIRCLE_SHOWN else [*names[:_CIRCLE_SHOWN], "…"]
    return " → ".join(shown)


def shorten(text: str, limit: int = 60) -> str:
    """``text`` fit for a message: on one line, and not without end."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
