"""The names an expression may read, with their values, each computed once."""

import json
from collections.abc import Mapping
from copy import copy

from runner.config.templates.context import Inputs
from runner.config.templates.dependencies import Dependencies
from runner.config.templates.expression import Expression
from runner.config.templates.expressions import limits
from runner.config.templates.expressions.errors import TemplateError, Unresolved, fail_unknown
from runner.config.templates.expressions.limits import Meter, fits
from runner.config.templates.expressions.symbols import concatenate, symbol
from runner.config.templates.expressions.values import (
    Unset,
    Value,
    kind_of,
    size_of,
    to_text,
    value_of,
    value_of_text,
)
from runner.config.templates.template import Template, parse_template
from runner.config.yaml.nodes import Node, Scalar, Sequence
from runner.errors import UsageError
from runner.json_keys import unique_keys
from runner.nearest import did_you_mean


class Scope:
    """The names of a file, or of one instance of a profile; renders templates with them.

    Attributes:
        symbolic: Whether values of ``env``, ``git``, ``ci`` and ``run`` are `Symbolic`.
        variables: The nodes of the declared variables.
        dependencies: What feeds the variables.
    """

    def __init__(self, variables: Mapping[str, Node], inputs: Inputs) -> None:
        """Collect the names that all instances share; ``variables`` are those of the file.

        Raises:
            UsageError: A variable of the command line is not declared, or one that is set from
                outside does not have the type of its default.
        """
        self.symbolic = inputs.symbolic
        self.variables = variables
        self._inputs = inputs
        self._meter = Meter(limits.RUN_BUDGET, "the expressions of this file together need")
        #: Of an instance: the scope of the file.
        self._shared: Scope | None = None
        #: The values, and the errors, of names and of the expressions all instances share.
        self._values: dict[str, Value] = {}
        self._results: dict[Expression, Value] = {}
        given = self._given()
        self.dependencies = Dependencies(variables, {f"var.{name}" for name in given})
        if given:
            # Types come from the defaults in the file, whatever the environment holds.
            defaults = Scope(variables, Inputs(symbolic=True))
            for name, text in given.items():
                self._values[f"var.{name}"] = _typed(name, text, defaults.known(f"var.{name}"))

    def _given(self) -> dict[str, str]:
        """The texts that variables are set to from outside."""
        given = {**self._inputs.overrides}
        if not self.symbolic:
            for name in given.keys() - self.variables.keys():
                hint = did_you_mean(name, self.variables) or "Declare it under `variables:`."
                raise UsageError(f"There is no variable {name} in the file.", hint=hint)
            given = self._inputs.environment.variables() | given
        return {name: text for name, text in given.items() if name in self.variables}

    def for_instance(self, profile: str, matrix: Mapping[str, Value]) -> "Scope":
        """Return the names inside one instance of a profile.

        ``matrix`` has its value on each axis; for a scalar of the file use `value_of`, so that a
        number keeps its spelling.
        """
        inside = copy(self)
        inside._shared = self
        inside._values = {f"matrix.{axis}": value for axis, value in matrix.items()}
        inside._values["profile.name"] = profile
        return inside

    def value(self, name: str) -> Value:
        """Return the value of a name such as ``var.host``; an `Unset` if it is not set.

        Raises:
            TemplateError: There is no such name, it may not be read, or the variable's own template
                can't be evaluated (then `TemplateError.node` says where).
        """
        if name not in self._values:
            if self._shared and not self.dependencies.is_of_instance(name):
                return self._shared.value(name)
            if name.startswith("var."):
                self._work_out(name)
            else:
                self._values[name] = self._look_up(name)
        value = self._values[name]
        if isinstance(value, TemplateError):
            raise copy(value)
        return value

    def known(self, name: str) -> Value:
        """Return the value of a name; ``None`` if it is wrong, which is reported elsewhere."""
        try:
            return self.value(name)
        except TemplateError:
            return None

    def spend(self, units: int) -> None:
        """See `Names.spend`; cheap work counts for nothing."""
        if units > limits.CHEAP:
            self._meter.pay(units)

    def evaluate(self, expression: Expression) -> Value:
        """See `Expression.evaluate`; what all instances share is evaluated once."""
        if expression in self._results:
            return self._results[expression]
        if any(map(self.dependencies.is_of_instance, expression.names)):
            return expression.evaluate(self)
        value = self._results[expression] = expression.evaluate(self._shared or self)
        return value

    def render(self, template: Template) -> Value:
        """Return the value of a template: of its own type if it is single, else text.

        Returns:
            Lists and mappings are shared and must not be changed. A `Symbolic` if it depends on
            one.

        Raises:
            Unresolved: It needs names that are not set; all of them are listed.
            TemplateError: An expression can't be evaluated; the offset counts from the start of the
                text, or of the text of the variable (`node`) that causes the error.
        """
        pieces: list[str] = []
        missing = set[str]()
        for start, part in template.parts:
            if isinstance(part, str):
                pieces.append(part)
                continue
            try:
                value = self.evaluate(part)
                if template.is_single:
                    return value
                pieces.append(to_text(value))
            except Unresolved as unresolved:
                missing |= unresolved.names
            except TemplateError as error:
                raise error.moved(start) from None
        if missing:
            raise Unresolved(missing)
        self.spend(fits(sum(map(len, pieces))))
        return concatenate(pieces) if self.symbolic else "".join(pieces)

    def _look_up(self, name: str) -> Value:
        namespace, _, rest = name.partition(".")
        if namespace == "matrix" and self._shared:
            axes = [each[7:] for each in self._values if each.startswith("matrix.")]
            fail_unknown("axis", rest, axes, 0, "matrix.")
        if namespace in ("matrix", "profile"):
            raise TemplateError(f"{name} is available only inside a profile", length=len(name))
        if self.symbolic:
            return symbol(name)
        inputs = self._inputs
        value = inputs.environment.value(rest) if namespace == "env" else inputs.context.value(name)
        return Unset(frozenset([name])) if value is None else value

    def _work_out(self, name: str) -> None:
        """Compute a variable after everything that feeds it, each once."""
        for each in self.dependencies.order(name):
            is_here = self._shared is None or self.dependencies.is_of_instance(each)
            if is_here and each not in self._values:
                self._values[each] = self._variable(each)

    def _variable(self, name: str) -> Value:
        """The value of a variable, or the error that its templates end with."""
        node = self.variables[name.removeprefix("var.")]
        if isinstance(node, Scalar) and node.value is None:
            # It has no default.
            return symbol(name) if self.symbolic else Unset(frozenset([name]))
        try:
            value = self._rendered(node)
            if not isinstance(value, str):
                self.spend(size_of(value))
        except Unresolved as unresolved:
            return Unset(unresolved.names)
        except TemplateError as error:
            return error
        return value

    def _rendered(self, node: Node) -> Value:
        if isinstance(node, Sequence):
            return [self._rendered(item) for item in node.items]
        if not isinstance(node, Scalar):
            return {key: self._rendered(value) for key, value in node.values.items()}
        if not node.templated:
            return value_of(node)
        try:
            return self.render(parse_template(node.text))
        except TemplateError as error:
            raise error.within(node) from None


def _typed(name: str, text: str, default: Value) -> Value:
    """A variable's value from outside, with the type of its declared default.

    The text, in JSON for lists and mappings, is kept if the default is text, null or not known.
    """
    if default is None or isinstance(default, str | Unset):
        return text
    wanted = kind_of(default)
    hint = "A variable set from outside has the type of its declared default."
    if isinstance(default, list | dict):
        wanted += " as JSON"
        hint += " Its JSON may not repeat a key."
        try:
            value = json.loads(
                text,
                object_pairs_hook=unique_keys,
                parse_int=_number,
                parse_float=_number,
                parse_constant=_refuse_constant,
            )
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, type(default)):
            return value
    else:
        value = value_of_text(text)
        if isinstance(value, bool) is isinstance(default, bool) and isinstance(value, int | float):
            return value
        wanted = "true or false" if isinstance(default, bool) else wanted
    raise UsageError(f"Variable {name} needs {wanted}.", hint=hint)


def _number(text: str) -> Value:
    value = value_of_text(text)
    if isinstance(value, str):
        raise ValueError  # noqa: TRY004 # a number that is too large
    return value


def _refuse_constant(_: str) -> None:
    raise ValueError
