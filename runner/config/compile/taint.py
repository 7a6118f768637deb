"""Refuse what feeds a secret and something public too, over all profiles, before rendering."""

import re

from runner.config.compile.renderer import template_problem
from runner.config.document.keys import VARIABLE_KEYS
from runner.config.document.variables import is_secret, looks_secret
from runner.config.templates.dependencies import Feeds
from runner.config.templates.expressions.errors import TemplateError
from runner.config.templates.scope import Scope
from runner.config.templates.template import Template, parse_template
from runner.config.templates.variables import scalars
from runner.config.yaml.nodes import Mapping, Node, Scalar, Sequence
from runner.diagnostics import Diagnostics, Related

#: A template with nothing in it but names.
_ONLY_NAMES = re.compile(r"(?:\$<\s*[\w.]+\s*>)*")
_LITERAL_HINT = "Take it from the environment: `value: $<env.{name}>`."
#: Keys whose values can't hold templates.
_UNRENDERED = frozenset({"extends", "needs", "abstract"})


class SecretFlow:
    """Collects which names feed secrets and which feed what is public."""

    def __init__(
        self, scope: Scope, feeds: Feeds, public_env: frozenset[str], diagnostics: Diagnostics
    ) -> None:
        self._scope = scope
        self._feeds = feeds
        self._public_env = frozenset(f"env.{name}" for name in public_env)
        self._diagnostics = diagnostics
        self._secret: dict[str, Scalar] = {}
        self._public: dict[str, dict[int, Scalar]] = {}
        #: Texts of secrets that were checked and found to be in order.
        self._sound: set[str] = set()
        #: Lists and mappings that were looked through, by identity: layers share them among
        #: profiles. Keeping them keeps their identities from being used again.
        self._seen: dict[int, Node] = {}

    def add_defaults(self, defaults: Mapping) -> None:
        """Take in the secrets of ``defaults``, which stand in the file whoever overrides them."""
        variables = defaults.values.get("environmentVariables")
        for name, variable in variables.values.items() if isinstance(variables, Mapping) else ():
            if isinstance(variable, Mapping) and is_secret(variable):
                self._add_secret(name, variable.values.get("value"), None)

    def add(self, layers: Mapping, profile: str) -> None:
        """Take in all templates of ``profile``, its layers merged."""
        for key, node in layers.values.items():
            if key == "environmentVariables" and isinstance(node, Mapping):
                for name, variable in node.values.items():
                    if isinstance(variable, Mapping):
                        self._add_variable(name, node, variable, profile)
            elif node.templated and key not in _UNRENDERED:
                self._add_public(node)

    def check(self) -> None:
        """Report every name that feeds a secret and something public too, at both places."""
        for name in sorted(self._secret.keys() & self._public.keys()):
            secret, hint = self._secret[name], _public_hint(name)
            publics = self._public[name].values()
            for public in publics:
                self._diagnostics.error(
                    "secret-made-public",
                    f"`{name}` feeds a secret, so nothing that is not secret may read it",
                    public.span,
                    hint=hint,
                    related=(Related(secret.span, "the secret that it feeds"),),
                )
            first = next(iter(publics))
            self._diagnostics.error(
                "secret-made-public",
                f"`{name}` feeds this secret and something that is not secret too",
                secret.span,
                hint=hint,
                related=(Related(first.span, "what is not secret"),),
            )

    @property
    def sources(self) -> frozenset[str]:
        """Names such as ``var.token`` that come from outside and feed a secret."""
        return frozenset(self._secret)

    def _add_variable(self, name: str, holder: Mapping, variable: Mapping, profile: str) -> None:
        value = variable.values.get("value")
        if looks_secret(name, variable):
            _hide(value)
            self._diagnostics.warning(
                "looks-secret",
                f"`{name}` looks like a secret but is not marked as one",
                holder.key_span(name),
                hint="Add `secret: true`, or `secret: false` if it is not a secret. Its value is "
                "masked until then.",
                profile=profile,
            )
        secret = is_secret(variable)
        for key, node in variable.values.items():
            if key == "value" and secret:
                self._add_secret(name, node, profile)
            elif key == "secret":
                if not (isinstance(node, Scalar) and isinstance(node.value, bool)):
                    _hide(value)  # it may be meant as a secret
            elif key not in VARIABLE_KEYS:
                _hide(value)  # a misspelt `secret`, perhaps
            elif node.templated:
                self._add_public(node)

    def _add_secret(self, name: str, value: Node | None, profile: str | None) -> None:
        if not isinstance(value, Scalar):
            _hide(value)
            return
        if not value.text or value.value is None or value.text in self._sound:
            return
        sources = self._from_outside(value)
        if sources is None:
            _hide(value)
            return
        hidden = sources - self._public_env
        for source in hidden:
            self._secret.setdefault(source, value)
        fallback = self._literal_fallback(value) if value.templated else None
        if sources and not hidden:
            message = f"The secret `{name}` reads nothing but what `publicEnv` lists"
            hint = "A secret needs a source that is secret; otherwise leave `secret` out."
            self._diagnostics.error(
                "public-secret", message, value.span, hint=hint, profile=profile
            )
        elif not sources:
            _hide(value)
            message = f"The secret `{name}` is readable in the file, which is committed"
            hint = _LITERAL_HINT.format(name=name)
            self._diagnostics.error(
                "literal-secret", message, value.span, hint=hint, profile=profile
            )
        elif fallback:
            _hide(fallback)
            message = f"The secret `{name}` has a default that is readable in the file"
            hint = "Leave the default out: `apply` then asks for the variable."
            self._diagnostics.error(
                "literal-secret", message, fallback.span, hint=hint, profile=profile
            )
        else:
            self._sound.add(value.text)

    def _literal_fallback(self, value: Scalar) -> Scalar | None:
        """Where a text stands in the file that a secret may be made of, if there is one.

        That is a default in the secret's own template, or in a variable that feeds it; one
        that stands in for a public name gives nothing away.
        """
        template = parse_template(value.text)  # its names are known, so it can be read
        if self._has_secret_fallback(template):
            return value
        for name in sorted(self._feeds.of_names(template.names).names):
            if self._scope.is_declared(name) and not self._scope.is_external(name):
                for scalar in scalars(self._scope.declared(name)):
                    inner = self._template_of(scalar)
                    if inner and self._has_secret_fallback(inner):
                        return scalar
        return None

    def _template_of(self, scalar: Scalar) -> Template | None:
        try:
            return parse_template(scalar.text) if scalar.templated else None
        except TemplateError as error:
            self._diagnostics.add(template_problem(error, scalar))
            return None

    def _has_secret_fallback(self, template: Template) -> bool:
        return any(
            not isinstance(part, str)
            and part.has_literal_fallback
            and self._feeds.of_names(part.names).outside - self._public_env
            for part in template.parts
        )

    def _add_public(self, node: Node) -> None:
        if isinstance(node, Scalar):
            for name in self._from_outside(node) or ():
                if name not in self._public_env:
                    self._public.setdefault(name, {})[id(node)] = node
        elif id(node) not in self._seen:
            self._seen[id(node)] = node
            for child in node.items if isinstance(node, Sequence) else node.values.values():
                if child.templated:
                    self._add_public(child)

    def _from_outside(self, scalar: Scalar) -> frozenset[str] | None:
        """Names from outside that feed ``scalar``, through variables too; ``None`` if wrong."""
        if not scalar.templated:
            return frozenset()
        try:
            return self._feeds.of(scalar.text).outside
        except TemplateError as error:
            self._diagnostics.add(template_problem(error, scalar))
            return None


def _hide(value: Node | None) -> None:
    """Keep diagnostics from quoting what may be a secret; names of variables may be shown."""
    if value is not None and not (isinstance(value, Scalar) and _ONLY_NAMES.fullmatch(value.text)):
        value.source.hide(value.start, value.end)


def _public_hint(name: str) -> str:
    if name.startswith("env."):
        return f"If it is not secret in itself, list it: `publicEnv: [{name[4:]}]`."
    return "Use a variable of its own for the secret."
