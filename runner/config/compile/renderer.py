"""Nodes → values of one instance: templates rendered, special values marked."""

import json
from dataclasses import dataclass, replace
from typing import Any

from runner.config.document.keys import TYPED_KEYS
from runner.config.document.variables import is_secret, looks_secret
from runner.config.templates.dependencies import Feed, names_in
from runner.config.templates.expressions.errors import TemplateError, Unresolved
from runner.config.templates.expressions.symbols import escaped
from runner.config.templates.expressions.values import (
    Spelt,
    Symbolic,
    Value,
    plain,
    to_text,
    value_of,
)
from runner.config.templates.scope import Scope
from runner.config.templates.template import expressions_in, parse_template, problem_of
from runner.config.yaml.core_schema import resolve
from runner.config.yaml.nodes import Mapping, Node, Scalar, Sequence, literal
from runner.diagnostics import Diagnostic, Diagnostics, Severity
from runner.listing import listed
from runner.models.marked import Marked, mapped
from runner.secrets import MIN_LENGTH, Redactor, is_maskable


@dataclass(slots=True, eq=False, repr=False)
class Renderer:
    """Renders the nodes of one instance of a profile.

    What is wrong goes to ``diagnostics``, and secrets to ``redactor``; ``unset`` is the severity
    of a name that is not set. With ``only_literals``, every template counts as unresolved.
    Values of the ``untyped_axes`` of the matrix have no type of their own.
    """

    scope: Scope
    diagnostics: Diagnostics
    redactor: Redactor
    unset: Severity
    profile: str | None
    only_literals: bool = False
    untyped_axes: frozenset[str] = frozenset()

    def value(self, node: Node, key: str = "") -> Any:
        """The JSON value of ``node``, in which what is unresolved is ``Marked``.

        Where the field ``key`` takes a number or a boolean, text from the environment is read as
        one.
        """
        if not node.templated:
            return literal(node)
        if isinstance(node, Sequence):
            return [self.value(item, key) for item in node.items]
        if isinstance(node, Mapping):
            return {name: self.value(child, name) for name, child in node.values.items()}
        value = self._final(plain(self.scalar(node)))
        is_typed = key in TYPED_KEYS or isinstance(value, list | dict)
        return _typed(value, key) if is_typed and self._is_untyped(node) else value

    def volatile(self, node: Node, key: str) -> Any:
        """Like ``value``, with a mark on what differs from run to run."""
        if isinstance(node, Mapping):
            return {name: self.volatile(child, name) for name, child in node.values.items()}
        return self._marked(node, self.value(node, key))

    def text(self, node: Node) -> Any:
        """Like ``value``, but scalars are text: plain ones exactly as written in the file."""
        if isinstance(node, Mapping):
            return {name: self.text(child) for name, child in node.values.items()}
        if isinstance(node, Sequence):
            return self.value(node)
        if not node.templated:
            return None if node.value is None else node.text
        value = self._final(self.scalar(node))
        try:
            return value if value is None or isinstance(value, Marked) else to_text(value)
        except TemplateError as error:
            return self._failed(error, node)

    def axis(self, key: str, value: Value) -> Any:
        """The JSON value of a key that the matrix sets, read as ``value`` reads it."""
        value = self._final(plain(value))
        return _typed(value, key) if key in self.untyped_axes else value

    def scalar(self, node: Scalar) -> Value | Marked:
        """The value of ``node``, a number with its spelling; ``Marked`` if there is none."""
        if not node.templated:
            return value_of(node)
        try:
            template = parse_template(node.text)
            if not self.only_literals:
                return self.scope.render(template)
        except Unresolved as unresolved:
            names = tuple(sorted(unresolved.names))
            self._report_unset(node, names)
            return Marked(None, unset=names)
        except TemplateError as error:
            self._report_each(node)
            return self._failed(error, node)
        return Marked(None, unset=(node.text,))

    def variable(self, name: str, node: Mapping) -> dict[str, Any]:
        """The environment variable ``name``, whose value is text."""
        variable: dict[str, Any] = {}
        secret = is_secret(node)
        for key, child in node.values.items():
            if key != "value":
                variable[key] = self.value(child, key)
                continue
            value = self._marked(child, self.text(child))
            if secret or looks_secret(name, node):
                value = self._secret(value)
            if secret and not _is_long(value):
                self._warn_of_short_secret(name, child)
            variable[key] = value
        return variable

    def _final(self, value: Any) -> Any:
        """``value`` of a field; where names stand for themselves, a literal ``$<`` is escaped."""
        return mapped(value, escaped) if self.scope.symbolic else value

    def _failed(self, error: TemplateError, node: Scalar) -> Marked:
        self.diagnostics.add(problem_of(error, node, self.profile))
        return Marked(None, unset=(node.text,))

    def _report_each(self, node: Scalar) -> None:
        """Report what is wrong with each expression by itself."""
        for start, expression in expressions_in(node.text):
            if isinstance(expression, TemplateError):
                self._failed(expression, node)
            elif not self.only_literals:
                try:
                    to_text(self.scope.evaluate(expression))
                except TemplateError as error:
                    self._failed(error.moved(start), node)
                except Unresolved:
                    continue

    def _feed(self, node: Node) -> Feed:
        names = names_in(node) if isinstance(node, Scalar) else frozenset[str]()
        return self.scope.dependencies.of(names)

    def _is_untyped(self, node: Node) -> bool:
        axes = {f"matrix.{axis}" for axis in self.untyped_axes}
        names = self._feed(node).names
        return not axes.isdisjoint(names) or self.scope.dependencies.is_untyped(names)

    def _marked(self, node: Node, value: Any) -> Any:
        """``value``, with a mark if it differs from run to run."""
        feed = self._feed(node)
        if not isinstance(node, Scalar) or isinstance(value, list | dict) or not feed.is_volatile:
            return value
        inputs = ((name, self._input(name)) for name in sorted(feed.names))
        known = tuple((name, text) for name, text in inputs if text is not None)
        return replace(_mark(value), template=node.text, inputs=known)

    def _input(self, name: str) -> str | None:
        """Return what counts when a name that a volatile template reads is compared.

        That is its value. For a variable that is volatile itself, it is its template; for what
        only the run decides, nothing.
        """
        if not self.scope.dependencies.is_volatile(name):
            return _text(mapped(self.scope.known(name), escaped))
        node = self.scope.variables.get(name.removeprefix("var."))
        return _text(literal(node)) if node and name.startswith("var.") else None

    def _secret(self, value: Any) -> Any:
        """``value`` with the mark of a secret, which the redactor learns."""
        if value is None or isinstance(value, list | dict):
            return value
        mark = _mark(value)
        if isinstance(mark.value, str) and mark.value and not isinstance(mark.value, Symbolic):
            self.redactor.mark(mark.value)
        return replace(mark, secret=True)

    def _report_unset(self, node: Scalar, names: tuple[str, ...]) -> None:
        verb = "is" if len(names) == 1 else "are"
        message = f"{listed(f'`{name}`' for name in names)} {verb} not set"
        hint = _how_to_set(names)
        self.diagnostics.add(
            Diagnostic("unset", message, node.span, self.unset, hint, profile=self.profile)
        )

    def _warn_of_short_secret(self, name: str, node: Node) -> None:
        message = f"The secret `{name}` has fewer than {MIN_LENGTH} characters"
        hint = "It is masked in its own field, but can't be recognised in other text."
        self.diagnostics.warning(
            "short-secret", message, node.span, hint=hint, profile=self.profile
        )


