"""The names an expression may read, with their values, each computed once."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import NoReturn

from runner.config.templates.context import Context
from runner.config.templates.env_vars import Environment
from runner.config.templates.expression import Expression
from runner.config.templates.expressions.errors import TemplateError, Unresolved, fail_unknown
from runner.config.templates.expressions.limits import RunMeter
from runner.config.templates.expressions.names import OF_INSTANCE, VOLATILE
from runner.config.templates.expressions.symbols import symbol
from runner.config.templates.expressions.values import Unset, Value, size_of, to_text, value_of
from runner.config.templates.template import parse_template
from runner.config.templates.variables import Graph, declared_overrides, typed
from runner.config.yaml.nodes import Node, Scalar, Sequence

#: The namespaces that stand for themselves where nothing of this machine may matter.
PURE = frozenset({"env", "git", "ci", "run"})


class _Names(ABC):
    """Values of names, kept once they are known; shared by both kinds of scope."""

    __slots__ = ("_errors", "_meter", "_values", "symbolic")

    def __init__(self, symbolic: frozenset[str], meter: RunMeter) -> None:
        self.symbolic = symbolic
        self._meter = meter
        self._values: dict[str, Value] = {}
        self._errors: dict[str, TemplateError] = {}

    @abstractmethod
    def value(self, name: str) -> Value:
        """Return the value of a name such as ``var.host``; an `Unset` if it is not set.

        Raises:
            TemplateError: There is no such name, it may not be read, or the variable's own template
                can't be evaluated (then `TemplateError.node` says where).
        """

    def spend(self, units: int) -> None:
        """Account for work done; see `RunMeter.settle`."""
        self._meter.settle(units)

    def evaluate(self, expression: Expression) -> Value:
        """Return the value of an expression.

        Raises:
            Unresolved: It depends on a name that is not set.
            TemplateError: It can't be evaluated.
        """
        return expression.evaluate(self)

    def text(self, expression: Expression) -> str:
        """Return the value of an expression as it is written inside text.

        Raises:
            Unresolved: It depends on a name that is not set.
            TemplateError: It can't be evaluated, or is null, a list or a mapping.
        """
        return to_text(expression.evaluate(self))

    def render(self, node: Node) -> Value:
        """Return the value of a node with all its templates rendered.

        Raises:
            Unresolved: It depends on a name that is not set.
            TemplateError: A template is wrong; `node` is the scalar that holds it.
        """
        if isinstance(node, Scalar):
            if not node.templated:
                return value_of(node)
            try:
                return parse_template(node.text).render(self)
            except TemplateError as error:
                raise error.within(node) from None
        if isinstance(node, Sequence):
            return [self.render(item) for item in node.items]
        return {key: self.render(value) for key, value in node.values.items()}

    def _is_known(self, name: str) -> bool:
        return name in self._values or name in self._errors

    def _work_out(self, name: str, root: "Scope") -> Value:
        """Compute a variable after everything that feeds it, each once."""
        if name not in self._errors:
            for each in root.graph.order(name, self._is_known):
                self._keep(each, root.declared(each))
        if name in self._errors:
            raise self._errors[name].moved(0)
        return self._values[name]

    def _keep(self, name: str, node: Node) -> None:
        if isinstance(node, Scalar) and node.value is None:
            # It has no default. Where nothing from outside counts it stands for itself.
            unset = Unset(frozenset([name]))
            self._values[name] = symbol(name) if "env" in self.symbolic else unset
            return
        try:
            value = self.render(node)
            if not isinstance(value, str):
                self.spend(size_of(value))
            self._values[name] = value
        except Unresolved as error:
            self._values[name] = Unset(error.names)
        except TemplateError as error:
            self._errors[name] = error


class Scope(_Names):
    """The names that are the same for every profile.

    Attributes:
        symbolic: The namespaces whose names stand for themselves.
        graph: What feeds the variables.
        texts: The texts of expressions that are the same for every instance.
    """

    __slots__ = (
        "_bound",
        "_context",
        "_environment",
        "_external",
        "_results",
        "_variables",
        "graph",
        "texts",
    )

    def __init__(
        self,
        *,
        variables: Mapping[str, Node],
        environment: Environment,
        context: Context,
        overrides: Mapping[str, str] | None = None,
        symbolic: Iterable[str] = (),
    ) -> None:
        """Collect what expressions may read.

        Args:
            variables: The declared variables.
            environment: The values of ``env.NAME``; it also sets variables, unless ``env`` is
                symbolic.
            context: The values of ``git.*``, ``ci.*`` and ``run.id``.
            overrides: Variables set on the command line; they win.
            symbolic: Namespaces whose names stand for themselves.

        Raises:
            UsageError: A variable of the command line is not declared, or one that is set from
                outside does not have the type of its default.
        """
        super().__init__(frozenset(symbolic), RunMeter())
        self._variables = variables
        self._environment = environment
        self._context = context
        self.texts: dict[Expression, str] = {}
        self._results: dict[Expression, Value] = {}
        self._bound: dict[Expression, bool] = {}
        given = declared_overrides(variables, overrides or {})
        if "env" not in self.symbolic:
            outside = environment.variables()
            given = {name: outside[name] for name in outside if name in variables} | given
        self._external = frozenset(f"var.{name}" for name in given)
        self.graph = Graph(variables, self._external)
        if given:
            # Types come from the defaults in the file, whatever the environment holds.
            defaults = Scope(
                variables=variables, environment=environment, context=context, symbolic=PURE
            )
            for name, text in given.items():
                self._values[f"var.{name}"] = typed(name, text, _default(defaults, name))

    def for_instance(self, profile: str, matrix: Mapping[str, Value]) -> "InstanceScope":
        """Return the names inside one instance of a profile.

        ``matrix`` has its value on each axis; for a scalar of the file use `value_of`, so that a
        number keeps its spelling.
        """
        return InstanceScope(self, profile, matrix)

    def closure(self, name: str) -> frozenset[str]:
        """Return ``name`` and all the names that feed it, also through variables.

        Nothing feeds a variable that is set from outside: see `is_external`.
        """
        return self.graph.closure(name)

    def is_external(self, name: str) -> bool:
        """Whether a name such as ``var.host`` was set by an option or the environment."""
        return name in self._external

    def is_volatile(self, name: str) -> bool:
        """Whether a name is, or is fed by, what differs from run to run."""
        return name.startswith(VOLATILE) or name in self.graph.volatile

    def needs_instance(self, names: Iterable[str]) -> bool:
        """Whether one of the names is fed by ``matrix.*`` or ``profile.*``."""
        known = self.graph.of_instance
        return any(name.startswith(OF_INSTANCE) or name in known for name in names)

    def value(self, name: str) -> Value:
        """See `_Names.value`."""
        if name in self._values:
            return self._values[name]
        if name.startswith("var."):
            return self._variable(name)
        if name.startswith(OF_INSTANCE):
            raise TemplateError(f"{name} is known only inside a profile", length=len(name))
        namespace, _, rest = name.partition(".")
        if namespace in self.symbolic:
            value: Value = symbol(name)
        elif namespace == "env":
            value = self._environment.value(rest)
        else:
            value = self._context.value(name)
        self._values[name] = Unset(frozenset([name])) if value is None else value
        return self._values[name]

    def _variable(self, name: str) -> Value:
        self.check_variable(name)
        return self._work_out(name, self)

    def check_variable(self, name: str) -> None:
        """Check that a variable is declared and does not feed itself.

        Raises:
            TemplateError: It is not declared, or feeds itself.
        """
        if name.removeprefix("var.") not in self._variables:
            fail_unknown("variable", name.removeprefix("var."), self._variables, 0, "var.")
        cycle = self.graph.cycle(name)
        if cycle:
            self._fail_cycle(cycle)

    def _fail_cycle(self, cycle: tuple[str, ...]) -> NoReturn:
        names = [name.removeprefix("var.") for name in cycle]
        first = min(names, key=list(self._variables).index)
        turn = names.index(first)
        circle = [f"var.{name}" for name in [*names[turn:], *names[:turn], first]]
        node, offset = self.graph.reader(circle[0], circle[1])
        raise TemplateError(
            "a variable can't depend on itself: " + " reads ".join(circle), offset, node=node
        )

    def is_declared(self, name: str) -> bool:
        """Whether a name such as ``var.host`` is a variable of the file."""
        return name[:4] == "var." and name[4:] in self._variables

    def declared(self, name: str) -> Node:
        """Return the node that declares a variable."""
        return self._variables[name.removeprefix("var.")]

    def evaluate(self, expression: Expression) -> Value:
        """See `_Names.evaluate`."""
        if expression not in self._results:
            self._results[expression] = expression.evaluate(self)
        return self._results[expression]

    def text(self, expression: Expression) -> str:
        """See `_Names.text`."""
        text = self.texts.get(expression)
        if text is None:
            text = self.texts[expression] = to_text(self.evaluate(expression))
        return text

    def bound(self, expression: Expression) -> bool:
        """Whether an expression's value may differ from instance to instance."""
        bound = self._bound.get(expression)
        if bound is None:
            bound = self._bound[expression] = self.needs_instance(expression.names)
        return bound


