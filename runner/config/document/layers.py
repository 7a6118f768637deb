"""Layers → one mapping per profile: ``defaults``, then what it extends, then the profile.

Mappings merge key by key, environment variables by variable; everything else replaces. Nodes
are shared, never copied or changed. A mapping that replaces what is below it (after a
null, or a retry strategy of another type) is remembered as :class:`Replacing`, so that it makes
no difference in which order three layers are put together.
"""

from collections.abc import Callable, Iterator
from functools import reduce

from runner.config.document.keys import NOT_INHERITED
from runner.config.document.profiles import ProfileSource, Structure
from runner.config.document.variables import canonical, is_secret, with_values
from runner.config.yaml.nodes import Mapping, Node, Scalar, pairs_of
from runner.diagnostics import MANY, Diagnostics
from runner.errors import ConfigurationError
from runner.graph import depth_first
from runner.listing import cycle_text, shorten
from runner.nearest import did_you_mean
from runner.source import Source

_NOTHING = Mapping(Source("", ""), 0, 0, {}, {})
#: Keys whose mappings are taken over as a whole, or not at all.
_WHOLE = frozenset({"matrix"})
#: How many keys all profiles together may take over from those they extend.
MAX_INHERITED = 2_000_000


class Replacing(Mapping):
    """A mapping that inherits nothing from the layers below it."""

    __slots__ = ()


class DroppedSecret(Scalar):
    """A secret variable that a layer drops; if a layer above sets it again, it is secret.

    Attributes:
        secret: The node that made it secret.
    """

    __slots__ = ("secret",)

    def __init__(self, null: Scalar, secret: Node) -> None:
        super().__init__(null.source, null.start, null.end, null.text, None, null.plain)
        self.secret = secret


def merge(below: Mapping, above: Mapping) -> Mapping:
    """Return the layer ``above`` on top of the layer ``below``; both in canonical form."""
    return _merge(below, above, _combine)


def _merge(below: Mapping, above: Mapping, combine: Callable[[str, Node, Node], Node]) -> Mapping:
    if not below.values:
        return above
    values = below.values | above.values
    for name in below.values.keys() & above.values.keys():
        values[name] = combine(name, below.values[name], above.values[name])
    layers = (above, below)
    merged = Mapping(above.source, above.start, above.end, above.keys, values, layers)
    merged.templated = below.templated or above.templated
    return merged


def _combine(name: str, below: Node, above: Node) -> Node:
    if name == "environmentVariables" and isinstance(below, Mapping) and isinstance(above, Mapping):
        return _merge(below, above, _combine_variables)
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


def _combine_variables(_name: str, below: Node, above: Node) -> Node:
    """Put one variable over another: what is secret in one layer stays secret."""
    secret = _secret_node(below)
    if not isinstance(above, Mapping):
        return DroppedSecret(above, secret) if secret and isinstance(above, Scalar) else above
    if isinstance(below, Mapping) and not isinstance(above, Replacing):
        merged = merge(below, above)
    else:
        merged = _replacing(above)
    if secret:
        merged = with_values(merged, {**merged.values, "secret": secret})
    return _replacing(merged) if isinstance(below, Replacing) else merged


def _secret_node(variable: Node) -> Node | None:
    if isinstance(variable, DroppedSecret):
        return variable.secret
    if isinstance(variable, Mapping) and is_secret(variable):
        return variable.values["secret"]
    return None


