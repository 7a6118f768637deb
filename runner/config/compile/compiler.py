"""One profile's layers → its instances: rendered, judged, marked."""

from collections.abc import Iterable, Iterator
from datetime import date
from functools import cached_property
from typing import Any

from pydantic_core import SchemaValidator

from runner.config.compile.annotate import Marker
from runner.config.compile.locations import file_path, key_at, node_at
from runner.config.compile.matrix import Combination, MatrixReader, instance_name
from runner.config.compile.renderer import Renderer, template_of
from runner.config.compile.request_body import body_of
from runner.config.compile.settings_checks import judge_settings
from runner.config.compile.validate import REQUEST, SETTINGS, Breach, check, is_open
from runner.config.document.keys import NESTED_KEYS, PROFILE_KEYS, SETTINGS_KEYS, STRUCTURAL_KEYS
from runner.config.document.profiles import ProfileSource
from runner.config.templates.dependencies import Feeds
from runner.config.templates.expressions.values import plain, to_text
from runner.config.templates.scope import Scope
from runner.config.yaml.core_schema import resolve
from runner.config.yaml.nodes import Mapping, Scalar
from runner.diagnostics import Diagnostics, Severity
from runner.models.filled import FILLED_METADATA
from runner.models.instance import Instance
from runner.models.marked import Body, Marked, leaves
from runner.secrets import Redactor
from runner.source import Span


class Compiler:
    """Compiles profiles whose layers are put together.

    Attributes:
        feeds: What feeds each template.
    """

    def __init__(
        self,
        scope: Scope,
        diagnostics: Diagnostics,
        redactor: Redactor,
        *,
        environment: str | None,
        today: date,
        unset: Severity = Severity.WARNING,
        fill_metadata: bool = True,
    ) -> None:
        """Take what compiling depends on.

        Args:
            scope: What templates read.
            diagnostics: Takes what is wrong.
            redactor: Learns the secrets.
            environment: ``metadata.environment`` where a profile leaves it out.
            today: The day by which quarantines are judged.
            unset: How bad it is that a template needs a name that is not set.
            fill_metadata: Whether to fill in the metadata that a profile leaves out.
        """
        self._scope = scope
        self.feeds = Feeds(scope)
        self._diagnostics = diagnostics
        self._redactor = redactor
        self._environment = environment
        self._today = today
        self._unset = unset
        self._fill = fill_metadata

    def combinations(
        self, profile: ProfileSource, layers: Mapping, values: Diagnostics
    ) -> list[Combination]:
        """The combinations of the profile's matrix; one empty one where it has none.

        Where it is wrong, or reads what is not set, there are none.

        Args:
            profile: Whose matrix it is.
            layers: All its layers, put together.
            values: Takes what is wrong with the values of its templates, which matters only
                to those who select the profile.
        """
        matrix = layers.values.get("matrix")
        if matrix is None:
            return [{}]
        scope = self._scope.for_instance(profile.name, {})
        renderer = Renderer(scope, values, self._unset, profile.name)
        return MatrixReader(renderer, self._diagnostics).expand(matrix)

    def labels(self, profile: ProfileSource, layers: Mapping, combination: Combination) -> Any:
        """The labels of one instance, for selecting by them."""
        node = layers.values.get("labels")
        if not isinstance(node, Mapping):
            return {}
        scope = self._scope.for_instance(profile.name, combination)
        return Renderer(scope, Diagnostics()).text(node)

    def instances(
        self,
        profile: ProfileSource,
        layers: Mapping,
        combinations: Iterable[Combination],
        total: int,
    ) -> Iterator[Instance]:
        """The instances of ``profile``; one that breaks a rule is reported and left out.

        Args:
            profile: Whose instances they are.
            layers: All its layers, put together.
            combinations: Those to compile.
            total: How many there are in all, which a quorum is judged by.
        """
        for combination in combinations:
            compiled = self._compile(profile, layers, combination, total)
            if compiled is not None:
                body, settings = compiled
                yield Instance(
                    instance_name(profile.name, combination),
                    profile.name,
                    tuple((axis, to_text(value)) for axis, value in combination.items()),
                    body,
                    settings,
                    profile.key,
                )

    def judge(
        self, profile: ProfileSource, layers: Mapping, combinations: list[Combination]
    ) -> None:
        """Report what is wrong with the instances of ``profile``, and keep none of them."""
        for combination in combinations:
            self._compile(profile, layers, combination, len(combinations))

    def judge_literals(self, layer: Mapping, key: Span, profile: str | None = None) -> None:
        """Judge what is written out in a layer that is no session yet, and no template.

        Args:
            layer: ``defaults``, or an abstract profile with all its layers.
            key: Where its name stands.
            profile: Its name, if it is a profile.
        """
        data = _data(layer, Renderer(None, self._diagnostics, profile=profile), {})
        problems: list[Breach] = []
        body = body_of(data, profile or "defaults", lambda *found: problems.append(Breach(*found)))
        problems += _without_echoes(check(REQUEST, body)[1], problems)
        problems += check(SETTINGS, _settings(data, ()))[1]
        for problem in problems:
            if not _may_be_completed(problem):
                self._report(problem, layer, key, profile, body)

    def _compile(
        self, profile: ProfileSource, layers: Mapping, combination: Combination, total: int
    ) -> tuple[Body, dict[str, Any]] | None:
        """The request and the runner's own keys of one instance, unless a rule is broken."""
        scope = self._scope.for_instance(profile.name, combination)
        name = instance_name(profile.name, combination)
        renderer = Renderer(scope, self._diagnostics, self._unset, profile.name)
        data = _data(layers, renderer, combination)
        if self._fill:
            self._fill_metadata(data)
        problems: list[Breach] = []
        body = body_of(data, name, lambda *found: problems.append(Breach(*found)))
        if "target" not in data:
            problems.append(_MISSING_TARGET)
        breaches = self._check(REQUEST, body, layers)[1]
        problems += _without_echoes(breaches, problems)
        Marker(self._scope, self.feeds, scope, self._redactor, self._diagnostics).mark(layers, body)
        settings = _settings(data, profile.needs)
        values, breaches = self._check(SETTINGS, settings, layers)
        problems += breaches
        for problem in problems:
            self._report(problem, layers, profile.key, profile.name, body)
        if problems or values is None:
            return None
        judge_settings(values, profile, layers, total, self._today, self._diagnostics)
        return body, settings

    def _fill_metadata(self, data: dict[str, Any]) -> None:
        """Fill what the profile leaves out, as the official command line does."""
        metadata = data.setdefault("metadata", {})
        if not isinstance(metadata, dict):
            return
        for key, value in self._filled.items():
            metadata.setdefault(key, value)
        if not metadata:
            del data["metadata"]

    @cached_property
    def _filled(self) -> dict[str, Marked]:
        found = {}
        for key, name in FILLED_METADATA.items():
            value = self._scope.value(name) if key != "environment" else self._environment
            if isinstance(value, str) and value:
                found[key] = Marked(value, template=f"$<{name}>")
        return found

    def _check(
        self, rules: SchemaValidator, tree: dict[str, Any], layers: Mapping
    ) -> tuple[dict[str, Any] | None, list[Breach]]:
        """Check ``tree``, with text from the environment read as what a field's type asks for."""
        values, breaches = check(rules, tree)
        read = [self._read_number(breach, tree, layers) for breach in breaches if breach.wanted]
        return check(rules, tree) if any(read) else (values, breaches)

    def _read_number(self, breach: Breach, tree: dict[str, Any], layers: Mapping) -> bool:
        node = node_at(layers, file_path(breach.path, tree))
        template = (
            isinstance(node, Scalar) and "$<" in node.text and template_of(node, self._diagnostics)
        )
        if not template or breach.text is None:
            return False
        value = resolve(breach.text)
        names = self.feeds.of_names(template.names).names
        if (
            not any(name.startswith("env.") for name in names)
            or isinstance(value, str)
            or isinstance(value, bool) != (breach.wanted == "bool")
        ):
            return False
        holder: Any = tree
        for part in breach.path[:-1]:
            holder = holder[part]
        holder[breach.path[-1]] = value
        return True

    def _report(
        self, breach: Breach, layers: Mapping, key: Span, profile: str | None, body: Body
    ) -> None:
        path = file_path(breach.path, body)
        node = node_at(layers, path)
        span = node.span if node else key
        hint = breach.hint
        if breach.code == "unknown-key" and (found := key_at(layers, path)):
            if str(path[-1]) not in NESTED_KEYS.get(str(path[0]), ()):
                return  # the structure said so already
            span = found
        elif hint == "put it in quotes" and not (
            isinstance(node, Scalar) and node.plain and "$<" not in node.text
        ):
            hint = None
        self._diagnostics.error(breach.code, breach.message, span, hint=hint, profile=profile)


