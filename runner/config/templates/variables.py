"""The file's variables: what feeds each, and their values once set from outside."""

import json
from collections.abc import Callable, Iterator, Mapping

from runner.config.templates.expressions.errors import TemplateError
from runner.config.templates.expressions.names import OF_INSTANCE, VOLATILE
from runner.config.templates.expressions.values import Unset, Value, kind_of, value_of_text
from runner.config.templates.template import parse_template
from runner.config.yaml.nodes import Node, Scalar, Sequence
from runner.errors import UsageError
from runner.nearest import did_you_mean


class Graph:
    """The names that feed each variable.

    Computed without recursion, since chains of variables may be long.

    Attributes:
        of_instance: The variables fed by ``matrix.*`` or ``profile.*``.
        volatile: The variables fed by names whose values differ from run to run.
    """

    def __init__(self, nodes: Mapping[str, Node], external: frozenset[str]) -> None:
        """Take the declared variables; nothing feeds those that are set from outside."""
        self._nodes = nodes
        self._external = external
        self._direct: dict[str, frozenset[str]] = {}
        self._closures: dict[str, frozenset[str]] = {}
        self._cycles: dict[str, tuple[str, ...]] = {}
        self.of_instance: set[str] = set()
        self.volatile: set[str] = set()
        seen: set[str] = set()
        for name in nodes:
            if f"var.{name}" not in seen:
                for each in self._walk(f"var.{name}", seen):
                    self._classify(each)

    def direct(self, name: str) -> frozenset[str]:
        """Return the names that a variable's own templates read; none for any other name."""
        if name not in self._direct:
            node = self._nodes.get(name.removeprefix("var."))
            names: set[str] = set()
            if name.startswith("var.") and node and name not in self._external:
                for scalar in scalars(node):
                    names |= _names_in(scalar)
            self._direct[name] = frozenset(names)
        return self._direct[name]

    def closure(self, name: str) -> frozenset[str]:
        """Return ``name`` and all names that feed it, also through other variables."""
        if name not in self._closures:
            found, pending = {name}, [name]
            while pending:
                new = self.direct(pending.pop()) - found
                found |= new
                pending += new
            self._closures[name] = frozenset(found)
        return self._closures[name]

    def cycle(self, name: str) -> tuple[str, ...]:
        """Return the variables of the cycle that ``name`` is part of, if any."""
        return self._cycles.get(name, ())

    def order(self, name: str, is_known: Callable[[str], bool]) -> Iterator[str]:
        """Yield the declared variables that feed ``name``, after what feeds it, unless known."""
        for each in self._walk(name, set(), is_known):
            if each.removeprefix("var.") in self._nodes and each not in self._cycles:
                yield each

    def reader(self, name: str, read: str) -> tuple[Scalar, int]:
        """Return the scalar in which the variable ``name`` reads ``read``, and the offset."""
        nodes = scalars(self._nodes[name.removeprefix("var.")])
        scalar = next(scalar for scalar in nodes if read in _names_in(scalar))
        return scalar, max(scalar.text.find(read), 0)

    def _walk(
        self, root: str, seen: set[str], is_known: Callable[[str], bool] = lambda _: False
    ) -> Iterator[str]:
        """Yield the variables that feed ``root``, depth first, and note cycles on the way."""
        path: dict[str, Iterator[str]] = {}

        def enter(name: str) -> None:
            seen.add(name)
            path[name] = iter(sorted(self.direct(name)))

        enter(root)
        while path:
            name = next(reversed(path))
            for child in path[name]:
                if child in path:
                    names = list(path)
                    circle = tuple(names[names.index(child) :])
                    for member in circle:
                        self._cycles.setdefault(member, circle)
                elif child.startswith("var.") and child not in seen and not is_known(child):
                    enter(child)
                    break
            else:
                del path[name]
                yield name

    def _classify(self, name: str) -> None:
        direct = self.direct(name)
        if any(each.startswith(OF_INSTANCE) or each in self.of_instance for each in direct):
            self.of_instance.add(name)
        if any(each.startswith(VOLATILE) or each in self.volatile for each in direct):
            self.volatile.add(name)


def scalars(node: Node) -> Iterator[Scalar]:
    """Yield the scalars of a node in file order."""
    if isinstance(node, Scalar):
        yield node
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from scalars(item)
    else:
        for value in node.values.values():
            yield from scalars(value)


def _names_in(scalar: Scalar) -> frozenset[str]:
    if not scalar.templated:
        return frozenset()
    try:
        return parse_template(scalar.text).names
    except TemplateError:
        return frozenset()


def declared_overrides(
    variables: Mapping[str, Node], overrides: Mapping[str, str]
) -> dict[str, str]:
    """Return the overrides if all of them are declared variables.

    Raises:
        UsageError: One is not.
    """
    for name in overrides:
        if name not in variables:
            hint = did_you_mean(name, variables) or "Declare it under `variables:`."
            raise UsageError(f"There is no variable {name} in the file.", hint=hint)
    return dict(overrides)


def typed(name: str, text: str, default: Value) -> Value:
    """Return a variable's value from outside, with the type of its declared default.

    Args:
        name: The name of the variable, for the error.
        text: The given text; JSON for lists and mappings.
        default: The default's value; if it is text, null or not known, the text is kept.

    Raises:
        UsageError: The text is not such a value; the message does not quote it.
    """
    if default is None or isinstance(default, str | Unset):
        return text
    wanted = kind_of(default)
    if isinstance(default, list | dict):
        wanted += " as JSON"
        try:
            value = json.loads(text, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, type(default)):
            return value
    else:
        value = value_of_text(text)
        if isinstance(value, bool) is isinstance(default, bool) and isinstance(value, int | float):
            return value
        wanted = "true or false" if isinstance(default, bool) else wanted
    hint = "A variable set from outside has the type of its declared default."
    raise UsageError(f"Variable {name} needs {wanted}.", hint=hint)


def _refuse_constant(_: str) -> None:
    raise ValueError
