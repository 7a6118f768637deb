"""Structure of a layer (``defaults`` or a profile): known keys, flags, environment variables."""

from collections.abc import Mapping as Table

from runner.config.document.keys import (
    LISTED_VARIABLE_KEYS,
    NESTED_KEYS,
    QUARANTINE_KEYS,
    VARIABLE_KEYS,
)
from runner.config.document.suggestions import suggestion
from runner.config.yaml.core_schema import NULLS
from runner.config.yaml.nodes import Mapping, Node, Scalar, Sequence, items_of
from runner.diagnostics import Diagnostics, Related
from runner.listing import shorten
from runner.source import Span


class LayerChecks:
    """Reports mistakes in the structure of layers."""

    def __init__(self, diagnostics: Diagnostics) -> None:
        self._diagnostics = diagnostics
        self._error = diagnostics.error

    def check(self, layer: Mapping, keys: frozenset[str], where: str) -> None:
        """Check a layer that may have ``keys``; ``where`` names it in messages."""
        values = layer.values
        self.known_keys(layer, keys, where)
        for name, nested in NESTED_KEYS.items():
            self.known_keys(values.get(name), nested, f"in `{name}`")
        variables = values.get("environmentVariables")
        if isinstance(variables, Mapping):
            self._refuse_templates_in(variables)
            self._refuse_null_keys(variables)
            for variable in variables.values.values():
                self._check_variable(variable, VARIABLE_KEYS)
        elif isinstance(variables, Sequence):
            self._check_listed(variables)
        elif variables is not None:
            self._refuse_variables(variables)
        labels = values.get("labels")
        if isinstance(labels, Mapping):
            self._refuse_templates_in(labels)
        for entry in items_of(values.get("quarantine")):
            self.known_keys(entry, QUARANTINE_KEYS, "in a quarantine")

    def known_keys(self, node: Node | None, known: frozenset[str], where: str) -> None:
        """Report each key of ``node``, if it is a mapping, that is not among the ``known``."""
        if not isinstance(node, Mapping) or node.values.keys() <= known:
            return
        for name in node.values:
            if name not in known:
                meant = suggestion(name, known) if self._diagnostics.wants_hints else None
                message = f"`{shorten(name)}` is not a key {where}"
                hint = meant[1] if meant else f"Known keys: {', '.join(sorted(known))}."
                self._error("unknown-key", message, node.key_span(name), hint=hint)

    def flag(self, holder: Table[str, Node], key: str) -> bool:
        """Return a flag that has to be written out as ``true`` or ``false``.

        One that is something else counts as set, so that nothing is reported that may not be meant.
        """
        node = holder.get(key)
        if node is None:
            return False
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return node.value
        message = f"`{key}` must be true or false"
        hint = "A template can't decide this: write it out, so that a reviewer sees it."
        self._error("wrong-type", message, node.span, hint=hint if node.templated else None)
        return True

    def _check_variable(self, variable: Node, known: frozenset[str]) -> None:
        if isinstance(variable, Mapping):
            self.known_keys(variable, known, "in a variable")
            self.flag(variable.values, "secret")

    def _refuse_null_keys(self, variables: Mapping) -> None:
        """Refuse a key that is YAML's null, which would become the text that spells it."""
        for key in NULLS & variables.keys.keys():
            span = variables.key_span(key)
            if span.source.text[span.start : span.end] == key:  # not in quotes
                message = "The name of a variable must be text, not null"
                self._error("wrong-type", message, span, hint="Put it in quotes.")

    def _check_listed(self, variables: Sequence) -> None:
        """Check the API's own form, a list with a key in each item."""
        first: dict[str, Span] = {}
        for item in variables.items:
            if not isinstance(item, Mapping):
                message = "A variable in a list must be a mapping with a `key` and a `value`"
                self._error("wrong-type", message, item.span)
                continue
            self._check_variable(item, LISTED_VARIABLE_KEYS)
            key = item.values.get("key")
            if key is None:
                self._error("missing-key", "`key` is missing", item.span)
            elif not isinstance(key, Scalar) or not isinstance(key.value, str) or not key.text:
                is_plain = isinstance(key, Scalar) and key.plain and key.value is not None
                hint = "Put it in quotes." if is_plain else None
                self._error("wrong-type", "`key` must be the variable's name", key.span, hint=hint)
            elif "$<" in key.text:
                self._refuse_template(key.span)
            elif key.text in first:
                message = f"The variable `{shorten(key.text)}` is given twice"
                related = (Related(first[key.text], "first given here"),)
                self._error("duplicate-key", message, key.span, related=related)
            else:
                first[key.text] = key.span

    def _refuse_variables(self, node: Scalar) -> None:
        if node.value is None:
            message = "`environmentVariables` may not be null"
            hint = "Drop variables one by one: `KEY: null`."
            self._error("null-not-allowed", message, node.span, hint=hint)
            return
        message = "`environmentVariables` must be a mapping of names, or the API's list"
        hint = "A template can give the value of one variable, not all of them."
        self._error("wrong-type", message, node.span, hint=hint if node.templated else None)

    def _refuse_templates_in(self, mapping: Mapping) -> None:
        for key in mapping.keys:
            if "$<" in key:
                self._refuse_template(mapping.key_span(key))

    def _refuse_template(self, key: Span) -> None:
        message = "A key can't hold a template"
        self._error("template-in-key", message, key, hint="Only values can.")