_MISSING_TARGET = Breach(
    ("target",),
    "missing-target",
    "`target` is missing",
    "give `matchTags` or `checkId`, or write `target: all` to run every check of the account",
)


def _data(layers: Mapping, renderer: Renderer, combination: Combination) -> dict[str, Any]:
    """The rendered keys of a profile, those that the matrix sets included."""
    data: dict[str, Any] = {}
    for key, node in layers.values.items():
        if key in STRUCTURAL_KEYS:
            continue
        if key == "environmentVariables" and isinstance(node, Mapping):
            data[key] = {
                name: renderer.variable(child) if isinstance(child, Mapping) else None
                for name, child in node.values.items()
            }
        elif key == "labels":
            labels = renderer.text(node)
            data[key] = _without_nulls(labels) if isinstance(labels, dict) else labels
        else:
            data[key] = renderer.value(node)
    for axis, value in combination.items():
        if axis in PROFILE_KEYS:
            data[axis] = plain(value)
    return data


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


def _has_unset(value: Any) -> bool:
    return value.__class__ not in _NEVER_UNSET and any(is_open(leaf) for _, leaf in leaves(value))


_NEVER_UNSET = frozenset({str, int, float, bool})


def _without_echoes(breaches: list[Breach], said: list[Breach]) -> list[Breach]:
    """``breaches`` without those at, or inside of, a place of which something better is said."""
    places = [one.path for one in said]
    return [
        breach
        for breach in breaches
        if not any(breach.path[: len(place)] == place for place in places)
    ]


def _may_be_completed(breach: Breach) -> bool:
    """Whether a layer above can still give what is missing."""
    if breach.code == "target-without-filter":
        return True
    is_merged = len(breach.path) == 1 or breach.path[0] == "environmentVariables"
    return is_merged and breach.code in {"missing-key", "bad-value"}