class Layers:
    """Puts the layers of each profile together.

    Attributes:
        incomplete: Names of profiles whose layers are not all known, since a parent of theirs
            does not exist or extends itself.

    Raises:
        ConfigurationError: All layers together take over more than fits in memory.
    """

    def __init__(self, structure: Structure, diagnostics: Diagnostics) -> None:
        self._profiles = structure.profiles
        self._knows_all = structure.is_complete
        self._diagnostics = diagnostics
        #: What a profile hands down to those that extend it, and how many keys that is.
        self._inherited: dict[str, tuple[Mapping, int]] = {}
        self._budget = MAX_INHERITED
        self.incomplete = self._profiles.keys() - self._resolve_parents()

    def effective(self, profile: ProfileSource) -> Mapping:
        """Return all layers of ``profile`` as one, defaults included."""
        self._spend(profile)
        parents, own = self._parents(profile), canonical(profile.node)
        below = merge(profile.defaults, parents) if parents.values else profile.defaults
        self._warn_of_idle_nulls(profile, own, below)
        return merge(below, own)

    def down_to(self, profile: ProfileSource, key: str) -> Iterator[Mapping]:
        """Yield the layers of ``profile`` from the topmost down to the first that sets ``key``."""
        for layer in self.of(profile):
            yield layer
            if key in layer.values and layer is not profile.defaults:
                return

    def of(self, profile: ProfileSource) -> Iterator[Mapping]:
        """Yield the layers of ``profile`` as the file has them, topmost first, each once."""
        waiting, seen = [profile], set[str]()
        while waiting:
            layer = waiting.pop()
            if layer.name in seen:
                continue  # it is higher up already
            seen.add(layer.name)
            yield layer.node
            names = (name.text for name in layer.extends)
            waiting += [self._profiles[name] for name in names if name in self._profiles]
        if profile.defaults.values:
            yield profile.defaults

    def _warn_of_idle_nulls(self, profile: ProfileSource, own: Mapping, below: Mapping) -> None:
        """Warn of each variable that ``profile`` drops although no layer below sets it."""
        variables = own.values.get("environmentVariables")
        if profile.abstract or not isinstance(variables, Mapping):
            return
        nulls = [name for name, node in variables.values.items() if isinstance(node, Scalar)]
        inherited = pairs_of(below.values.get("environmentVariables")) if nulls else {}
        known = {name for name, variable in inherited.items() if isinstance(variable, Mapping)}
        for name in nulls:
            if name not in known:
                message = f"`{shorten(name)}: null` drops nothing, because no lower layer sets it"
                hint = did_you_mean(name, known)
                hint = hint or "Leave it out, or write `{value: null}` to send null."
                span, owner = variables.key_span(name), profile.name
                self._diagnostics.warning("idle-null", message, span, hint=hint, profile=owner)

    def _resolve_parents(self) -> set[str]:
        """Work out what each parent hands down; return the profiles all of whose layers exist."""
        profiles = self._profiles.values()
        parents = {name.text for profile in profiles for name in profile.extends}
        graph = {
            each.name: [name.text for name in each.extends]
            for each in profiles
            if each.extends or each.name in parents
        }
        complete = {profile.name for profile in profiles if not profile.extends}
        cycles = 0
        for name, cycle in depth_first(graph):
            if cycle:
                self._report_cycle(name, cycle)
                cycles += 1
                if cycles == MANY:  # each takes as long as it is
                    break
                continue
            profile = self._profiles[name]
            for parent in profile.extends:
                if parent.text not in self._profiles and self._knows_all:
                    self._report_unknown(parent)
            if complete.issuperset(graph[name]):
                complete.add(name)
            if name in parents:
                self._inherited[name] = self._handed_down(profile)
        return complete

    def _handed_down(self, profile: ProfileSource) -> tuple[Mapping, int]:
        """Return what ``profile`` hands down, its parents being worked out, and how many keys."""
        self._spend(profile)
        layer = merge(self._parents(profile), canonical(profile.node))
        values = {key: node for key, node in layer.values.items() if key not in NOT_INHERITED}
        nested = (len(node.values) for node in values.values() if isinstance(node, Mapping))
        return with_values(layer, values), len(values) + sum(nested)

    def _parents(self, profile: ProfileSource) -> Mapping:
        names = (name.text for name in profile.extends)
        layers = (self._inherited[name][0] for name in names if name in self._inherited)
        return reduce(merge, layers, _NOTHING)

    def _spend(self, profile: ProfileSource) -> None:
        """Account for the keys that ``profile`` takes over.

        Raises:
            ConfigurationError: All layers together have taken over more than fits in memory.
        """
        for name in profile.extends:
            if name.text in self._inherited:
                self._budget -= self._inherited[name.text][1]
            if self._budget < 0:
                message = f"All profiles together inherit more than {MAX_INHERITED:,} keys"
                hint = "Extend smaller profiles, or fewer levels of them."
                self._diagnostics.error("too-large", message, name.span, hint=hint)
                raise ConfigurationError(self._diagnostics)

    def _report_cycle(self, first: str, cycle: list[str]) -> None:
        """Report a cycle at the name that closes it."""
        message = f"A profile extends itself: {cycle_text([*cycle, first])}"
        names = self._profiles[cycle[-1]].extends
        span = next(name.span for name in names if name.text == first)
        self._diagnostics.error("extends-cycle", message, span)

    def _report_unknown(self, name: Scalar) -> None:
        message = f"`{shorten(name.text)}` is not a profile"
        hint = did_you_mean(name.text, self._profiles) if self._diagnostics.wants_hints else None
        self._diagnostics.error("unknown-profile", message, name.span, hint=hint)
