"""``matrix`` → combinations: each becomes an instance, named by its values in order."""

import re
from itertools import product
from math import prod
from typing import Any

from runner.config.compile.renderer import Renderer
from runner.config.document.keys import STRUCTURAL_KEYS
from runner.config.document.profiles import VARIABLE_NAME, shorten
from runner.config.templates.expressions.values import Symbolic, to_text
from runner.config.yaml.nodes import Mapping, Node, Scalar, Sequence
from runner.diagnostics import Diagnostics
from runner.models.marked import Marked
from runner.nearest import did_you_mean
from runner.source import Span

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

    def expand(self, node: Node) -> list[Combination]:
        """Every combination of ``node``; a single empty one where it is null.

        A matrix that can't be read, or reads what is not set, yields no combination, and a
        diagnostic.
        """
        if isinstance(node, Scalar) and node.value is None:
            return [{}]
        if not isinstance(node, Mapping):
            self._error("wrong-type", "`matrix` must map names to lists of values", node.span)
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
            self._error("matrix-size", message, node.span)
            return []
        excluded = self._exclusions(node.values.get("exclude"), known)
        combinations = [
            dict(zip(known, values, strict=True)) for values in product(*known.values())
        ]
        kept = [c for c in combinations if not any(_fits(c, entry) for entry in excluded)]
        if not kept:
            self._error("matrix-size", "`exclude` leaves no combination of this matrix", node.span)
        return kept

    def _axis(self, name: str, matrix: Mapping) -> list[Any] | None:
        """The values of an axis; ``None`` where one of them, or its name, can't be used."""
        node = matrix.values[name]
        if unfit := _name_problem(name):
            self._error("bad-name", unfit, matrix.key_span(name))
            return None
        values = self._values(node)
        if isinstance(values, Marked):
            return None  # not known: the renderer said why
        if not isinstance(values, list) or not values:
            self._error("wrong-type", f"`{name}` must be a list with at least one value", node.span)
            return None
        if len(values) > MAX_INSTANCES:
            words = f"`{name}` has {len(values):,} values; {MAX_INSTANCES:,} instances are the most"
            self._error("matrix-size", words, node.span)
            return None
        places = node.items if isinstance(node, Sequence) else [node] * len(values)
        texts = set[str]()
        for value, place in zip(values, places, strict=True):
            problem = _problem(value, name)
            if problem is None and to_text(value) in texts:
                problem = "duplicate-key", f"`{name}` holds this value twice"
            if problem:
                self._error(*problem, place.span)
                return None
            texts.add(to_text(value))
        return values

    def _values(self, node: Node) -> Any:
        """The values of an axis, numbers with their spelling; a mark if one is not known."""
        if isinstance(node, Sequence):
            values = [self._renderer.spelt(item) for item in node.items]
            return next((value for value in values if isinstance(value, Marked)), values)
        values = self._renderer.spelt(node)
        if isinstance(values, Symbolic):
            return [values]  # without an environment, all that is known of the list
        return values

    def _exclusions(self, node: Node | None, axes: dict[str, list[Any]]) -> list[dict[str, str]]:
        """What to take out, each as the texts of some axes' values."""
        if node is None or (isinstance(node, Scalar) and node.value is None):
            return []
        if not isinstance(node, Sequence):
            self._error("wrong-type", "`exclude` must be a list of combinations", node.span)
            return []
        return [entry for item in node.items if (entry := self._exclusion(item, axes))]

    def _exclusion(self, node: Node, axes: dict[str, list[Any]]) -> dict[str, str]:
        """One entry of ``exclude``; empty, which takes nothing out, where it is wrong."""
        if not isinstance(node, Mapping) or not node.values:
            self._error("wrong-type", "An entry of `exclude` must map axes to values", node.span)
            return {}
        entry = {}
        for name, child in node.values.items():
            if name not in axes:
                self._error(
                    "unknown-key",
                    f"`{shorten(name)}` is not an axis of this matrix",
                    node.key_span(name),
                    hint=did_you_mean(name, axes),
                )
                return {}
            value = self._renderer.spelt(child)
            if isinstance(value, Marked):
                return {}
            known = [to_text(each) for each in axes[name]]
            text = None if value is None or isinstance(value, list | dict) else to_text(value)
            if text not in known:
                self._error(
                    "unknown-value",
                    f"`{name}` has no such value",
                    child.span,
                    hint=f"it has {shorten(', '.join(known))}",
                )
                return {}
            entry[name] = text
        return entry

    def _error(self, code: str, message: str, span: Span, hint: str | None = None) -> None:
        self._diagnostics.error(code, message, span, hint=hint)


def _name_problem(name: str) -> str | None:
    if not VARIABLE_NAME.match(name):
        return "An axis' name has letters, digits and underscores, and no digit first"
    if name in STRUCTURAL_KEYS:
        return f"An axis can't be named `{name}`, which says how profiles relate"
    return None


def _fits(combination: Combination, entry: dict[str, str]) -> bool:
    return all(to_text(combination[axis]) == text for axis, text in entry.items())


def _problem(value: Any, axis: str) -> tuple[str, str] | None:
    """Code and words for a ``value`` that can't stand in a matrix."""
    if value is None or isinstance(value, list | dict) or not to_text(value):
        return "wrong-type", f"A value of `{axis}` must be text, a number or a boolean"
    if not isinstance(value, Symbolic) and _UNFIT.search(to_text(value)):
        return "bad-name", "A value of a matrix can't hold brackets, commas or control characters"
    return None
