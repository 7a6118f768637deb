"""``matrix`` → combinations: each becomes an instance, named by its values in order."""

import re
from collections.abc import Iterator
from itertools import product
from math import prod
from typing import Any

from runner.config.expressions.values import Symbolic, to_text
from runner.config.nodes import Mapping, Node, Scalar, Sequence
from runner.config.render import Renderer
from runner.config.structure import VARIABLE_NAME
from runner.diagnostics import Diagnostics
from runner.models.marked import Marked

MAX_INSTANCES = 1000
_UNFIT = re.compile(r"[\[\],\x00-\x1f\x7f]")

#: One combination: the value of each axis, in the order of the file.
Combination = dict[str, Any]


def instance_name(profile: str, combination: Combination) -> str:
    """``smoke-prod``, or ``smoke-prod[eu-west-1,chrome]`` for one of a matrix."""
    if not combination:
        return profile
    return f"{profile}[{','.join(to_text(value) for value in combination.values())}]"


class MatrixReader:
    """Expands the matrix of a profile."""

    def __init__(self, renderer: Renderer, diagnostics: Diagnostics) -> None:
        self._renderer = renderer
        self._diagnostics = diagnostics

    def expand(self, node: Node | None) -> list[Combination]:
        """Every combination of ``node``; a single empty one where there is no matrix.

        A matrix that can't be read yields no combination, and a diagnostic.
        """
        if node is None or (isinstance(node, Scalar) and node.value is None):
            return [{}]
        if not isinstance(node, Mapping):
            self._error("wrong-type", "`matrix` must map names to lists of values", node)
            return []
        axes = {name: self._axis(name, node) for name in node.values if name != "exclude"}
        if any(values is None for values in axes.values()):
            return []
        known: dict[str, list[Any]] = {name: values or [] for name, values in axes.items()}
        size = prod(len(values) for values in known.values())
        if not known or size > MAX_INSTANCES:
            message = (
                f"This matrix has {size:,} combinations; {MAX_INSTANCES:,} are the most"
                if known
                else "This matrix has no axis"
            )
            self._error("matrix-size", message, node)
            return []
        excluded = self._exclusions(node.values.get("exclude"), known)
        combinations = [
            dict(zip(known, values, strict=True)) for values in product(*known.values())
        ]
        kept = [c for c in combinations if not any(e.items() <= c.items() for e in excluded)]
        if not kept:
            self._error("matrix-size", "`exclude` leaves no combination of this matrix", node)
        return kept

    def _axis(self, name: str, matrix: Mapping) -> list[Any] | None:
        """The values of an axis; ``None`` where one of them, or its name, can't be used."""
        node = matrix.values[name]
        if not VARIABLE_NAME.match(name):
            self._diagnostics.error(
                "bad-name",
                "An axis' name has letters, digits and underscores, and no digit first",
                matrix.keys[name].span,
            )
            return None
        values = self._values(node)
        if isinstance(values, Symbolic):
            return [values]  # without an environment, all that is known of the list
        if isinstance(values, Marked):
            self._error("unset-in-matrix", f"`{name}` needs {', '.join(values.unset)}", node)
            return None
        if not isinstance(values, list) or not values:
            self._error("wrong-type", f"`{name}` must be a list with at least one value", node)
            return None
        places = node.items if isinstance(node, Sequence) else [node] * len(values)
        for index, (value, place) in enumerate(zip(values, places, strict=True)):
            problem = _problem(value, name) or (
                ("duplicate-key", f"`{name}` holds this value twice")
                if to_text(value) in map(to_text, values[:index])
                else None
            )
            if problem:
                self._error(*problem, place)
                return None
        return values

    def _values(self, node: Node) -> Any:
        """The values of an axis, numbers with their spelling."""
        if isinstance(node, Sequence):
            return [self._renderer.spelt(item) for item in node.items]
        return self._renderer.spelt(node)

    def _exclusions(self, node: Node | None, axes: dict[str, list[Any]]) -> list[Combination]:
        if node is None:
            return []
        found = list(self._read_exclusions(node, axes))
        return [entry for entry in found if entry]

    def _read_exclusions(self, node: Node, axes: dict[str, list[Any]]) -> Iterator[Combination]:
        if not isinstance(node, Sequence):
            self._error("wrong-type", "`exclude` must be a list of combinations", node)
            return
        for item in node.items:
            if not isinstance(item, Mapping):
                self._error("wrong-type", "An entry of `exclude` must map axes to values", item)
                continue
            entry = {name: self._renderer.spelt(child) for name, child in item.values.items()}
            for name, value in entry.items():
                if name not in axes:
                    self._error(
                        "unknown-key", f"`{name}` is not an axis of this matrix", item.keys[name]
                    )
                elif value not in axes[name]:
                    self._error("unknown-value", f"`{name}` has no such value", item.values[name])
            yield entry

    def _error(self, code: str, message: str, node: Node) -> None:
        self._diagnostics.error(code, message, node.span)


def _problem(value: Any, axis: str) -> tuple[str, str] | None:
    """Code and words for a ``value`` that can't stand in a matrix."""
    if isinstance(value, Marked):
        return "unset-in-matrix", f"A value of `{axis}` needs {', '.join(value.unset)}"
    if value is None or isinstance(value, list | dict) or not to_text(value):
        return "wrong-type", f"A value of `{axis}` must be text, a number or a boolean"
    if not isinstance(value, Symbolic) and _UNFIT.search(to_text(value)):
        return "bad-name", "A value of a matrix can't hold brackets, commas or control characters"
    return None
