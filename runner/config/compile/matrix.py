"""``matrix`` → combinations: each becomes an instance, named by its values in order."""

import re
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any, NoReturn, TypeVar

from runner.config.compile.axes import NOT_AXES
from runner.config.compile.renderer import Renderer
from runner.config.document.keys import MAX_INSTANCES, PROFILE_KEYS, STRUCTURAL_KEYS, TYPED_KEYS
from runner.config.document.profiles import VARIABLE_NAME
from runner.config.templates.expressions.values import Symbolic, to_text
from runner.config.yaml.core_schema import resolve
from runner.config.yaml.nodes import Mapping, Node, Scalar, Sequence, is_null
from runner.diagnostics import Diagnostics
from runner.listing import shorten
from runner.models.marked import Marked, whole
from runner.nearest import did_you_mean
from runner.source import Span

#: So many combinations may be looked at before ``exclude`` takes some out.
MAX_COMBINATIONS = 10_000
_NUMBERS = frozenset(key for key in PROFILE_KEYS if TYPED_KEYS.get(key) in {"int", "float"})
_UNFIT = re.compile(r"[\[\],\x00-\x1f\x7f]")

_T = TypeVar("_T")
_R = TypeVar("_R")

#: One combination: the value of each axis, in the order of the file.
Combination = dict[str, Any]


def instance_name(profile: str, combination: Combination) -> str:
    """``smoke-prod``, or ``smoke-prod[eu-west-1,chrome]`` for one of a matrix."""
    if not combination:
        return profile
    return f"{profile}[{','.join(to_text(value) for value in combination.values())}]"


class _Unusable(Exception):
    """Something in a matrix can't be used; the diagnostics say what."""


def _each(things: Collection[_T], read: Callable[[_T], _R]) -> list[_R]:
    """The result of ``read`` for each of ``things``; all are read, even if one can't be used."""
    found: list[_R] = []
    for thing in things:
        with suppress(_Unusable):
            found.append(read(thing))
    if len(found) < len(things):
        raise _Unusable
    return found


