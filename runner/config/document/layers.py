"""Layers → one mapping a profile: ``defaults``, then what it extends, then the profile.

Mappings merge key by key, environment variables by variable; everything else replaces. Nodes
are shared, never copied or changed. A mapping that replaces what stands below it (after a
null, or a retry strategy of another type) is remembered as :class:`Replacing`, so that it makes
no difference in which order three layers are put together.
"""

from collections.abc import Iterator

from runner.config.document.keys import NOT_INHERITED
from runner.config.document.profiles import ProfileSource, Structure, circle_text, shorten
from runner.config.yaml.nodes import Mapping, Node, Scalar, Sequence
from runner.diagnostics import Diagnostics, Related
from runner.errors import ConfigurationError
from runner.nearest import did_you_mean

#: Keys whose mappings are taken over as a whole, or not at all.
_WHOLE = frozenset({"matrix"})
#: How many keys all profiles together may take over from those they extend.
MAX_INHERITED = 2_000_000


class Replacing(Mapping):
    """A mapping that takes nothing over from the layers below it."""

    __slots__ = ()


class DroppedSecret(Scalar):
    """A secret variable that a layer dropped: whoever sets it again sets a secret.

    Attributes:
        secret: The node that made it secret.
    """

    __slots__ = ("secret",)

    def __init__(self, null: Scalar, secret: Node) -> None:
        super().__init__(null.source, null.start, null.end, null.text, None, null.plain)
        self.secret = secret


def merge(below: Mapping, above: Mapping) -> Mapping:
    """The layer ``above`` on top of the layer ``below``; both canonical (see ``canonical``)."""
    if not below.values:
        return above
    values = below.values | above.values
    for name in below.values.keys() & above.values.keys():
        values[name] = _combine(name, below.values[name], above.values[name])
    merged = _merged(below, above, values)
    merged.templated = below.templated or above.templated
    return merged


def _merged(below: Mapping, above: Mapping, values: dict[str, Node]) -> Mapping:
    """``above`` on top of ``below``, which makes ``values``."""
    return Mapping(above.source, above.start, above.end, above.keys, values, (above, below))


def _with(node: Mapping, values: dict[str, Node]) -> Mapping:
    """``node`` with other values."""
    return type(node)(node.source, node.start, node.end, node.keys, values, node.layers)


def _combine(name: str, below: Node, above: Node) -> Node:
    if name == "environmentVariables" and isinstance(below, Mapping) and isinstance(above, Mapping):
        return _merge_variables(below, above)
    if not isinstance(above, Mapping) or isinstance(above, Replacing) or name in _WHOLE:
        return above
    if not isinstance(below, Mapping) or (name == "retryStrategy" and _types_differ(below, above)):
        return _replacing(above)
    merged = merge(below, above)
    return _replacing(merged) if isinstance(below, Replacing) else merged


def _replacing(node: Mapping) -> Replacing:
    return Replacing(node.source, node.start, node.end, node.keys, node.values, node.layers)


def _types_differ(below: Mapping, above: Mapping) -> bool:
    old, new = below.values.get("type"), above.values.get("type")
    return isinstance(old, Scalar) and isinstance(new, Scalar) and old.text != new.text


def _merge_variables(below: Mapping, above: Mapping) -> Mapping:
    values = below.values | above.values
    for name in below.values.keys() & above.values.keys():
        values[name] = _merge_variable(below.values[name], above.values[name])
    return _merged(below, above, values)


def _merge_variable(below: Node, above: Node) -> Node:
    """One variable over another of its name: what is secret in one layer stays secret."""
    secret = _secret(below)
    if not isinstance(above, Mapping):
        return DroppedSecret(above, secret) if secret and isinstance(above, Scalar) else above
    if isinstance(below, Mapping) and not isinstance(above, Replacing):
        merged = merge(below, above)
    else:
        merged = _replacing(above)
    if secret:
        merged = _with(merged, {**merged.values, "secret": secret})
    return _replacing(merged) if isinstance(below, Replacing) else merged


def _secret(variable: Node) -> Node | None:
    """The node that makes ``variable`` secret, if it is."""
    if isinstance(variable, DroppedSecret):
        return variable.secret
    if isinstance(variable, Mapping):
        node = variable.values.get("secret")
        if isinstance(node, Scalar) and node.value is True:
            return node
    return None


def canonical(layer: Mapping, diagnostics: Diagnostics) -> Mapping:
    """``layer`` with its environment variables as a mapping of mappings.

    A null variable stays a null: it drops what a layer below sets.
    """
    node = layer.values.get("environmentVariables")
    if node is None:
        return layer
    if isinstance(node, Mapping):
        variables = _canonical_mapping(node)
    elif isinstance(node, Sequence):
        variables = _canonical_list(node, diagnostics)
    else:
        _refuse_variables(node, diagnostics)
        return _with(
            layer, {key: value for key, value in layer.values.items() if value is not node}
        )
    return _with(layer, {**layer.values, "environmentVariables": variables})


def _refuse_variables(node: Scalar, diagnostics: Diagnostics) -> None:
    if node.value is None:
        diagnostics.error(
            "null-not-allowed",
            "`environmentVariables` may not be null",
            node.span,
            hint="drop variables one by one: `KEY: null`",
        )
        return
    diagnostics.error(
        "wrong-type",
        "`environmentVariables` must be a mapping of names, or the API's list",
        node.span,
        hint="a template can give one variable's value, not all of them"
        if "$<" in node.text
        else None,
    )


def _canonical_mapping(node: Mapping) -> Mapping:
    values: dict[str, Node] = {}
    for name, value in node.values.items():
        if value.__class__ is Mapping or (value.__class__ is Scalar and value.value is None):
            values[name] = value
        else:
            values[name] = Mapping(
                value.source, value.start, value.end, {"value": node.keys[name]}, {"value": value}
            )
    return _with(node, values)


