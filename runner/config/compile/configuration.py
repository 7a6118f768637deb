"""A configuration from its documents to its instances: structure → layers → compiled requests."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import NamedTuple

from runner.config.compile.axes import axes_of, set_twice, unread_axes
from runner.config.compile.compiler import Compiler
from runner.config.compile.expansion import Expansion, missing_parts
from runner.config.compile.needs import check_needs, needed
from runner.config.compile.taint import SecretFlow
from runner.config.document.layers import Layers
from runner.config.document.load import Documents, load
from runner.config.document.profiles import ProfileSource, read_structure
from runner.config.files.files import Files
from runner.config.selection import Selection
from runner.config.templates.context import Inputs
from runner.config.templates.lookalikes import lookalikes
from runner.config.templates.scope import Scope
from runner.config.yaml import nodes
from runner.config.yaml.gaps import EXPLAINED_BY_GAPS
from runner.diagnostics import MANY, Diagnostics
from runner.errors import ConfigurationError, UsageError, together
from runner.models.instance import Instance, sharing
from runner.secrets import Redactor


class Compiled(NamedTuple):
    """The instances that a selection compiled to.

    Attributes:
        instances: In file order.
        pulled_in: Names of those that were not selected but are needed.
        all_names: Every instance the file declares, so that a record without one is removed.
        open_profiles: Profiles whose instances are not known: their matrix reads what is
            not set.
        missing: Each part of the selection that matches nothing, with its error.
    """

    instances: tuple[Instance, ...]
    pulled_in: frozenset[str]
    all_names: frozenset[str]
    open_profiles: frozenset[str]
    missing: dict[Selection, UsageError]


class Version(NamedTuple):
    """All instances of a configuration, and its profiles' old names, each with the current one."""

    instances: tuple[Instance, ...]
    moved: Mapping[str, str]


