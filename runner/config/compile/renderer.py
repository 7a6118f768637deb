"""Nodes → values of one instance: templates rendered, and what is more than its value marked."""

import json
from dataclasses import dataclass, replace
from typing import Any

from runner.config.document.keys import TYPED_KEYS
from runner.config.document.variables import is_secret, looks_secret
from runner.config.templates.dependencies import NOTHING, Feed, Feeds
from runner.config.templates.expressions.errors import TemplateError, Unresolved
from runner.config.templates.expressions.values import Symbolic, plain, to_text, value_of
from runner.config.templates.scope import InstanceScope, Scope
from runner.config.templates.template import errors_in, hint_for, parse_template, place
from runner.config.yaml.core_schema import resolve
from runner.config.yaml.nodes import Mapping, Node, Scalar, Sequence, literal
from runner.diagnostics import Diagnostic, Diagnostics, Severity
from runner.listing import listed
from runner.models.marked import Marked
from runner.secrets import MIN_LENGTH, Redactor, is_maskable


@dataclass(slots=True)
class Renderer:
    """Renders the nodes of one instance.

    Attributes:
        scope: The instance's names. ``None`` for a layer of which only the literal values can be
            judged: every template in it is unresolved.
        names: The names that all instances share.
        feeds: What feeds each template.
        diagnostics: Takes what is wrong with the values.
        redactor: Learns the secrets.
        unset: How bad it is that a template needs a name that is not set.
        profile: Whose values these are.
        has_marks: Whether a value that was rendered so far is ``Marked``.
    """

    scope: InstanceScope | None
    names: Scope
    feeds: Feeds
    diagnostics: Diagnostics
    redactor: Redactor | None = None
    unset: Severity = Severity.WARNING
    profile: str | None = None
    has_marks: bool = False

    def value(self, node: Node, key: str = "") -> Any:
        """The JSON value of ``node``, in which what is unresolved is ``Marked``.

        Args:
            node: What to render.
            key: The key it stands under. Where its field takes a number or a boolean, text
                from the environment is read as one.
        """
        if not node.templated:
            return node.value if isinstance(node, Scalar) else literal(node)
        if isinstance(node, Scalar):
            value = self._rendered(node)
            if isinstance(value, Marked):
                return value
            is_typed = key in TYPED_KEYS or isinstance(value, list | dict)
            return _typed(plain(value), key) if is_typed and self._reads_env(node) else plain(value)
        if isinstance(node, Sequence):
            return [self.value(item, key) for item in node.items]
        return {name: self.value(child, name) for name, child in node.values.items()}

    def volatile(self, node: Node, key: str = "") -> Any:
        """Like ``value``, with a mark on what differs from run to run."""
        if isinstance(node, Mapping):
            return {name: self.volatile(child, name) for name, child in node.values.items()}
        return self._marked(node, self.value(node, key))

    def text(self, node: Node) -> Any:
        """Like ``value``, but scalars are text: plain ones exactly as they stand in the file."""
        if not isinstance(node, Scalar):
            if isinstance(node, Sequence):
                return self.value(node)
            return {name: self.text(child) for name, child in node.values.items()}
        if not node.templated:
            return None if node.value is None else node.text
        rendered = self._rendered(node)
        if rendered.__class__ is str or rendered is None or isinstance(rendered, Marked):
            return rendered
        try:
            return to_text(rendered)
        except TemplateError as error:
            return self._failed(error, node)

    def spelt(self, node: Node) -> Any:
        """Like ``value``, but numbers keep their spelling, so that they can become text."""
        if isinstance(node, Scalar):
            return self._rendered(node) if node.templated else value_of(node)
        return self.value(node)

    def variable(self, name: str, node: Mapping) -> dict[str, Any]:
        """The environment variable ``name``, whose value is text."""
        variable: dict[str, Any] = {}
        secret = is_secret(node)
        for key, child in node.values.items():
            if key != "value":
                variable[key] = self.value(child, key)
                continue
            value = self.text(child)
            if secret or looks_secret(name, node):
                value = self._secret(child, self._marked(child, value))
                if secret and not _is_long(value):
                    self._warn_of_short_secret(name, child)
            elif child.templated:
                value = self._marked(child, value)
            variable[key] = value
        return variable

    def _rendered(self, node: Scalar) -> Any:
        """The value of a scalar that holds a template; ``Marked`` where there is none."""
        try:
            template = parse_template(node.text)
            if self.scope is not None:
                return template.render(self.scope)
        except Unresolved as unresolved:
            names = tuple(sorted(unresolved.names))
            self._report_unset(node, names)
            self.has_marks = True
            return Marked(None, unset=names)
        except TemplateError as error:
            if node.text.count("$<") > 1:
                for each in errors_in(node.text, self.scope):
                    self._failed(each, node)
            return self._failed(error, node)
        self.has_marks = True
        return Marked(None, unset=(node.text,))

    def _failed(self, error: TemplateError, node: Scalar) -> Marked:
        self.diagnostics.add(template_problem(error, node, self.profile))
        self.has_marks = True
        return Marked(None, unset=(node.text,))

    def _reads_env(self, node: Scalar) -> bool:
        return any(name.startswith("env.") for name in self._feed(node).names)

    def _marked(self, node: Node, value: Any) -> Any:
        """``value``, with a mark if it differs from run to run."""
        feed = self._feed(node)
        if not feed.is_volatile or not isinstance(node, Scalar) or isinstance(value, list | dict):
            return value
        self.has_marks = True
        mark = value if isinstance(value, Marked) else Marked(value)
        steady = sorted(name for name in feed.names if not self.names.is_volatile(name))
        inputs = tuple((name, _text(self._value_of(name))) for name in steady)
        return replace(mark, template=node.text, inputs=inputs)

    def _secret(self, node: Node, value: Any) -> Any:
        """``value`` with the mark of a secret; it and what feeds it are learned."""
        if value is None or isinstance(value, list | dict):
            return value
        self.has_marks = True
        mark = value if isinstance(value, Marked) else Marked(value)
        for name in sorted(self._feed(node).outside):  # masks get the same numbers each time
            self._learn(self._value_of(name))
        self._learn(mark.value)
        return replace(mark, secret=True)

    def _learn(self, value: Any) -> None:
        if self.redactor and isinstance(value, str) and value and not isinstance(value, Symbolic):
            self.redactor.mark(value)

    def _value_of(self, name: str) -> Any:
        try:
            return self.scope.value(name) if self.scope else None
        except TemplateError:  # reported where it is declared
            return None

    def _feed(self, node: Node) -> Feed:
        """What feeds ``node``; nothing where its template is wrong, which is reported."""
        if not isinstance(node, Scalar) or not node.templated:
            return NOTHING
        try:
            return self.feeds.of(node.text)
        except TemplateError:
            return NOTHING

    def _report_unset(self, node: Scalar, names: tuple[str, ...]) -> None:
        verb = "is" if len(names) == 1 else "are"
        self.diagnostics.add(
            Diagnostic(
                "unset",
                f"{listed(f'`{name}`' for name in names)} {verb} not set",
                node.span,
                self.unset,
                _how_to_set(names),
                profile=self.profile,
            )
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
    return "Set it in the environment or an --env-file. An empty one counts as not set."


def template_problem(error: TemplateError, node: Scalar, profile: str | None = None) -> Diagnostic:
    """The diagnostic for a template that is wrong, at its own place in the file."""
    holder = error.node or node
    where = place(holder, error.offset, error.length)
    return Diagnostic(
        "bad-template", error.message, where, hint=hint_for(error, holder), profile=profile
    )


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


def _is_long(value: Any) -> bool:
    """Whether a secret is empty, or long enough to be recognised in other text."""
    value = value.value if isinstance(value, Marked) else value
    return not value or isinstance(value, Symbolic) or is_maskable(str(value))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(plain(value), default=lambda _: None)