def _canonical_list(node: Sequence, diagnostics: Diagnostics) -> Mapping:
    names: dict[str, Scalar] = {}
    values: dict[str, Node] = {}
    for item in node.items:
        name = item.values.get("key") if isinstance(item, Mapping) else None
        if not isinstance(item, Mapping) or not isinstance(name, Scalar) or not name.text:
            diagnostics.error(
                "wrong-type",
                "A variable in a list must be a mapping with a `key` and a `value`",
                item.span,
            )
        elif "$<" in name.text:
            diagnostics.error(
                "template-in-key", "A key takes no template", name.span, hint="only values do"
            )
        elif name.text in names:
            diagnostics.error(
                "duplicate-key",
                f"The variable `{name.text}` is given twice",
                name.span,
                related=(Related(names[name.text].span, "first given here"),),
            )
        else:
            rest = {key: value for key, value in item.values.items() if key != "key"}
            names[name.text] = name
            values[name.text] = _with(item, rest)
    keys = {text: name.place for text, name in names.items()}
    return Mapping(node.source, node.start, node.end, keys, values)


class Layers:
    """Puts the layers of each profile together."""

    def __init__(self, structure: Structure, diagnostics: Diagnostics) -> None:
        self._profiles = structure.profiles
        self._diagnostics = diagnostics
        #: What a profile hands down to those that extend it.
        self._inherited: dict[str, Mapping] = {}
        self._defaults: dict[int, Mapping] = {}
        self._sizes: dict[str, int] = {}
        self._budget = MAX_INHERITED

    def effective(self, profile: ProfileSource) -> Mapping:
        """All layers of ``profile``, defaults included."""
        resolved = self.resolved(profile)
        if profile.defaults is None:
            return resolved
        defaults = self._defaults.get(id(profile.defaults))
        if defaults is None:
            defaults = canonical(profile.defaults, self._diagnostics)
            self._defaults[id(profile.defaults)] = defaults
        return merge(defaults, resolved)

    def resolved(self, profile: ProfileSource) -> Mapping:
        """The layers of ``profile`` without defaults."""
        if profile.extends:
            self._resolve_ancestors(profile)
        return self._fold(profile)

    def down_to(self, profile: ProfileSource, key: str) -> Iterator[Mapping]:
        """The layers of ``profile`` as they stand in the file, from the topmost down.

        The last one is the first that sets ``key``: what it and those above it set, counts.
        """
        waiting, seen = [profile], set[str]()
        while waiting:
            layer = waiting.pop()
            if layer.name in seen:
                continue  # it stands higher up already
            seen.add(layer.name)
            yield layer.node
            if key in layer.node.values:
                return
            parents = (self._profiles.get(name.text) for name in layer.extends)
            waiting += [parent for parent in parents if parent is not None]
        if profile.defaults is not None:
            yield profile.defaults

    def _resolve_ancestors(self, profile: ProfileSource) -> None:
        """Work out what each ancestor hands down, the eldest first; no recursion, any depth."""
        path = [(profile, iter(profile.extends))]
        names = {profile.name: 0}
        while path:
            current, parents = path[-1]
            for name in parents:
                parent = self._parent(name)
                if parent is None or parent.name in self._inherited:
                    continue
                if parent.name in names:
                    self._report_cycle(name, [*list(names)[names[parent.name] :], parent.name])
                    continue
                names[parent.name] = len(path)
                path.append((parent, iter(parent.extends)))
                break
            else:
                path.pop()
                names.popitem()
                if current is not profile:
                    layer = _handed_down(self._fold(current))
                    self._inherited[current.name] = layer
                    self._sizes[current.name] = _size(layer)

    def _fold(self, profile: ProfileSource) -> Mapping:
        """``profile`` on top of what its parents, all worked out, hand down."""
        layer: Mapping | None = None
        for name in profile.extends:
            parent = self._inherited.get(name.text)
            if parent is not None:
                self._spend(self._sizes[name.text], name)
                layer = parent if layer is None else merge(layer, parent)
        own = canonical(profile.node, self._diagnostics)
        return own if layer is None else merge(layer, own)

    def _spend(self, size: int, name: Scalar) -> None:
        """Account for taking over so many keys.

        Raises:
            ConfigurationError: All layers together have taken over more than fits in memory.
        """
        self._budget -= size
        if self._budget < 0:
            self._diagnostics.error(
                "too-large",
                f"All profiles together inherit more than {MAX_INHERITED:,} keys",
                name.span,
                hint="extend smaller profiles, or fewer of them in a row",
            )
            raise ConfigurationError(self._diagnostics)

    def _parent(self, name: Scalar) -> ProfileSource | None:
        parent = self._profiles.get(name.text)
        if parent is None:
            self._diagnostics.error(
                "unknown-profile",
                f"`{shorten(name.text)}` is not a profile",
                name.span,
                hint=did_you_mean(name.text, self._profiles)
                if self._diagnostics.wants_hints
                else None,
            )
        return parent

    def _report_cycle(self, name: Scalar, circle: list[str]) -> None:
        self._diagnostics.error(
            "extends-cycle", f"A profile extends itself: {circle_text(circle)}", name.span
        )


def _size(layer: Mapping) -> int:
    """How many keys are copied where ``layer`` is merged."""
    nested = (len(node.values) for node in layer.values.values() if isinstance(node, Mapping))
    return len(layer.values) + sum(nested)


def _handed_down(layer: Mapping) -> Mapping:
    """``layer`` without what a profile keeps to itself."""
    return _with(
        layer, {key: node for key, node in layer.values.items() if key not in NOT_INHERITED}
    )
