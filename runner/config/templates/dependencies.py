"""Find what feeds a template, through the variables it reads too."""

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from runner.config.templates.expressions.errors import TemplateError, fail_unknown
from runner.config.templates.expressions.names import OF_INSTANCE, VOLATILE
from runner.config.templates.template import parse_template
from runner.config.yaml.nodes import Node, Scalar, Sequence
from runner.graph import depth_first


class Feed(NamedTuple):
    """What a template depends on.

    Attributes:
        names: Everything that feeds it, also through variables, such as ``var.host``.
        outside: The names whose values come from outside the file.
        is_volatile: Whether one of the names differs from run to run.
    """

    names: frozenset[str]
    outside: frozenset[str]
    is_volatile: bool


class Dependencies:
    """What feeds the variables of a file, and the templates that read them."""

    def __init__(self, variables: Mapping[str, Node], external: Collection[str]) -> None:
        """Take the declared variables.

        Nothing in the file feeds the ``external`` ones, which are set from outside, or those
        without a default, which can only be set from there.
        """
        self._variables = variables
        self._without_default = {
            f"var.{name}"
            for name, node in variables.items()
            if isinstance(node, Scalar) and node.value is None
        }
        self._external = self._without_default.union(external)
        self._reads = {f"var.{name}": self._direct(f"var.{name}") for name in variables}
        self._feeds: dict[frozenset[str], Feed] = {}
        self._of_instance = set[str]()
        self._cycles: dict[str, list[str]] = {}
        #: Each variable has a higher rank than those that feed it.
        self._ranks: dict[str, int] = {}
        for name, cycle in depth_first(self._reads):
            for member in cycle:
                self._cycles.setdefault(member, cycle)
            if not cycle:
                self._ranks[name] = len(self._ranks)
                if any(map(self.is_of_instance, self._reads[name])):
                    self._of_instance.add(name)

    def of(self, names: frozenset[str]) -> Feed:
        """Return the feed of a template that reads ``names``."""
        feed = self._feeds.get(names)
        if feed is None:
            found, pending = set(names), [*names]
            while pending:
                new = set(self._reads.get(pending.pop(), ())) - found
                found |= new
                pending += new
            feed = self._feeds[names] = Feed(
                frozenset(found),
                frozenset(each for each in found if self._is_outside(each)),
                any(each.startswith(VOLATILE) for each in found),
            )
        return feed

    def is_untyped(self, names: frozenset[str]) -> bool:
        """Whether text without a type of its own feeds one of ``names``.

        That is the environment, or a variable without a default.
        """
        return any(
            each.startswith("env.") or each in self._without_default
            for each in self.of(names).names
        )

    def is_volatile(self, name: str) -> bool:
        """Whether a name is, or is fed by, what differs from run to run."""
        return self.of(frozenset([name])).is_volatile

    def is_of_instance(self, name: str) -> bool:
        """Whether ``matrix.*`` or ``profile.*`` feeds a name, or is it."""
        return name in self._of_instance or name.startswith(OF_INSTANCE)

    def order(self, name: str) -> list[str]:
        """Return the variable ``name`` and those that feed it, each after its own feed.

        Raises:
            TemplateError: It is not declared, or feeds itself.
        """
        if name not in self._reads:
            fail_unknown("variable", name.removeprefix("var."), self._variables, 0, "var.")
        if name in self._cycles:
            raise self._cycle_error(self._cycles[name])
        feed = self.of(frozenset([name])).names
        known = (each for each in feed if each in self._ranks and each not in self._cycles)
        return sorted(known, key=self._ranks.__getitem__)

    def scalars_of(self, name: str) -> Iterator[Scalar]:
        """Yield the scalars that feed a variable; none for other names and external ones."""
        node = self._variables.get(name.removeprefix("var."))
        if node is not None and name.startswith("var.") and name not in self._external:
            yield from scalars(node)

    def _direct(self, name: str) -> list[str]:
        return sorted({read for scalar in self.scalars_of(name) for read in names_in(scalar)})

    def _is_outside(self, name: str) -> bool:
        return name.startswith("env.") or name in self._external

    def _cycle_error(self, cycle: list[str]) -> TemplateError:
        """The error at the place where the first of the variables reads the next one."""
        turn = cycle.index(next(name for name in self._reads if name in cycle))
        closed = [*cycle[turn:], *cycle[: turn + 1]]
        node = next(
            scalar for scalar in self.scalars_of(closed[0]) if closed[1] in names_in(scalar)
        )
        message = "a variable can't depend on itself: " + " reads ".join(closed)
        return TemplateError(message, max(node.text.find(closed[1]), 0), node=node)


def scalars(node: Node) -> Iterator[Scalar]:
    """Yield the scalars of a node in file order."""
    if isinstance(node, Scalar):
        yield node
        return
    for child in node.items if isinstance(node, Sequence) else node.values.values():
        yield from scalars(child)


def names_in(scalar: Scalar) -> frozenset[str]:
    """Return the names that a scalar reads; none if its template is wrong."""
    try:
        return parse_template(scalar.text).names if scalar.templated else frozenset()
    except TemplateError:
        return frozenset()
