"""What feeds a secret feeds nothing else: judged over all profiles, before anything is rendered."""

import re

from runner.config.compile.renderer import report_template_error, template_of
from runner.config.templates.dependencies import Feeds
from runner.config.templates.expressions.errors import TemplateError
from runner.config.templates.scope import Scope
from runner.config.templates.template import Template
from runner.config.templates.variables import scalars
from runner.config.yaml.nodes import Mapping, Node, Scalar, Sequence
from runner.diagnostics import Diagnostics, Related
from runner.secrets import key_looks_secret

#: A template with nothing in it but names.
_ONLY_NAMES = re.compile(r"(?:\$<\s*[\w.]+\s*>)*")
_LITERAL_HINT = "take it from the environment: `value: $<env.{name}>`"
#: Keys whose values take no templates.
_UNRENDERED = frozenset({"extends", "needs", "abstract", "secret"})


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
        #: Texts of secrets that were judged, and nothing was wrong with them.
        self._sound: set[str] = set()
        #: Lists and mappings that were looked through: layers share them among profiles. They
        #: are kept, for else the next one could be made where one was, and would be taken for it.
        self._seen: dict[int, Node] = {}

    def add_defaults(self, defaults: Mapping) -> None:
        """Take in the secrets of ``defaults``, which stand in the file whoever overrides them."""
        variables = defaults.values.get("environmentVariables")
        for name, variable in variables.values.items() if isinstance(variables, Mapping) else ():
            if isinstance(variable, Mapping) and _is_secret(variable):
                self._add_secret(name, variable.values.get("value"))

    def add(self, profile: Mapping) -> None:
        """Take in all templates of a profile, its layers put together."""
        for key, node in profile.values.items():
            if key == "environmentVariables" and isinstance(node, Mapping):
                for name, variable in node.values.items():
                    if isinstance(variable, Mapping):
                        self._add_variable(name, node, variable)
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
                    f"`{name}` feeds a secret, so it may not stand in what is not secret",
                    public.span,
                    hint=hint,
                    related=(Related(secret.span, "the secret it feeds"),),
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

    def _add_variable(self, name: str, holder: Mapping, variable: Mapping) -> None:
        secret, value = variable.values.get("secret"), variable.values.get("value")
        if isinstance(secret, Scalar) and isinstance(secret.value, str):
            if "$<" in secret.text:
                self._diagnostics.error(
                    "wrong-type",
                    "`secret` must be true or false",
                    secret.span,
                    hint="written out, so that a reviewer sees what is secret",
                )
            _hide(value)  # it may be meant as one
        if secret is None and key_looks_secret(name):
            _hide(value)
            self._diagnostics.warning(
                "looks-secret",
                f"`{name}` looks like a secret, and is not marked as one",
                holder.key_span(name),
                hint="add `secret: true`, or `secret: false` if it is none",
            )
        if isinstance(secret, Scalar) and secret.value is True:
            self._add_secret(name, value)
        elif value is not None and value.templated:
            self._add_public(value)

    def _add_secret(self, name: str, value: Node | None) -> None:
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
        template = template_of(value, self._diagnostics) if "$<" in value.text else None
        fallback = template and self._literal_fallback(value, template)
        if sources and not hidden:
            self._diagnostics.error(
                "public-secret",
                f"The secret `{name}` is made of nothing but what `publicEnv` lists",
                value.span,
                hint="a secret needs a source that is secret; else leave `secret` out",
            )
        elif not sources:
            _hide(value)
            self._diagnostics.error(
                "literal-secret",
                f"The secret `{name}` is readable in the file, which is committed",
                value.span,
                hint=_LITERAL_HINT.format(name=name),
            )
        elif fallback:
            _hide(fallback)
            self._diagnostics.error(
                "literal-secret",
                f"The secret `{name}` has a default that is readable in the file",
                fallback.span,
                hint="leave the default out: `apply` then asks for the variable",
            )
        else:
            self._sound.add(value.text)

    def _literal_fallback(self, value: Scalar, template: Template) -> Scalar | None:
        """Where a text stands in the file that a secret may be made of, if there is one.

        That is a default in the secret's own template, or in a variable that feeds it; one
        that stands in for a public name gives nothing away.
        """
        if self._has_secret_fallback(template):
            return value
        for name in sorted(self._feeds.of_names(template.names).names):
            if self._scope.is_declared(name) and not self._scope.is_external(name):
                for scalar in scalars(self._scope.declared(name)):
                    inner = scalar.templated and template_of(scalar, self._diagnostics)
                    if inner and self._has_secret_fallback(inner):
                        return scalar
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
            report_template_error(error, scalar, self._diagnostics)
            return None


def _hide(value: Node | None) -> None:
    """Keep diagnostics from quoting what may be a secret; names of variables are none."""
    if value is not None and not (isinstance(value, Scalar) and _ONLY_NAMES.fullmatch(value.text)):
        value.source.hide(value.start, value.end)


def _is_secret(variable: Mapping) -> bool:
    secret = variable.values.get("secret")
    return isinstance(secret, Scalar) and secret.value is True


def _public_hint(name: str) -> str:
    if name.startswith("env."):
        return f"if it is not secret in itself, list it: `publicEnv: [{name[4:]}]`"
    return "use a variable of its own for the secret"
