"""One profile's layers → its instances: rendered, marked and checked."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from runner.config.compile.matrix import Combination, MatrixReader, axes_of, instance_name
from runner.config.compile.renderer import Renderer
from runner.config.compile.reporting import diagnostic_of
from runner.config.compile.request_body import TARGET_HINT, body_of
from runner.config.compile.settings_checks import check_settings
from runner.config.compile.validate import REQUEST, SETTINGS, Breach, check, is_open
from runner.config.document.keys import PROFILE_KEYS, SETTINGS_KEYS, STRUCTURAL_KEYS
from runner.config.document.profiles import ProfileSource
from runner.config.templates.context import Context
from runner.config.templates.dependencies import Feeds
from runner.config.templates.expressions.values import Unset, plain, to_text
from runner.config.templates.scope import Scope
from runner.config.yaml.nodes import Mapping, Scalar
from runner.diagnostics import Diagnostic, Diagnostics, Severity
from runner.models.contract.filled import FILLED_METADATA, github_metadata
from runner.models.instance import Instance
from runner.models.marked import Marked, leaves
from runner.secrets import Redactor
from runner.source import Span


@dataclass
class Compiler:
    """Compiles profiles whose layers are merged.

    Attributes:
        scope: What templates read.
        diagnostics: Takes what is wrong.
        redactor: Learns the secrets.
        today: The day against which quarantines are checked.
        context: Where this runs, to fill in the metadata that a profile leaves out; ``None`` to
            leave them out.
        unset: How bad it is that a template needs a name that is not set.
    """

    scope: Scope
    diagnostics: Diagnostics
    redactor: Redactor
    today: date
    context: Context | None
    unset: Severity

    @cached_property
    def feeds(self) -> Feeds:
        """What feeds each template."""
        return Feeds(self.scope)

    def combinations(
        self, profile: ProfileSource, layers: Mapping, values: Diagnostics
    ) -> list[Combination]:
        """The combinations of the profile's matrix; one empty one where it has none.

        Where it is wrong, or reads what is not set, there are none. ``values`` takes what is wrong
        with the values of its templates, which matters only where the profile is selected.
        """
        matrix = layers.values.get("matrix")
        if matrix is None:
            return [{}]
        renderer = self._renderer(profile.name, {}, values)
        return MatrixReader(renderer, self.diagnostics).expand(matrix)

    def labels(self, profile: ProfileSource, layers: Mapping, combination: Combination) -> Any:
        """The labels of one instance, for selecting by them."""
        node = layers.values.get("labels")
        if not isinstance(node, Mapping):
            return {}
        values = _with_absent(layers, combination)
        return self._renderer(profile.name, values, Diagnostics()).text(node)

    def instances(
        self,
        profile: ProfileSource,
        layers: Mapping,
        combinations: Iterable[Combination],
        total: int,
        *,
        is_complete: bool = True,
    ) -> Iterator[Instance]:
        """The instances of ``profile``; one that breaks a rule is reported and left out.

        Args:
            profile: Whose instances they are.
            layers: All its layers, merged.
            combinations: Those to compile.
            total: How many there are in all, which a quorum is checked against.
            is_complete: Whether all its layers are known; else what they could still give is
                not missed.
        """
        for combination in combinations:
            instance = self._compile(profile, layers, combination, total, is_complete)
            if instance is not None:
                yield instance

    def check_literals(self, layer: Mapping, key: Span, profile: str | None = None) -> None:
        """Check what is written out in ``defaults``, or in an abstract ``profile``, layers merged.

        ``key`` is where its name stands.
        """
        renderer = Renderer(None, self.scope, self.feeds, self.diagnostics, profile=profile)
        data = _data(layer, renderer, {})
        body, breaches = body_of(data, profile or "defaults")
        breaches += _without_echoes(check(REQUEST, body, has_marks=True)[1], breaches)
        breaches += [*check(SETTINGS, _settings(data, ()))[1], *_beside_unset(data)]
        for breach in breaches:
            if not _may_be_completed(breach):
                self._report(diagnostic_of(breach, layer, key, profile, body))

    def _report(self, problem: Diagnostic | None) -> None:
        if problem:
            self.diagnostics.add(problem)

    def _renderer(
        self, profile: str, combination: Combination, diagnostics: Diagnostics
    ) -> Renderer:
        return Renderer(
            self.scope.for_instance(profile, combination),
            self.scope,
            self.feeds,
            diagnostics,
            self.redactor,
            self.unset,
            profile,
        )

    def _compile(
        self,
        profile: ProfileSource,
        layers: Mapping,
        combination: Combination,
        total: int,
        is_complete: bool,
    ) -> Instance | None:
        name = instance_name(profile.name, combination)
        renderer = self._renderer(profile.name, _with_absent(layers, combination), self.diagnostics)
        data = _data(layers, renderer, combination)
        if self.context:
            self._fill_metadata(data)
        has_marks = renderer.has_marks or self.context is not None
        body, breaches = body_of(data, name)
        if "target" not in data:
            breaches.append(_MISSING_TARGET)
        breaches += _without_echoes(check(REQUEST, body, has_marks=has_marks)[1], breaches)
        own = _settings(data, profile.needs)
        settings, wrong = check(SETTINGS, own)
        if settings is None:  # the rest of them is still worth checking
            sound = {
                key: value for key, value in own.items() if key not in {b.path[0] for b in wrong}
            }
            settings = check(SETTINGS, sound)[0] or {}
        if renderer.has_marks:
            wrong += _beside_unset(data)
        breaches += [*wrong, *check_settings(settings, total, self.today)]
        if not is_complete:
            breaches = [breach for breach in breaches if not _may_be_completed(breach)]
        if breaches:
            for breach in breaches:
                self._report(diagnostic_of(breach, layers, profile.key, profile.name, body))
            if any(breach.severity is Severity.ERROR for breach in breaches):
                return None
        axes = tuple((axis, to_text(value)) for axis, value in combination.items())
        return Instance(name, profile.name, axes, body, own, profile.key)

    def _fill_metadata(self, data: dict[str, Any]) -> None:
        """Fill in what the profile leaves out, as the official command line does."""
        metadata = data.setdefault("metadata", {})
        if not isinstance(metadata, dict):
            return
        for key, value in self._filled.items():
            metadata.setdefault(key, value)
        if not metadata:
            del data["metadata"]

    @cached_property
    def _filled(self) -> dict[str, Any]:
        assert self.context is not None  # noqa: S101 # else nothing is filled in
        environ = self.context.environ
        found: dict[str, Any] = {}
        for key, name in FILLED_METADATA.items():
            own = key == "environment"
            value = environ.get(name.removeprefix("env.")) if own else self.scope.value(name)
            if isinstance(value, str) and value:
                found[key] = Marked(value, template=f"$<{name}>")
        if github := github_metadata(environ):
            found["github"] = github
        return found


_MISSING_TARGET = Breach(("target",), "missing-target", "`target` is missing", TARGET_HINT)


def _with_absent(layers: Mapping, combination: Combination) -> Combination:
    """``combination`` with the axes that it has no value on, which may be tested like any name."""
    matrix = layers.values.get("matrix")
    if not isinstance(matrix, Mapping) or "include" not in matrix.values:
        return combination
    absent = axes_of(matrix).keys() - combination.keys()
    return combination | {axis: Unset(frozenset({f"matrix.{axis}"})) for axis in absent}


def _data(layers: Mapping, renderer: Renderer, combination: Combination) -> dict[str, Any]:
    """The rendered keys of a profile, those that the matrix sets included."""
    data: dict[str, Any] = {}
    for key, node in layers.values.items():
        if key in STRUCTURAL_KEYS:
            continue
        if key == "environmentVariables" and isinstance(node, Mapping):
            data[key] = {
                name: renderer.variable(name, child) if isinstance(child, Mapping) else None
                for name, child in node.values.items()
            }
        elif key == "labels":
            labels = renderer.text(node)
            data[key] = _without_nulls(labels) if isinstance(labels, dict) else labels
        elif key in _VOLATILE_KEYS:
            data[key] = renderer.volatile(node, key)
        else:
            data[key] = renderer.value(node, key)
    for axis, value in combination.items():
        if axis in PROFILE_KEYS:
            data[axis] = plain(value)
    return data


#: Keys whose values are compared by their template where they differ from run to run.
_VOLATILE_KEYS = frozenset({"name", "metadata"})


def _without_nulls(tree: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in tree.items() if value is not None}


def _settings(data: dict[str, Any], needs: tuple[Scalar, ...]) -> dict[str, Any]:
    """The runner's own keys, without those that are unresolved, or taken back by a null."""
    tree = {
        key: value
        for key, value in data.items()
        if key in SETTINGS_KEYS and value is not None and not _has_unset(value)
    }
    if needs:
        tree["needs"] = [need.text for need in needs]
    return tree


def _beside_unset(data: dict[str, Any]) -> list[Breach]:
    """What is wrong with the rest of those of the runner's own keys that hold unresolved values."""
    keys = SETTINGS_KEYS & data.keys()
    return check(SETTINGS, {key: data[key] for key in keys if _has_unset(data[key])})[1]


def _has_unset(value: Any) -> bool:
    return value.__class__ not in _NEVER_UNSET and any(is_open(leaf) for _, leaf in leaves(value))


_NEVER_UNSET = frozenset({str, int, float, bool})


def _without_echoes(breaches: list[Breach], told: list[Breach]) -> list[Breach]:
    """``breaches`` without those at, or inside of, a place of which an error is told already."""
    places = {one.path for one in told if one.severity is Severity.ERROR}
    return [
        breach
        for breach in breaches
        if not any(breach.path[:length] in places for length in range(1, len(breach.path) + 1))
    ]


def _may_be_completed(breach: Breach) -> bool:
    """Whether a layer above can still give what is missing."""
    if breach.code in {"target-without-filter", "missing-target"}:
        return True
    if breach.code == "missing-key":
        return breach.path[0] != "quarantine"
    return breach.code == "bad-value" and breach.path[0] == "environmentVariables"