@dataclass(slots=True, eq=False, repr=False)
class MatrixReader:
    """Expands the matrix of a profile."""

    renderer: Renderer
    diagnostics: Diagnostics

    def expand(self, node: Node) -> list[Combination]:
        """Every combination of ``node``; a single empty one if it is null.

        A matrix that can't be used, or reads what is not set, yields no combination, and a
        diagnostic.
        """
        if is_null(node):
            return [{}]
        with suppress(_Unusable):
            return self._expand(node)
        return []

    def _fail(self, code: str, message: str, span: Span, hint: str | None = None) -> NoReturn:
        self.diagnostics.error(code, message, span, hint=hint)
        raise _Unusable

    def _expand(self, node: Node) -> list[Combination]:
        if not isinstance(node, Mapping):
            self._fail("wrong-type", "`matrix` must map names to lists of values", node.span)
        names = [name for name in node.values if name not in NOT_AXES]
        axes = dict(_each(names, lambda name: (name, self._axis(name, node))))
        included = self._entries(node, "include")
        if not axes and not included:
            self._fail("matrix-size", "This matrix has no axis", node.span)
        size = prod(len(values) for values in axes.values())
        most = MAX_COMBINATIONS if "exclude" in node.values else MAX_INSTANCES
        self._check_size(size, node.span, most)
        combinations = self._product(axes, node)
        if not combinations and not included:
            message = "`exclude` leaves no combination of this matrix"
            self._fail("matrix-size", message, node.span)
        self._check_size(len(combinations), node.span)
        combinations = self._included(combinations, included, node)
        self._check_size(len(combinations), node.span)
        return combinations

    def _check_size(self, size: int, span: Span, most: int = MAX_INSTANCES) -> None:
        if size > most:
            message = f"This matrix has {size:,} combinations, more than the limit of {most:,}"
            self._fail("matrix-size", message, span)

    def _axis(self, name: str, matrix: Mapping) -> list[Any]:
        node = matrix.values[name]
        self._check_axis_name(name, matrix.key_span(name))
        values = self._values(node)
        if not isinstance(values, list) or not values:
            message = f"`{name}` must be a list with at least one value"
            self._fail("wrong-type", message, node.span)
        if len(values) > MAX_INSTANCES:
            words = f"`{name}` has {len(values):,} values, more than {MAX_INSTANCES:,} instances"
            self._fail("matrix-size", words, node.span)
        places = node.items if isinstance(node, Sequence) else [node] * len(values)
        texts = set[str]()
        for value, place in zip(values, places, strict=True):
            self._check_value(value, name, place.span)
            if _meaning(name, value) in texts:
                self._fail("duplicate-key", f"`{name}` lists this value twice", place.span)
            texts.add(_meaning(name, value))
        return values

    def _values(self, node: Node) -> Any:
        """What is known of the values of an axis, numbers with their spelling."""
        if isinstance(node, Sequence):
            return [self._known(item) for item in node.items]
        values = self._known(node)
        # Without an environment, a list may be a single unknown value.
        return [values] if isinstance(values, Symbolic) else values

    def _known(self, node: Node) -> Any:
        """The value of ``node``; the renderer says why if it is not known."""
        render = self.renderer
        value = render.scalar(node) if isinstance(node, Scalar) else render.value(node)
        if isinstance(value, Marked):
            raise _Unusable
        return value

    def _check_axis_name(self, name: str, span: Span) -> None:
        if not VARIABLE_NAME.match(name):
            message = (
                "Axis names may use letters, digits and underscores and must not start with a digit"
            )
            self._fail("bad-name", message, span)
        if name in STRUCTURAL_KEYS or name in NOT_AXES:
            message = f"An axis can't be named `{name}`, which is another key"
            self._fail("bad-name", message, span)

    def _check_value(self, value: Any, axis: str, span: Span) -> None:
        """Refuse a value that can't be part of an instance's name."""
        if value is None or isinstance(value, list | dict):
            message = f"A value of `{axis}` must be text, a number or a boolean"
            self._fail("wrong-type", message, span)
        if not to_text(value):
            self._fail("empty-value", f"A value of `{axis}` may not be empty", span)
        if not isinstance(value, Symbolic) and _UNFIT.search(to_text(value)):
            message = "A value of a matrix can't hold brackets, commas or control characters"
            self._fail("bad-name", message, span)

    def _entries(self, matrix: Mapping, key: str) -> list[Node]:
        node = matrix.values.get(key)
        if node is None or is_null(node):
            return []
        if not isinstance(node, Sequence):
            self._fail("wrong-type", f"`{key}` must be a list of combinations", node.span)
        if len(node.items) > MAX_INSTANCES:
            message = f"`{key}` has more than {MAX_INSTANCES:,} entries"
            self._fail("matrix-size", message, node.span)
        return node.items

    def _entry(self, node: Node, key: str) -> Mapping:
        if not isinstance(node, Mapping) or not node.values:
            self._fail("wrong-type", f"An entry of `{key}` must map axes to values", node.span)
        return node

    def _product(self, axes: dict[str, list[Any]], matrix: Mapping) -> list[Combination]:
        """Every combination of the values of ``axes`` that is not excluded."""
        if not axes:
            return []
        entries = self._entries(matrix, "exclude")
        excluded = [one for one in _each(entries, lambda node: self._exclusion(node, axes)) if one]
        return [
            combination
            for values in product(*axes.values())
            if not _is_excluded(combination := dict(zip(axes, values, strict=True)), excluded)
        ]

    def _exclusion(self, item: Node, axes: dict[str, list[Any]]) -> dict[str, frozenset[str]]:
        """The meanings of each axis that are taken out together."""
        found: dict[str, frozenset[str]] = {}
        node = self._entry(item, "exclude")
        for name, child in node.values.items():
            if name not in axes:
                message = f"`{shorten(name)}` is not an axis of this matrix"
                self._fail("unknown-key", message, node.key_span(name), did_you_mean(name, axes))
            value = self._values(child)
            values = value if isinstance(value, list) else [value]
            if any(isinstance(each, Symbolic) for each in [*values, *axes[name]]):
                return {}  # without an environment, nothing is known to be taken out
            fit = [each for each in values if not isinstance(each, list | dict | None)]
            taken = {_meaning(name, each) for each in fit}
            known = {_meaning(name, each) for each in axes[name]}
            if not taken or len(fit) < len(values) or not taken <= known:
                hint = f"Its values are {shorten(', '.join(map(to_text, axes[name])))}."
                self._fail("unknown-value", f"`{name}` has no such value", child.span, hint)
            found[name] = frozenset(taken)
        return found

    def _included(
        self, combinations: list[Combination], included: list[Node], matrix: Mapping
    ) -> list[Combination]:
        """``combinations`` with each entry of ``include`` added to those it fits.

        An entry adds its values to each combination that agrees with it on the axes they share.
        If no combination does, it becomes one itself.
        """
        grown = [dict(combination) for combination in combinations]
        for node in _each(included, lambda item: self._entry(item, "include")):
            entry = {name: self._known(child) for name, child in node.values.items()}
            for name, value in entry.items():
                self._check_axis_name(name, node.key_span(name))
                self._check_value(value, name, node.values[name].span)
            shared = entry.keys() & matrix.values.keys()
            wanted = _meanings(entry)
            fitting = [
                place
                for place, combination in enumerate(combinations)
                if all(_meaning(name, combination[name]) == wanted[name] for name in shared)
            ]
            for place in fitting:  # what they share keeps its spelling
                grown[place] |= {name: entry[name] for name in entry if name not in shared}
            if not fitting:
                grown.append(entry)
        names = {instance_name("", combination) for combination in grown}
        meanings = {frozenset(_meanings(combination).items()) for combination in grown}
        if min(len(names), len(meanings)) < len(grown):
            message = "`include` gives two instances the same name or the same values"
            hint = "An instance is named by its values: change one of them."
            self._fail("duplicate-key", message, matrix.values["include"].span, hint)
        return grown


def _meaning(axis: str, value: Any) -> str:
    """The text that tells values apart; where a key takes a number, 60, 6e1 and 0x3c are one."""
    text = to_text(value)
    if axis not in _NUMBERS or isinstance(value, Symbolic):
        return text
    read = resolve(text)
    return text if read is None or isinstance(read, str | bool) else repr(whole(read))


def _meanings(combination: Combination) -> dict[str, str]:
    return {axis: _meaning(axis, value) for axis, value in combination.items()}


def _is_excluded(combination: Combination, excluded: list[dict[str, frozenset[str]]]) -> bool:
    if not excluded:
        return False
    meanings = _meanings(combination)
    return any(all(meanings[axis] in taken for axis, taken in one.items()) for one in excluded)
