"""Refuse what feeds a secret and something public too, over all profiles, before rendering."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeAlias

from runner.config.compile.axes import axis_scalars
from runner.config.document.keys import VARIABLE_KEYS
from runner.config.document.profiles import Structure
from runner.config.document.variables import is_secret, looks_secret
from runner.config.templates.dependencies import Dependencies, names_in
from runner.config.templates.expression import Expression
from runner.config.templates.expressions.errors import TemplateError
from runner.config.templates.template import Template, parse_template, problem_of
from runner.config.yaml.nodes import Mapping, Node, Scalar, Sequence, pairs_of
from runner.diagnostics import Diagnostics, Related

if TYPE_CHECKING:
    from runner.source import Span

#: A template with nothing in it but names.
_ONLY_NAMES = r"(?:\$<\s*[\w.]+\s*>)*"
#: Keys whose values can't hold templates.
_UNRENDERED = frozenset({"extends", "needs", "abstract"})
_EMPTY = Template((), frozenset(), is_single=False)
#: Names from outside, each with the nodes that read it, by identity.
_Readers: TypeAlias = dict[str, dict[int, Scalar]]


class SecretFlow:
    """Collects which names from outside feed secrets, and which feed what is public.

    Attributes:
        secret: The names that feed secrets, each with the place of the first such secret.
        masked: The same of names that feed what only looks like a secret.
    """

    def __init__(
        self, structure: Structure, dependencies: Dependencies, diagnostics: Diagnostics
    ) -> None:
        """Add the secrets of all ``defaults``, even if every profile overrides them."""
        self._dependencies = dependencies
        self._public_env = frozenset(f"env.{name}" for name in structure.public_env)
        self._diagnostics = diagnostics
        self.secret: dict[str, Span] = {}
        self.masked: dict[str, Span] = {}
        self._public: _Readers = {}
        #: The values of what only looks like a secret.
        self._unmarked: _Readers = {}
        #: The names from outside that feed each axis of the current profile.
        self._axes: dict[str, set[str]] = {}
        #: Texts of secrets that were checked and found to be in order.
        self._sound: set[str] = set()
        #: Lists and mappings that were looked through, by identity: layers share them among
        #: profiles. Keeping them keeps their identities from being used again.
        self._seen: dict[int, Node] = {}
        for each in structure.notifications:
            if (name := f"env.{each.variable}") not in self._public_env:
                self.secret.setdefault(name, each.span)
        for _, defaults in structure.defaults:
            for name, variable in pairs_of(defaults.values.get("environmentVariables")).items():
                if is_secret(variable):
                    self._add_secret(name, pairs_of(variable).get("value"), None)

    def add(self, layers: Mapping, profile: str) -> None:
        """Add all templates of ``profile``, its layers merged."""
        self._axes.clear()
        for axis, scalar in axis_scalars(layers.values.get("matrix")):
            self._axes.setdefault(f"matrix.{axis}", set()).update(self._outside(names_in(scalar)))
        for key, node in layers.values.items():
            if key == "environmentVariables" and isinstance(node, Mapping):
                for name, variable in node.values.items():
                    if isinstance(variable, Mapping):
                        self._add_variable(name, node, variable, profile)
            elif node.templated and key not in _UNRENDERED:
                self._add_public(node, self._public)

    def check(self) -> None:
        """Report every name that feeds a secret and something public too, at both places."""
        for name, secret in sorted((self.masked | self.secret).items()):
            publics = [*self._public.get(name, {}).values()]
            what, otherwise = "a secret", ""
            if name in self.secret:
                publics += self._unmarked.get(name, {}).values()
            else:
                what = "what looks like a secret"
                otherwise = ", or add `secret: false` if it is not one"
            hint = f"Use a separate variable for the secret{otherwise}."
            if name.startswith("env."):
                hint = f"If it is not secret in itself, list it: `publicEnv: [{name[4:]}]`."
            # What only looks like a secret in one profile may be declared public in another.
            publics = [public for public in publics if public.span != secret]
            message = f"`{name}` feeds {what}, so nothing that is not secret may read it"
            related = Related(secret, "the secret that it feeds")
            places = [(message, public.span, related) for public in publics]
            if publics:
                message = f"`{name}` feeds this secret and something that is not secret too"
                places.append((message, secret, Related(publics[0].span, "what is not secret")))
            for message, span, related in places:
                self._diagnostics.error(
                    "secret-made-public", message, span, hint=hint, related=(related,)
                )

    def _add_variable(self, name: str, holder: Mapping, variable: Mapping, profile: str) -> None:
        value = variable.values.get("value")
        if is_unmarked := looks_secret(name, variable):
            _hide(value)
            if isinstance(value, Scalar):
                feed = self._dependencies.of(names_in(value))
                axes = (self._axes.get(each, set()) for each in feed.names)
                for source in feed.outside.union(*axes) - self._public_env:
                    self.masked.setdefault(source, value.span)
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
                is_value = key == "value" and is_unmarked
                self._add_public(node, self._unmarked if is_value else self._public)

    def _add_secret(self, name: str, value: Node | None, profile: str | None) -> None:
        if not isinstance(value, Scalar):
            _hide(value)
            return
        if not value.text or value.value is None or value.text in self._sound:
            return
        template = self._template(value)
        if template is None:
            _hide(value)
            return
        sources = self._outside(template.names)
        hidden = sources - self._public_env
        for source in hidden:
            self.secret.setdefault(source, value.span)
        fallback = next(self._literal_fallbacks(value, template), None)
        if sources and not hidden:
            message = f"The secret `{name}` reads only what `publicEnv` lists"
            hint = "A secret needs a source that is secret; otherwise leave `secret` out."
            self._error("public-secret", message, value, hint, profile)
        elif not sources:
            _hide(value)
            message = f"The secret `{name}` is readable in the file, which is committed"
            hint = f"Take it from the environment: `value: $<env.{name}>`."
            self._error("literal-secret", message, value, hint, profile)
        elif fallback:
            _hide(fallback)
            message = f"The secret `{name}` has a default that is readable in the file"
            hint = "Leave the default out: `apply` then asks for the variable."
            self._error("literal-secret", message, fallback, hint, profile)
        else:
            self._sound.add(value.text)

    def _error(self, code: str, message: str, node: Scalar, hint: str, profile: str | None) -> None:
        self._diagnostics.error(code, message, node.span, hint=hint, profile=profile)

    def _literal_fallbacks(self, value: Scalar, template: Template) -> Iterator[Scalar]:
        """Yield where the file holds a text that may become part of a secret.

        That is a default in the secret's own template, or in a variable that feeds it. The default
        of a public name reveals nothing.
        """
        if self._has_secret_fallback(template):
            yield value
        for name in sorted(self._dependencies.of(template.names).names):
            for scalar in self._dependencies.scalars_of(name):
                inner = self._template(scalar)
                if inner and self._has_secret_fallback(inner):
                    yield scalar

    def _has_secret_fallback(self, template: Template) -> bool:
        return any(
            (part.has_literal_fallback or any(map(self._is_literal, part.alternatives)))
            and self._outside(part.names) - self._public_env
            for _, part in template.parts
            if isinstance(part, Expression)
        )

    def _is_literal(self, name: str) -> bool:
        """Return whether the value of a name is written in the file."""
        feed = self._dependencies.of(frozenset([name]))
        if feed.outside or feed.is_volatile:
            return False
        return name.startswith("matrix.") or any(
            scalar.value not in {None, ""} for scalar in self._dependencies.scalars_of(name)
        )

    def _add_public(self, node: Node, into: _Readers) -> None:
        if isinstance(node, Scalar):
            template = self._template(node)
            for name in self._outside(template.names) - self._public_env if template else ():
                into.setdefault(name, {})[id(node)] = node
        elif id(node) not in self._seen:
            self._seen[id(node)] = node
            for child in node.items if isinstance(node, Sequence) else node.values.values():
                if child.templated:
                    self._add_public(child, into)

    def _outside(self, names: frozenset[str]) -> frozenset[str]:
        """The names from outside that feed what reads ``names``, through variables too."""
        return self._dependencies.of(names).outside

    def _template(self, scalar: Scalar) -> Template | None:
        """The template of a scalar; ``None``, and a diagnostic, if it is wrong."""
        try:
            return parse_template(scalar.text) if scalar.templated else _EMPTY
        except TemplateError as error:
            self._diagnostics.add(problem_of(error, scalar))
            return None


def _hide(value: Node | None) -> None:
    """Keep diagnostics from quoting what may be a secret; names of variables may be shown."""
    if value is not None and not (
        isinstance(value, Scalar) and re.fullmatch(_ONLY_NAMES, value.text)
    ):
        value.source.hide(value.start, value.end)