class Configuration:
    """A file that was read, ready to be compiled; ``structure`` is what it declares."""

    def __init__(
        self, documents: Documents, inputs: Inputs, diagnostics: Diagnostics, redactor: Redactor
    ) -> None:
        """Read the structure; ``diagnostics`` takes what is wrong, ``redactor`` the secrets.

        Raises:
            UsageError: A variable is not declared, or does not have the type of its default.
            ConfigurationError: Parts of the main file are not YAML; it holds the rest as well. Or
                a file can't be read that may declare the variable.
        """
        self.structure = read_structure(documents, diagnostics)
        for document in documents:
            diagnostics.add(*lookalikes(document.root))
        try:
            scope = Scope(self.structure.variables, inputs)
        except UsageError:
            if documents.is_complete:
                raise
            raise ConfigurationError(diagnostics) from None  # that file may declare the variable
        self._dependencies = scope.dependencies
        self._diagnostics = diagnostics
        self._compiler = Compiler(scope, inputs, diagnostics, redactor)
        self._layers = Layers(self.structure, diagnostics)
        self._flow = SecretFlow(self.structure, scope.dependencies, diagnostics)
        if not documents.is_whole:
            self.check()
            raise ConfigurationError(diagnostics.without(EXPLAINED_BY_GAPS))

    @property
    def secret_sources(self) -> frozenset[str]:
        """Names from outside, such as ``var.token``, whose values are masked; known once compiled.

        They feed a secret, or what looks like one.
        """
        return frozenset(self._flow.secret.keys() | self._flow.masked)

    def check(self) -> int:
        """Check everything the file declares, keeping nothing; returns how many instances."""
        names: dict[str, list[str]] = {}
        for key, defaults in self.structure.defaults:
            self._compiler.check_literals(defaults, key)
        for profile in self.structure.profiles.values():
            one = self._expand(profile)
            self._diagnostics.extend(one.problems)
            if profile.abstract:
                self._compiler.check_literals(one.layers, profile.key, profile.name)
                continue
            names[profile.name] = [*one.instances]
            for name in one.instances:
                self._compiler.instance(one, name)
        self._check_relations(names)
        return sum(map(len, names.values()))

    def compile(
        self,
        selection: Selection,
        *,
        with_needs: bool = True,
        may_miss: bool = False,
        soften: bool = True,
    ) -> Compiled:
        """Compile what ``selection`` means, and what that needs.

        Errors of structure are found everywhere, errors of value only in what is compiled.

        Args:
            selection: What is asked for.
            with_needs: Whether to pull in what the selected instances need.
            may_miss: Whether parts of the selection may match nothing.
            soften: Whether an error in an included file that nothing of this reaches becomes a
                warning.

        Raises:
            UsageError: A name matches nothing, or nothing has the labels.
            ConfigurationError: The same, and a file that may declare it can't be read.
        """
        expanded = self.expanded()
        names = {one.profile.name: [*one.instances] for one in expanded}
        self._check_relations(names)
        wanted = {name for one in expanded for name in one.selected(selection)}
        # Without the errors, something may have the labels.
        has_errors = self._diagnostics.has_errors
        missing = {
            part: error
            for part, error in missing_parts(selection, wanted, expanded, self.structure.profiles)
            if part.names or not has_errors
        }
        if missing and not may_miss:
            if not self.structure.is_complete:
                raise ConfigurationError(self._diagnostics)
            raise together(missing.values())
        meant = {
            one.profile.name
            for one in expanded
            if not wanted.isdisjoint(one.instances) or one.may_mean(selection)
        }
        pulled_in = set[str]()
        if with_needs:
            instances, profiles = needed(wanted, names, self.structure.profiles, selection)
            meant |= profiles
            pulled_in = instances - wanted
        for one in expanded:
            if one.profile.name in meant:
                self._diagnostics.extend(one.problems)
        instance = self._compiler.instance
        compiled = (
            instance(one, name)
            for one in expanded
            for name in one.instances
            if name in wanted or name in pulled_in
        )
        found = tuple(sharing(filter(None, compiled)))
        if soften and self._diagnostics.has_errors:
            self._soften(selection, meant)
        return Compiled(
            found,
            frozenset(pulled_in),
            frozenset(name for each in names.values() for name in each),
            frozenset(profile for profile, each in names.items() if not each),
            missing,
        )

    def expanded(self) -> list[Expansion]:
        """Each profile that can be selected, with its instances, which are not compiled."""
        every = [self._expand(profile) for profile in self.structure.profiles.values()]
        return [one for one in every if not one.profile.abstract]

    def _expand(self, profile: ProfileSource) -> Expansion:
        layers = self._layers.effective(profile)
        self._flow.add(layers, profile.name)
        is_complete = profile.name not in self._layers.incomplete
        one = self._compiler.expand(profile, layers, is_complete=is_complete)
        matrix = layers.values.get("matrix")
        if isinstance(matrix, nodes.Mapping):
            axes = axes_of(matrix)
            self._diagnostics.add(*set_twice(self._layers.down_to(profile, "matrix"), axes))
            if one.instances and not profile.abstract:
                self._diagnostics.add(*unread_axes(profile.name, layers, axes, self._dependencies))
        return one

    def _check_relations(self, names: dict[str, list[str]]) -> None:
        self._flow.check()
        for name in sorted(self.secret_sources):
            self._compiler.learn(name)  # an error may quote it before a secret is rendered
        hints = MANY - len(self._diagnostics)
        self._diagnostics.add(*check_needs(self.structure, names, hints=hints))

    def _soften(self, selection: Selection, profiles: set[str]) -> None:
        """Turn errors of included files that nothing selected reaches into warnings."""
        structure = self.structure
        reached, declared = {structure.main}, {structure.main}
        for profile in structure.profiles.values():
            declared.add(profile.key.source)
            if profile.name in profiles:
                reached |= {layer.source for layer in self._layers.of(profile)}
        # What a file declares that can't be read is not known.
        is_known = profiles <= structure.profiles.keys() and not profiles & self._layers.incomplete
        passes_by = structure.is_complete or (selection.is_exact and is_known)
        self._diagnostics.soften(
            lambda error: (
                error.span is not None
                and error.span.source not in reached
                and error.profile not in profiles
                and error.code != "duplicate-name"
                and (passes_by or error.span.source in declared)
            )
        )


def compile_alone(
    path: PurePosixPath,
    files: Files,
    overrides: Mapping[str, str],
    redactor: Redactor,
    diagnostics: Diagnostics,
) -> Version:
    """A configuration by itself: without environment, git and clock.

    Each name of ``env``, ``git``, ``ci`` and ``run`` is symbolic: it stays ``$<env.NAME>``, so
    that two versions of a file can be compared anywhere with the same result.

    It is the file ``path`` of a folder or a commit. Of ``overrides``, variables that it does not
    declare are left out.

    Raises:
        ConfigurationError: It has errors.
        UsageError: There is no such file, or a variable has another type.
    """
    documents = load(path, files, diagnostics)
    if documents is None:
        raise ConfigurationError(diagnostics)
    inputs = Inputs(overrides=overrides, symbolic=True)
    configuration = Configuration(documents, inputs, diagnostics, redactor)
    compiled = configuration.compile(Selection())
    if diagnostics.has_errors:
        raise ConfigurationError(diagnostics)
    return Version(compiled.instances, configuration.structure.moved)
