"""Nodes → values: templates rendered, texts kept to the letter, marks where they belong."""

from typing import Any

from runner.config.templates.expressions.errors import TemplateError, Unresolved
from runner.config.templates.expressions.values import plain, to_text, value_of
from runner.config.templates.scope import InstanceScope
from runner.config.templates.template import Template, hint_for, parse_template, place
from runner.config.yaml.nodes import Mapping, Node, Scalar, Sequence, literal
from runner.diagnostics import Diagnostic, Diagnostics, Severity
from runner.listing import listed
from runner.models.marked import Marked


class Renderer:
    """Renders the nodes of one instance.

    ``scope`` is ``None`` for an abstract profile, of which only literal values can be judged:
    there every template is unresolved. ``unset`` is how bad it is that a name is not set;
    ``profile`` the one whose values these are.
    """

    def __init__(
        self,
        scope: InstanceScope | None,
        diagnostics: Diagnostics,
        unset: Severity = Severity.WARNING,
        profile: str | None = None,
    ) -> None:
        self._scope = scope
        self._diagnostics = diagnostics
        self._unset = unset
        self._profile = profile

    def value(self, node: Node) -> Any:
        """What ``node`` stands for: a JSON value in which what is unresolved is ``Marked``."""
        if not node.templated:
            return node.value if isinstance(node, Scalar) else literal(node)
        if isinstance(node, Scalar):
            rendered = self.rendered(node)
            return rendered if isinstance(rendered, Marked) else plain(rendered)
        if isinstance(node, Sequence):
            return [self.value(item) for item in node.items]
        return {name: self.value(child) for name, child in node.values.items()}

    def text(self, node: Node) -> Any:
        """Like ``value``, but scalars are text: plain ones exactly as they stand in the file."""
        if not isinstance(node, Scalar):
            if isinstance(node, Sequence):
                return self.value(node)
            return {name: self.text(child) for name, child in node.values.items()}
        if not node.templated:
            return None if node.value is None else node.text
        rendered = self.rendered(node)
        if rendered.__class__ is str or rendered is None or isinstance(rendered, Marked):
            return rendered
        try:
            return to_text(rendered)
        except TemplateError as error:
            report_template_error(error, node, self._diagnostics, self._profile)
            return Marked(None, unset=(node.text,))

    def variable(self, node: Mapping) -> dict[str, Any]:
        """What an environment variable stands for, whose value is text."""
        return {
            key: self.text(child) if key == "value" else self.value(child)
            for key, child in node.values.items()
        }

    def spelt(self, node: Node) -> Any:
        """Like ``value``, but numbers keep their spelling, so that they can become text."""
        if isinstance(node, Scalar):
            return self.rendered(node) if node.templated else value_of(node)
        return self.value(node)

    def rendered(self, node: Scalar) -> Any:
        """The value of a scalar that holds a template; ``Marked`` where there is none."""
        try:
            template = parse_template(node.text)
            if self._scope is None:
                return Marked(None, unset=(node.text,))
            return template.render(self._scope)
        except Unresolved as unresolved:
            names = tuple(sorted(unresolved.names))
            self._report_unset(node, names)
            return Marked(None, unset=names)
        except TemplateError as error:
            report_template_error(error, node, self._diagnostics, self._profile)
            return Marked(None, unset=(node.text,))

    def _report_unset(self, node: Scalar, names: tuple[str, ...]) -> None:
        verb = "is" if len(names) == 1 else "are"
        self._diagnostics.add(
            Diagnostic(
                "unset",
                f"{listed(f'`{name}`' for name in names)} {verb} not set",
                node.span,
                self._unset,
                _how_to_set(names),
                profile=self._profile,
            )
        )


def _how_to_set(names: tuple[str, ...]) -> str:
    """The hint for names that are not set: each kind is set elsewhere."""
    if all(name.startswith("var.") for name in names):
        variable = names[0].removeprefix("var.")
        return f"Set it with `--var {variable}=VALUE` or CHECKLY_SESSIONS_VAR_{variable}."
    return "Set it in the environment or an --env-file. An empty one counts as not set."


def template_of(node: Scalar, diagnostics: Diagnostics) -> Template | None:
    """The template that ``node`` holds, read once for each text; ``None`` if it is wrong."""
    try:
        return parse_template(node.text)
    except TemplateError as error:
        report_template_error(error, node, diagnostics)
        return None


def report_template_error(
    error: TemplateError, node: Scalar, diagnostics: Diagnostics, profile: str | None = None
) -> None:
    """Report what is wrong with a template at its own place in the file."""
    holder = error.node or node
    where = place(holder, error.offset, error.length)
    diagnostics.error(
        "bad-template", error.message, where, hint=hint_for(error, holder), profile=profile
    )