def _how_to_set(names: tuple[str, ...]) -> str:
    """The hint for names that are not set: each kind is set elsewhere."""
    if all(name.startswith("var.") for name in names):
        variable = names[0].removeprefix("var.")
        return f"Set it with `--var {variable}=VALUE` or CHECKLY_SESSIONS_VAR_{variable}."
    if any(name.startswith("matrix.") for name in names):
        return "Give it in each combination, or write `default(…)` for those without it."
    if all(name.startswith(("git.", "ci.")) for name in names):
        return "Git or the CI system gives it. Write `default(…)` for runs without it."
    return "Set it in the environment or an --env-file. An empty one counts as not set."


def _typed(value: Any, key: str) -> Any:
    """``value`` with each text read as the number or boolean that its field takes."""
    if isinstance(value, dict):
        return {name: _typed(child, name) for name, child in value.items()}
    if isinstance(value, list):
        return [_typed(item, key) for item in value]
    if key not in TYPED_KEYS or not isinstance(value, str):
        return value
    read = resolve(value)
    is_boolean = TYPED_KEYS[key] == "bool"
    fits = isinstance(read, bool if is_boolean else int | float)
    return read if fits and isinstance(read, bool) == is_boolean else value


def _mark(value: Any) -> Marked:
    return value if isinstance(value, Marked) else Marked(value)


def _is_long(value: Any) -> bool:
    """Whether a secret is empty, or long enough to be recognised in other text."""
    value = value.value if isinstance(value, Marked) else value
    return not value or isinstance(value, Symbolic) or is_maskable(str(value))


def _text(value: Any) -> str:
    """Return a value as text to compare: anything but text as JSON, numbers as they are spelt."""
    if isinstance(value, str | Spelt):
        return to_text(value)
    return json.dumps(mapped(value, _spelling), default=lambda _: None)


def _spelling(value: Any) -> Any:
    return value.text if isinstance(value, Spelt) else value
