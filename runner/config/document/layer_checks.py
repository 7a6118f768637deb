"""Structure of a layer (``defaults`` or a profile): known keys, flags, environment variables."""

from collections.abc import Mapping as Table

from runner.config.document.keys import (
    LISTED_VARIABLE_KEYS,
    NESTED_KEYS,
    QUARANTINE_KEYS,
    VARIABLE_KEYS,
)
from runner.config.document.suggestions import suggestion
from runner.config.yaml.nodes import Mapping, Node, Scalar, Sequence
from runner.diagnostics import Diagnostics, Related
from runner.listing import shorten
from runner.source import Span

#: How YAML 1.2 spells null.
NULLS = frozenset({"null", "Null", "NULL", "~", ""})


class LayerChecks:
    """Reports what is wrong with the structure of layers."""

    def __init__(self, diagnostics: Diagnostics) -> None:
        self._diagnostics = diagnostics

    def check(self, layer: Mapping, keys: frozenset[str], where: str) -> None:
        """Check a layer that may have ``keys``; ``where`` it stands, for messages."""
        self.known_keys(layer, keys, where)
        for name, nested in NESTED_KEYS.items():
            self._known_keys_of(layer.values.get(name), nested, f"in `{name}`")
        variables = layer.values.get("environmentVariables")
        if isinstance(variables, Mapping):
            self._check_templates_in(variables)
            self._check_null_keys(variables)
            for variable in variables.values.values():
                self._check_variable(variable, VARIABLE_KEYS)
        elif isinstance(variables, Sequence):
            self._check_listed(variables)
        elif variables is not None:
            self._refuse_variables(variables)
        labels = layer.values.get("labels")
        if isinstance(labels, Mapping):
            self._check_templates_in(labels)
        quarantine = layer.values.get("quarantine")
        for entry in quarantine.items if isinstance(quarantine, Sequence) else ():
            self._known_keys_of(entry, QUARANTINE_KEYS, "in a quarantine")

    def known_keys(self, mapping: Mapping, known: frozenset[str], where: str) -> None:
        """Report each key of ``mapping`` that is not among the ``known``."""
        if mapping.values.keys() <= known:
            return
        for name in mapping.values:
            if name not in known:
                meant = suggestion(name, known) if self._diagnostics.wants_hints else None
                message = f"`{shorten(name)}` is not a key {where}"
                hint = meant[1] if meant else f"Known keys: {', '.join(sorted(known))}."
                self._diagnostics.error("unknown-key", message, mapping.key_span(name), hint=hint)

    def flag(self, holder: Table[str, Node], key: str) -> bool:
        """The value of a flag that has to be written out as ``true`` or ``false``.

        One that is something else counts as set, so that nothing is reported that may not be meant.
        """
        node = holder.get(key)
        if node is None:
            return False
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return node.value
        self._diagnostics.error(
            "wrong-type",
            f"`{key}` must be true or false",
            node.span,
            hint="A template can't decide this: write it out, so that a reviewer sees it."
            if node.templated
            else None,
        )
        return True

    def _check_variable(self, variable: Node, known: frozenset[str]) -> None:
        if isinstance(variable, Mapping):
            self.known_keys(variable, known, "in a variable")
            self.flag(variable.values, "secret")

    def _check_null_keys(self, variables: Mapping) -> None:
        """Refuse a key that is YAML's null, which would become the text that spells it."""
        for key in NULLS & variables.keys.keys():
            span = variables.key_span(key)
            if span.source.text[span.start : span.end] == key:  # not in quotes
                message = "The name of a variable must be text, not null"
                self._diagnostics.error("wrong-type", message, span, hint="Put it in quotes.")

    def _check_listed(self, variables: Sequence) -> None:
        """Check the API's own form, a list with a key in each item."""
        first: dict[str, Scalar] = {}
        for item in variables.items:
            if not isinstance(item, Mapping):
                message = "A variable in a list must be a mapping with a `key` and a `value`"
                self._diagnostics.error("wrong-type", message, item.span)
                continue
            self._check_variable(item, LISTED_VARIABLE_KEYS)
            key = item.values.get("key")
            if not isinstance(key, Scalar) or not isinstance(key.value, str) or not key.text:
                where = item.span if key is None else key.span
                message = "`key` is missing" if key is None else "`key` must be the variable's name"
                self._diagnostics.error(
                    "missing-key" if key is None else "wrong-type",
                    message,
                    where,
                    hint="Put it in quotes."
                    if isinstance(key, Scalar) and key.plain and key.text not in NULLS
                    else None,
                )
            elif "$<" in key.text:
                self._refuse_template(key.span)
            elif key.text in first:
                self._diagnostics.error(
                    "duplicate-key",
                    f"The variable `{shorten(key.text)}` is given twice",
                    key.span,
                    related=(Related(first[key.text].span, "first given here"),),
                )
            else:
                first[key.text] = key

    def _refuse_variables(self, node: Scalar) -> None:
        if node.value is None:
            message = "`environmentVariables` may not be null"
            hint = "Drop variables one by one: `KEY: null`."
            self._diagnostics.error("null-not-allowed", message, node.span, hint=hint)
            return
        self._diagnostics.error(
            "wrong-type",
            "`environmentVariables` must be a mapping of names, or the API's list",
            node.span,
            hint="A template can give the value of one variable, not all of them."
            if node.templated
            else None,
        )

    def _check_templates_in(self, mapping: Mapping) -> None:
        for key in mapping.keys:
            if "$<" in key:
                self._refuse_template(mapping.key_span(key))

    def _refuse_template(self, key: Span) -> None:
        self._diagnostics.error(
            "template-in-key", "A key can't hold a template", key, hint="Only values can."
        )

    def _known_keys_of(self, node: Node | None, known: frozenset[str], where: str) -> None:
        if isinstance(node, Mapping):
            self.known_keys(node, known, where)
