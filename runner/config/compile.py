"""One profile's layers → its instances: rendered, judged, marked."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from runner.config.body import body_of
from runner.config.contract import Breach, M, check, is_open
from runner.config.expressions.values import plain
from runner.config.keys import SETTINGS_KEYS, STRUCTURAL_KEYS
from runner.config.marks import Marker
from runner.config.matrix import Combination, MatrixReader, instance_name
from runner.config.nodes import Mapping, Node, Scalar, Sequence
from runner.config.render import Renderer, template_of
from runner.config.scalars import resolve
from runner.config.scope import Scope
from runner.config.structure import ProfileSource
from runner.diagnostics import Diagnostics, Severity
from runner.models.filled import FILLED_METADATA
from runner.models.instance import Instance
from runner.models.marked import Body, Marked, Path, leaves
from runner.models.request import TriggerTestSessionRequest
from runner.models.settings import Settings
from runner.secrets import Redactor

_QUARANTINE_NOTICE = timedelta(days=7)


class Compiler:
    """Compiles profiles whose layers are put together."""

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
        self._diagnostics = diagnostics
        self._redactor = redactor
        self._environment = environment
        self._today = today
        self._unset = unset
        self._fill = fill_metadata

    def combinations(self, profile: ProfileSource, layers: Mapping) -> list[Combination]:
        """The combinations of the profile's matrix; one empty one where it has none."""
        matrix = layers.values.get("matrix")
        if matrix is None:
            return [{}]
        scope = self._scope.for_instance(profile.name, {})
        combinations = MatrixReader(Renderer(scope, self._diagnostics), self._diagnostics).expand(
            matrix
        )
        for axis in combinations[0] if combinations else ():
            if axis in profile.node.values:
                self._diagnostics.error(
                    "set-by-matrix",
                    f"`{axis}` is set by the matrix already",
                    profile.node.keys[axis].span,
                    hint="keep one of the two",
                )
        return combinations

    def labels(self, profile: ProfileSource, layers: Mapping, combination: Combination) -> Any:
        """The labels of one instance, for selecting by them."""
        node = layers.values.get("labels")
        if not isinstance(node, Mapping):
            return {}
        scope = self._scope.for_instance(profile.name, combination)
        return Renderer(scope, Diagnostics()).text(node)

    def instances(
        self, profile: ProfileSource, layers: Mapping, combinations: list[Combination]
    ) -> Iterator[Instance]:
        """The instances of ``profile``; one that breaks a rule is reported and left out."""
        for combination in combinations:
            instance = self._instance(profile, layers, combination, len(combinations))
            if instance is not None:
                yield instance

    def judge_abstract(self, profile: ProfileSource, layers: Mapping) -> None:
        """Judge the literal values of an abstract profile."""
        renderer = Renderer(None, self._diagnostics)
        data = _data(layers, renderer, {})
        body = body_of(data, profile.name, lambda *_: None)
        _, breaches = check(TriggerTestSessionRequest, body)
        _, more = check(Settings, _settings(data, ()))
        for breach in (*breaches, *more):
            if breach.code != "missing-key" or len(breach.path) > 1:
                self._report(breach, profile, layers, body)

    def _instance(
        self, profile: ProfileSource, layers: Mapping, combination: Combination, count: int
    ) -> Instance | None:
        scope = self._scope.for_instance(profile.name, combination)
        name = instance_name(profile.name, combination)
        data = _data(layers, Renderer(scope, self._diagnostics, self._unset), combination)
        Marker(self._scope, scope, self._redactor).mark(layers, data)
        if self._fill:
            self._fill_metadata(data)
        problems: list[Breach] = []
        body = body_of(data, name, lambda *found: problems.append(Breach(*found)))
        if "target" not in data:
            problems.append(_MISSING_TARGET)
        problems += self._check(TriggerTestSessionRequest, body, layers)[1]
        settings, breaches = self._check(Settings, _settings(data, profile.needs), layers)
        problems += breaches
        for problem in problems:
            self._report(problem, profile, layers, body)
        if problems or settings is None:
            return None
        self._judge(settings, profile, layers, count)
        return Instance(
            name,
            profile.name,
            tuple((axis, str(value)) for axis, value in combination.items()),
            body,
            settings,
            profile.key.span,
        )

    def _fill_metadata(self, data: dict[str, Any]) -> None:
        """Fill what the profile leaves out, as the official command line does."""
        metadata = data.setdefault("metadata", {})
        if not isinstance(metadata, dict):
            return
        for key, name in FILLED_METADATA.items():
            if key not in metadata:
                value = self._scope.value(name) if key != "environment" else self._environment
                if isinstance(value, str) and value:
                    metadata[key] = Marked(value, template=f"$<{name}>")
        if not metadata:
            del data["metadata"]

    def _check(
        self, model: type[M], tree: dict[str, Any], layers: Mapping
    ) -> tuple[M | None, list[Breach]]:
        """Check ``tree``, with text from the environment read as what a field's type asks for."""
        checked, breaches = check(model, tree)
        read = [self._read_number(breach, tree, layers) for breach in breaches if breach.wanted]
        return check(model, tree) if any(read) else (checked, breaches)

    def _read_number(self, breach: Breach, tree: dict[str, Any], layers: Mapping) -> bool:
        node = node_at(layers, _file_path(breach.path, tree))
        template = (
            isinstance(node, Scalar) and "$<" in node.text and template_of(node, self._diagnostics)
        )
        if not template or breach.text is None:
            return False
        value = resolve(breach.text)
        names = self._scope.sources(template.names)
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

    def _judge(
        self, settings: Settings, profile: ProfileSource, layers: Mapping, count: int
    ) -> None:
        """Judge what is well formed but can't be meant, and warn of what ends soon."""
        if settings.quorum is not None and settings.quorum > count:
            self._diagnostics.error(
                "quorum-too-high",
                f"`quorum` asks for {settings.quorum} of {count}"
                + ("" if "matrix" in layers.values else ": there is no matrix"),
                layers.values["quorum"].span,
            )
        for index, entry in enumerate(settings.quarantine):
            left = entry.until - self._today
            if left <= _QUARANTINE_NOTICE:
                ends = "has ended" if left < timedelta(0) else "ends"
                self._diagnostics.warning(
                    "quarantine-ends",
                    f"The quarantine of `{entry.check}` {ends} on {entry.until}",
                    (node_at(layers, ("quarantine", index)) or profile.key).span,
                    hint=f"owner: {entry.owner}",
                )

    def _report(self, breach: Breach, profile: ProfileSource, layers: Mapping, body: Body) -> None:
        path = _file_path(breach.path, body)
        node: Node = (
            profile.key
            if len(path) == 1 and path[0] not in layers.values
            else (node_at(layers, path) or profile.key)
        )
        hint = breach.hint
        if breach.code == "wrong-type" and isinstance(node, Scalar) and not node.plain:
            hint = None if hint == "put it in quotes" else hint
        self._diagnostics.error(breach.code, breach.message, node.span, hint=hint)


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
            data[key] = {name: _variable(child, renderer) for name, child in node.values.items()}
        elif key == "labels":
            data[key] = renderer.text(node)
        else:
            data[key] = renderer.value(node)
    set_by_matrix = SETTINGS_KEYS | _REQUEST_SCALARS
    return data | {key: plain(v) for key, v in combination.items() if key in set_by_matrix}


