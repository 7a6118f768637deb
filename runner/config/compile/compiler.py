"""One profile's layers → its instances: rendered, marked and checked."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, NamedTuple

from runner.config.compile.axes import axes_of, untyped_axes
from runner.config.compile.expansion import Expansion
from runner.config.compile.matrix import Combination, MatrixReader, instance_name
from runner.config.compile.renderer import Renderer
from runner.config.compile.reporting import diagnostic_of
from runner.config.compile.request_body import body_of
from runner.config.compile.validate import REQUEST, SETTINGS, Breach, check, check_settings, is_open
from runner.config.document.keys import PROFILE_KEYS, SETTINGS_KEYS, STRUCTURAL_KEYS
from runner.config.document.profiles import ProfileSource
from runner.config.templates.context import Inputs
from runner.config.templates.expressions.values import Symbolic, Unset, to_text
from runner.config.templates.scope import Scope
from runner.config.yaml.nodes import Mapping
from runner.diagnostics import Diagnostics, Severity
from runner.models.contract.filled import FILLED_METADATA, github_metadata
from runner.models.instance import Instance
from runner.models.marked import Body, Marked, leaves
from runner.secrets import Redactor
from runner.source import Span

#: Keys whose values are compared by their template if they differ from run to run.
_VOLATILE_KEYS = frozenset({"name", "metadata"})
_NEVER_UNSET = frozenset({str, int, float, bool})


@dataclass(eq=False, repr=False)
class Compiler:
    """Compiles profiles whose layers are merged.

    What is wrong goes to ``diagnostics``, and secrets to ``redactor``.
    """

    scope: Scope
    inputs: Inputs
    diagnostics: Diagnostics
    redactor: Redactor

    def expand(self, profile: ProfileSource, layers: Mapping, *, is_complete: bool) -> Expansion:
        """The profile with its instances, which are not compiled yet.

        ``is_complete`` says whether all its layers are known.
        """
        problems, labels_of = Diagnostics(), partial(self._labels, profile.name, layers)
        instances = {profile.name: Combination()}
        if matrix := layers.values.get("matrix"):
            reader = MatrixReader(self._renderer(profile.name, {}, problems), self.diagnostics)
            instances = {instance_name(profile.name, each): each for each in reader.expand(matrix)}
        untyped = frozenset[str]()
        if isinstance(matrix, Mapping):
            untyped = untyped_axes(matrix, self.scope.dependencies)
        return Expansion(profile, layers, instances, problems, is_complete, labels_of, untyped)

    def learn(self, name: str) -> None:
        """Tell the redactor the value of a name that feeds a secret."""
        value = self.scope.known(name)
        if isinstance(value, str | int | float) and not isinstance(value, Symbolic):
            self.redactor.learn(to_text(value))

    def check_literals(self, layer: Mapping, key: Span, profile: str | None = None) -> None:
        """Check what is written out in ``defaults``, or in an abstract ``profile``, layers merged.

        ``key`` is the position of its name.
        """
        renderer = Renderer(
            self.scope, self.diagnostics, Redactor(), self.inputs.unset, profile, only_literals=True
        )
        draft = _draft(_data(layer, renderer), profile or "defaults")
        self._is_sound(draft, layer, key, profile, is_complete=False)

    def instance(self, one: Expansion, name: str) -> Instance | None:
        """The instance of that name; nothing, but diagnostics, if it breaks a rule."""
        profile, layers, combination = one.profile, one.layers, one.instances[name]
        values = _with_absent(layers, combination)
        renderer = self._renderer(profile.name, values, self.diagnostics, one.untyped_axes)
        data = _data(layers, renderer)
        data |= {
            key: renderer.axis(key, value)
            for key, value in combination.items()
            if key in PROFILE_KEYS
        }
        if profile.needs:
            data["needs"] = [need.text for need in profile.needs]
        self._fill_metadata(data)
        draft = _draft(data, name)
        broken = {breach.path[0] for breach in draft.breaches}
        settings = {
            key: value
            for key, value in draft.own.items()
            if key not in broken and not _has(value, is_open)
        }
        draft.breaches.extend(check_settings(settings, len(one.instances), self.inputs.today))
        key, complete = profile.key, one.is_complete
        if not self._is_sound(draft, layers, key, profile.name, is_complete=complete):
            return None
        axes = tuple((axis, to_text(value)) for axis, value in combination.items())
        return Instance(name, profile.name, axes, draft.body, draft.own, profile.key)

    def _labels(self, profile: str, layers: Mapping, combination: Combination) -> dict[str, Any]:
        """The labels of one instance, for selecting by them."""
        node = layers.values.get("labels")
        if not isinstance(node, Mapping):
            return {}
        values = _with_absent(layers, combination)
        labels: dict[str, Any] = self._renderer(profile, values, Diagnostics()).text(node)
        return labels

    def _is_sound(
        self, draft: "_Draft", layers: Mapping, key: Span, profile: str | None, *, is_complete: bool
    ) -> bool:
        """Report the rules that a draft breaks; not those that a later layer may fix."""
        is_sound = True
        for breach in draft.breaches:
            if is_complete or not _may_be_completed(breach):
                is_sound &= breach.severity is not Severity.ERROR
                if problem := diagnostic_of(breach, layers, key, profile, draft.body):
                    self.diagnostics.add(problem)
        return is_sound

    def _renderer(
        self,
        profile: str,
        values: Combination,
        problems: Diagnostics,
        untyped: frozenset[str] = frozenset(),
    ) -> Renderer:
        scope, unset = self.scope.for_instance(profile, values), self.inputs.unset
        return Renderer(scope, problems, self.redactor, unset, profile, untyped_axes=untyped)

    def _fill_metadata(self, data: dict[str, Any]) -> None:
        """Fill in what the profile leaves out, as the official command line does."""
        metadata = data.setdefault("metadata", {})
        if isinstance(metadata, dict):
            for key, value in self._filled.items():
                metadata.setdefault(key, value)
            if not metadata:
                del data["metadata"]

    @cached_property
    def _filled(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if not self.inputs.fill_metadata:
            return found
        environ = self.inputs.context.environ
        for key, name in FILLED_METADATA.items():
            own = key == "environment"
            value = environ.get(name.removeprefix("env.")) if own else self.scope.value(name)
            if isinstance(value, str) and value:
                found[key] = Marked(value, template=f"$<{name}>")
        if github := github_metadata(environ):
            found["github"] = github
        return found


class _Draft(NamedTuple):
    """The keys of a profile, rendered and checked.

    Attributes:
        body: What is sent.
        own: The runner's own keys, without those that are unresolved, or taken back by a null.
        breaches: The rules that anything breaks.
    """

    body: Body
    own: dict[str, Any]
    breaches: list[Breach]


def _draft(data: dict[str, Any], name: str) -> _Draft:
    body, breaches = body_of(data, name)
    reported = {each.path for each in breaches if each.severity is Severity.ERROR}
    breaches += [
        breach
        for breach in check(REQUEST, body)
        if not any(breach.path[:length] in reported for length in range(1, len(breach.path) + 1))
    ]
    every = {key: data[key] for key in data if key in SETTINGS_KEYS and data[key] is not None}
    own = {key: value for key, value in every.items() if not _has(value, _is_unset)}
    return _Draft(body, own, [*breaches, *check(SETTINGS, every)])


def _with_absent(layers: Mapping, combination: Combination) -> Combination:
    """``combination`` with the axes that it has no value on, which may be tested like any name."""
    matrix = layers.values.get("matrix")
    if not isinstance(matrix, Mapping) or "include" not in matrix.values:
        return combination
    absent = axes_of(matrix).keys() - combination.keys()
    return combination | {axis: Unset(frozenset({f"matrix.{axis}"})) for axis in absent}


def _data(layers: Mapping, renderer: Renderer) -> dict[str, Any]:
    """The rendered keys of a profile."""
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
            labels = data[key] = renderer.text(node)
            if isinstance(labels, dict):
                data[key] = {name: label for name, label in labels.items() if label is not None}
        elif key in _VOLATILE_KEYS:
            data[key] = renderer.volatile(node, key)
        else:
            data[key] = renderer.value(node, key)
    return data


def _has(value: Any, kind: Callable[[object], bool]) -> bool:
    return value.__class__ not in _NEVER_UNSET and any(kind(leaf) for _, leaf in leaves(value))


def _is_unset(leaf: object) -> bool:
    return isinstance(leaf, Marked) and bool(leaf.unset)


def _may_be_completed(breach: Breach) -> bool:
    """Whether a layer above can still give what is missing."""
    if breach.code in {"target-without-filter", "missing-target"}:
        return True
    if breach.code == "missing-key":
        return breach.path[0] != "quarantine"
    return breach.code == "bad-value" and breach.path[0] == "environmentVariables"
