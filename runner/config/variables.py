"""The file's variables: which feed which, and what they are once set from outside."""

import json
import re
from collections.abc import Iterator, Mapping

from runner.config.expressions.errors import TemplateError
from runner.config.expressions.values import SpeltFloat, SpeltInt, Unset, Value, kind_of
from runner.config.nodes import Node, Scalar, Sequence
from runner.config.template import parse_template
from runner.errors import UsageError

_INTEGER = re.compile(r"[-+]?[0-9]+")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_MAX_DIGITS = 1000


class Graph:
    """Which names feed which variables.

    Worked out without recursion, for chains of variables may be long.
    """

    def __init__(self, nodes: Mapping[str, Node], external: frozenset[str]) -> None:
        """Take the declared variables; those set from outside are fed by nothing."""
        self._nodes = nodes
        self._external = external
        self._direct: dict[str, frozenset[str]] = {}
        self._closures: dict[str, frozenset[str]] = {}
        self._orders: dict[str, tuple[str, ...]] = {}
        self._cycles: dict[str, tuple[str, ...]] = {}

    def direct(self, name: str) -> frozenset[str]:
        """The names that a variable's own templates read; none if they are no templates."""
        if name not in self._direct:
            node = self._nodes.get(name.removeprefix("var."))
            names: set[str] = set()
            if name.startswith("var.") and node and name not in self._external:
                for scalar in scalars(node):
                    names |= _names_in(scalar)
            self._direct[name] = frozenset(names)
        return self._direct[name]

    def closure(self, name: str) -> frozenset[str]:
        """``name`` and all names that feed it, through other variables too."""
        if name not in self._closures:
            self._visit(name)
        return self._closures[name]

    def cycle(self, name: str) -> tuple[str, ...]:
        """The variables that feed each other in a circle, if ``name`` is one of them."""
        self.closure(name)
        return self._cycles.get(name, ())

    def order(self, name: str) -> Iterator[str]:
        """The variables that feed ``name``, each after those that feed it, ``name`` last."""
        seen: set[str] = set()
        stack: list[tuple[str, Iterator[str]]] = [(name, iter(sorted(self.direct(name))))]
        seen.add(name)
        while stack:
            current, children = stack[-1]
            for child in children:
                if child.startswith("var.") and child not in seen:
                    seen.add(child)
                    stack.append((child, iter(sorted(self.direct(child)))))
                    break
            else:
                stack.pop()
                yield current

    def reader(self, name: str, read: str) -> tuple[Scalar | None, int]:
        """The scalar in which the variable ``name`` reads ``read``, and where in its text."""
        for scalar in scalars(self._nodes[name.removeprefix("var.")]):
            if read in _names_in(scalar):
                return scalar, max(scalar.text.find(read), 0)
        return None, 0

    def _visit(self, root: str) -> None:
        path: list[str] = []
        position: dict[str, int] = {}
        collected: dict[str, set[str]] = {}
        stack: list[tuple[str, Iterator[str]]] = []

        def enter(name: str) -> None:
            position[name] = len(path)
            path.append(name)
            collected[name] = {name}
            stack.append((name, iter(sorted(self.direct(name)))))

        enter(root)
        while stack:
            name, children = stack[-1]
            for child in children:
                if child in position:
                    circle = tuple(path[position[child] :])
                    for member in circle:
                        self._cycles.setdefault(member, circle)
                elif child in self._closures:
                    collected[name] |= self._closures[child]
                else:
                    enter(child)
                    break
            else:
                stack.pop()
                path.pop()
                del position[name]
                self._closures[name] = frozenset(collected[name])
                if path:
                    collected[path[-1]] |= collected[name]


def scalars(node: Node) -> Iterator[Scalar]:
    """The scalars of a node, in file order."""
    if isinstance(node, Scalar):
        yield node
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from scalars(item)
    else:
        for value in node.values.values():
            yield from scalars(value)


def is_template(scalar: Scalar) -> bool:
    """Whether a scalar's text has to be parsed as a template."""
    return type(scalar.value) is str and "$<" in scalar.text


def _names_in(scalar: Scalar) -> frozenset[str]:
    if not is_template(scalar):
        return frozenset()
    try:
        return parse_template(scalar.text).names
    except TemplateError:
        return frozenset()


def typed(name: str, text: str, default: Value) -> Value:
    """A variable's value from outside, of the type its declared default has.

    Args:
        name: Of the variable, for the error.
        text: What was given; for lists and mappings it is JSON.
        default: The default's value; for text, null and what is not known the text is kept.

    Raises:
        UsageError: The text does not spell such a value; the message does not quote it.
    """
    if default is None or isinstance(default, str | Unset):
        return text
    wanted = kind_of(default)
    if isinstance(default, bool):
        if text in ("true", "false"):
            return text == "true"
        wanted = "true or false"
    elif isinstance(default, int) and _INTEGER.fullmatch(text) and len(text) < _MAX_DIGITS:
        return SpeltInt(int(text), text)
    elif isinstance(default, int | float) and _NUMBER.fullmatch(text):
        if abs(float(text)) != float("inf"):
            return SpeltFloat(float(text), text)
    elif isinstance(default, list | dict):
        wanted += " as JSON"
        try:
            value = json.loads(text, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, type(default)):
            return value
    raise UsageError(
        f"variable {name} needs {wanted}",
        hint="a variable set from outside has the type of its declared default",
    )


def _refuse_constant(_: str) -> None:
    raise ValueError