_REQUEST_SCALARS = frozenset({"name", "runLocation", "refreshCache"})


def _variable(node: Node, renderer: Renderer) -> dict[str, Any] | None:
    if not isinstance(node, Mapping):
        return None
    return {
        key: renderer.text(child) if key == "value" else renderer.value(child)
        for key, child in node.values.items()
    }


def _settings(data: dict[str, Any], needs: tuple[Scalar, ...]) -> dict[str, Any]:
    """The runner's own keys, without those that are unresolved."""
    tree = {
        key: value for key, value in data.items() if key in SETTINGS_KEYS and not _has_unset(value)
    }
    if needs:
        tree["needs"] = [need.text for need in needs]
    return tree


def _has_unset(value: Any) -> bool:
    return any(is_open(leaf) for _, leaf in leaves(value))


def _file_path(path: Path, tree: dict[str, Any]) -> Path:
    """The way in the file to a place in the compiled request ``tree``."""
    if path[0] == "environmentVariables" and len(path) > 1 and isinstance(path[1], int):
        return (path[0], tree["environmentVariables"][path[1]]["key"], *path[2:])
    return path


def node_at(layers: Mapping, path: Path) -> Node | None:
    """The node at the end of ``path``, or the nearest one above it that exists."""
    node: Node | None = None
    current: Node = layers
    for part in path:
        if isinstance(current, Mapping) and part in current.values:
            current = current.values[str(part)]
        elif isinstance(current, Sequence) and isinstance(part, int):
            current = current.items[part]
        else:
            break
        node = current
    return node