class InstanceScope(_Names):
    """The names inside one instance of a profile; its root keeps what all instances share."""

    __slots__ = ("_root", "_shared")

    def __init__(self, root: Scope, profile: str, matrix: Mapping[str, Value]) -> None:
        super().__init__(root.symbolic, root._meter)  # one budget for all
        self._root = root
        self._shared = root.texts
        self._values["profile.name"] = profile
        for axis, value in matrix.items():
            self._values[f"matrix.{axis}"] = value

    def value(self, name: str) -> Value:
        """See `_Names.value`."""
        if name in self._values:
            return self._values[name]
        if name.startswith("matrix."):
            axes = [axis.removeprefix("matrix.") for axis in self._values if axis[:7] == "matrix."]
            fail_unknown("axis", name.removeprefix("matrix."), axes, 0, "matrix.")
        if not self._root.needs_instance([name]):
            return self._root.value(name)
        self._root.check_variable(name)
        return self._work_out(name, self._root)

    def _is_known(self, name: str) -> bool:
        return super()._is_known(name) or not self._root.needs_instance([name])

    def evaluate(self, expression: Expression) -> Value:
        """See `_Names.evaluate`."""
        if self._root.bound(expression):
            return expression.evaluate(self)
        return self._root.evaluate(expression)

    def text(self, expression: Expression) -> str:
        """See `_Names.text`."""
        shared = self._shared.get(expression)
        if shared is not None:
            return shared
        if expression.name is not None and type(own := self._values.get(expression.name)) is str:
            return own
        if self._root.bound(expression):
            return to_text(expression.evaluate(self))
        return self._root.text(expression)


def _default(defaults: Scope, name: str) -> Value:
    try:
        return defaults.value(f"var.{name}")
    except TemplateError:
        return None
