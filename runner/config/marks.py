"""Marks on compiled values: what is secret, and what differs from run to run."""

import json
from typing import Any

from runner.config.expressions.values import Symbolic, plain
from runner.config.nodes import Mapping, Node, Scalar
from runner.config.scope import InstanceScope, Scope
from runner.config.template import TemplateError, parse_template
from runner.diagnostics import Diagnostics
from runner.models.marked import Marked
from runner.secrets import MIN_LENGTH, Redactor, is_maskable


class Marker:
    """Marks the values of one instance's request."""

    def __init__(
        self, names: Scope, scope: InstanceScope, redactor: Redactor, diagnostics: Diagnostics
    ) -> None:
        self._diagnostics = diagnostics
        self._all = names
        self._scope = scope
        self._redactor = redactor

    def mark(self, profile: Mapping, data: dict[str, Any]) -> None:
        """Mark what is volatile or secret in ``data``, the rendered keys of ``profile``."""
        nodes = profile.values
        if "name" in nodes and "name" in data:
            data["name"] = self._volatile(nodes["name"], data["name"])
        metadata, given = nodes.get("metadata"), data.get("metadata")
        if isinstance(metadata, Mapping) and isinstance(given, dict):
            for key, node in metadata.values.items():
                given[key] = self._volatile(node, given[key])
        variables, given = nodes.get("environmentVariables"), data.get("environmentVariables")
        if isinstance(variables, Mapping) and isinstance(given, dict):
            for key, node in variables.values.items():
                if isinstance(node, Mapping) and isinstance(given.get(key), dict):
                    self._variable(key, node, given[key])

    def _variable(self, name: str, node: Mapping, variable: dict[str, Any]) -> None:
        if "value" not in variable:
            return
        variable["value"] = self._volatile(node.values["value"], variable["value"])
        if variable.get("secret") is True:
            value = variable["value"] = self._secret(node.values["value"], variable["value"])
            if isinstance(value, Marked) and value.value and not _is_long(value.value):
                self._diagnostics.warning(
                    "short-secret",
                    f"The secret `{name}` has less than {MIN_LENGTH} characters",
                    node.values["value"].span,
                    hint="it is masked where its field is shown, and can't be told from other "
                    "words elsewhere",
                )

    def _secret(self, node: Node, value: Any) -> Any:
        if value is None or isinstance(value, list | dict):
            return value
        marked = value if isinstance(value, Marked) else Marked(value)
        for name in self._names(node):
            if name.startswith("env.") or self._all.is_external(name):
                self._learn(self._value(name))
        self._learn(marked.value)
        return Marked(marked.value, True, marked.unset, marked.template, marked.inputs)

    def _learn(self, value: Any) -> None:
        if isinstance(value, str) and value and not isinstance(value, Symbolic):
            self._redactor.add(value)

    def _volatile(self, node: Node, value: Any) -> Any:
        if not isinstance(node, Scalar) or isinstance(value, list | dict):
            return value
        names = self._names(node)
        if not names or not self._all.is_volatile(names):
            return value
        unset = value.unset if isinstance(value, Marked) else ()
        shown = value.value if isinstance(value, Marked) else value
        return Marked(shown, unset=unset, template=node.text, inputs=self._inputs(names))

    def _inputs(self, names: frozenset[str]) -> tuple[tuple[str, str], ...]:
        """What a volatile template reads besides, and its values: a change of those counts."""
        steady = sorted(name for name in names if not self._all.is_volatile({name}))
        return tuple((name, _text(self._value(name))) for name in steady)

    def _value(self, name: str) -> Any:
        try:
            return self._scope.value(name)
        except TemplateError:  # reported where it is declared
            return None

    def _names(self, node: Node) -> frozenset[str]:
        """All names that feed ``node``, through variables too."""
        if not isinstance(node, Scalar) or "$<" not in node.text:
            return frozenset()
        try:
            return self._all.sources(parse_template(node.text).names)
        except TemplateError:
            return frozenset()


def _is_long(value: object) -> bool:
    return isinstance(value, Symbolic) or is_maskable(str(value))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(plain(value), default=lambda _: None)
