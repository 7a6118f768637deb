"""Marks on compiled values: what is secret, and what differs from run to run."""

import json
from dataclasses import replace
from typing import Any

from runner.config.templates.dependencies import NOTHING, Feed, Feeds
from runner.config.templates.expressions.values import Symbolic, plain
from runner.config.templates.scope import InstanceScope, Scope
from runner.config.templates.template import TemplateError
from runner.config.yaml.nodes import Mapping, Node, Scalar
from runner.diagnostics import Diagnostics
from runner.models.marked import Body, Marked
from runner.secrets import MIN_LENGTH, Redactor, is_maskable


class Marker:
    """Marks the values of one instance's request."""

    def __init__(
        self,
        names: Scope,
        feeds: Feeds,
        scope: InstanceScope,
        redactor: Redactor,
        diagnostics: Diagnostics,
    ) -> None:
        self._diagnostics = diagnostics
        self._all = names
        self._feeds = feeds
        self._scope = scope
        self._redactor = redactor

    def mark(self, profile: Mapping, body: Body) -> None:
        """Mark what is volatile or secret in ``body``, which was made of ``profile``."""
        nodes = profile.values
        name, metadata = nodes.get("name"), nodes.get("metadata")
        if name is not None:
            body["name"] = self._volatile(name, body["name"])
        given = body.get("metadata")
        if isinstance(metadata, Mapping) and isinstance(given, dict):
            for key, node in metadata.values.items():
                given[key] = self._volatile(node, given[key])
        variables, given = nodes.get("environmentVariables"), body.get("environmentVariables")
        if isinstance(variables, Mapping) and isinstance(given, list):
            kept = ((k, node) for k, node in variables.values.items() if isinstance(node, Mapping))
            for (key, node), variable in zip(kept, given, strict=True):
                source = node.values.get("value")
                if source is not None and (source.templated or "secret" in variable):
                    self._variable(key, source, variable)

    def _variable(self, name: str, source: Node, variable: dict[str, Any]) -> None:
        value = self._volatile(source, variable["value"])
        if variable.get("secret") is True:
            value = self._secret(source, value)
            if isinstance(value, Marked) and value.value and not _is_long(value.value):
                self._diagnostics.warning(
                    "short-secret",
                    f"The secret `{name}` has less than {MIN_LENGTH} characters",
                    source.span,
                    hint="it is masked where its field is shown, and can't be told from other "
                    "words elsewhere",
                )
        variable["value"] = value

    def _secret(self, node: Node, value: Any) -> Any:
        if value is None or isinstance(value, list | dict):
            return value
        for name in sorted(self._feed(node).outside):  # numbers of masks are the same each time
            self._learn(self._value(name))
        if isinstance(value, Marked):
            self._learn(value.value)
            return replace(value, secret=True)
        self._learn(value)
        return Marked(value, secret=True)

    def _learn(self, value: Any) -> None:
        if isinstance(value, str) and value and not isinstance(value, Symbolic):
            self._redactor.mark(value)

    def _volatile(self, node: Node, value: Any) -> Any:
        feed = self._feed(node)
        if not feed.is_volatile or not isinstance(node, Scalar) or isinstance(value, list | dict):
            return value
        unset = value.unset if isinstance(value, Marked) else ()
        shown = value.value if isinstance(value, Marked) else value
        return Marked(shown, unset=unset, template=node.text, inputs=self._inputs(feed.names))

    def _inputs(self, names: frozenset[str]) -> tuple[tuple[str, str], ...]:
        """What a volatile template reads besides, and its values: a change of those counts."""
        steady = sorted(name for name in names if not self._all.is_volatile(name))
        return tuple((name, _text(self._value(name))) for name in steady)

    def _value(self, name: str) -> Any:
        try:
            return self._scope.value(name)
        except TemplateError:  # reported where it is declared
            return None

    def _feed(self, node: Node) -> Feed:
        """What feeds ``node``; nothing where its template is wrong, which is reported elsewhere."""
        if not isinstance(node, Scalar) or not node.templated:
            return NOTHING
        try:
            return self._feeds.of(node.text)
        except TemplateError:
            return NOTHING


def _is_long(value: object) -> bool:
    return isinstance(value, Symbolic) or is_maskable(str(value))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(plain(value), default=lambda _: None)
