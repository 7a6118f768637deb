"""The variables that a CI system's file sets for its scripts, as far as they can be followed."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from runner.config.yaml.nodes import Mapping as Tree
from runner.config.yaml.nodes import Node, Scalar, items_of, pairs_of
from runner.importer.placeholders import (
    MARK,
    Kind,
    Matrix,
    Placeholder,
    Placeholders,
    without_marks,
)
from runner.secrets import key_looks_secret
from runner.source import Source

#: System → the keys that its variables are under.
_KEYS = {
    "GitHub": ("env",),
    "GitLab": ("variables",),
    "CircleCI": ("environment",),
    "Azure": ("variables", "env"),
    "Kubernetes": ("env",),
}
#: How a script sets a variable, for later lines, scripts and steps too; not ``--env NAME=…``.
_SET_BY_SCRIPT = re.compile(
    r"\bvariable=([A-Za-z_][\w.]*)"  # Azure
    r"|(?<![\w$-])(?<!-e )(?<!--env[ =])(?<!-e ['\"])(?<!--env[ =]['\"])([A-Za-z_]\w*)(?:\+?=|<<)"
)
_READ_BY_SCRIPT = re.compile(
    r"\b(?:read|mapfile|readarray|getopts|unset|for|printf[ \t]+-v)[ \t]([^\n;|&<>]*)"
)
#: Lines of a GitLab job are one script, in which these may set any variable.
_SOURCED = re.compile(
    r"(?:^|[-;&,'\"\[])[ \t]*(?:(?:source|\.)[ \t]|eval[ \t](?![\"'`$(]*ssh-agent))", re.MULTILINE
)
#: A key, and the name in an item of a list.
_KEY = re.compile(r"(?<![\w.-])([\w.-]+)['\"]?[ \t]*:")
_NAMED = re.compile(r"\bname['\"]?[ \t]*:[ \t]*['\"]?([\w.-]+)")
#: A line that hands later steps variables whose names are not in it.
_EXPORTED = re.compile(r"^(?![^\n]*\w(?:=|<<))[^\n]*(?:GITHUB|BASH)_ENV\b", re.MULTILINE)


class Variables:
    """Reads the variables of one file."""

    def __init__(self, system: str, source: Source, table: Placeholders) -> None:
        text = source.text
        self._system = system
        self._table = table
        self._keys = Counter(_KEY.findall(text) + _NAMED.findall(text))
        self._set_by_scripts = {name for pair in _SET_BY_SCRIPT.findall(text) for name in pair}
        self._set_by_scripts.update(re.findall(r"\w+", " ".join(_READ_BY_SCRIPT.findall(text))))
        self._may_all_change = bool(
            _SOURCED.search(text) if system == "GitLab" else _EXPORTED.search(text)
        )

    def inside(self, node: Tree, given: Mapping[str, str], matrix: Matrix) -> dict[str, str]:
        """Return the variables of the scripts in a mapping: its own, and those around it."""
        variables = dict(given)
        for key in _KEYS.get(self._system, ()):
            value = node.values.get(key)
            is_open = any({"group", "template"} & set(pairs_of(i)) for i in items_of(value))
            if is_open:  # Azure: what it brings is not in this file
                variables = {k: v for k, v in variables.items() if MARK.search(v)}
            for name, plain, is_secret in _pairs(value):
                variables[name] = self._value(name, plain, matrix, is_secret, is_open)
        if self._system == "GitLab":
            for key in ("secrets", "id_tokens"):
                for name in pairs_of(node.values.get(key)):
                    variables[name] = self._value(name, None, matrix, is_secret=True, is_open=True)
        return variables

    def _value(
        self, name: str, node: Node | None, matrix: Matrix, is_secret: bool, is_open: bool
    ) -> str:
        """Return the text that stands for a variable: its value, or a mark."""
        text = self._table.mark_expressions(text_of(node), matrix)
        inside = self._table.inside(text)
        if MARK.fullmatch(text) and inside[0].kind is Kind.MATRIX:
            return text
        is_secret |= key_looks_secret(name) or any(p.secret for p in inside)
        is_plain = not (inside or "$" in text) and is_exact(node)
        if is_plain and not (is_secret or is_open or self._may_change(name)):
            return text  # an empty one hides the one around it
        if is_secret:
            self._table.secret_env.add(name)
        shown = self._table.original(text) if inside or "$" in text else f"${name}"
        return self._table.mark(Placeholder(Kind.VARIABLE, name, shown, secret=is_secret))

    def _may_change(self, name: str) -> bool:
        """Return whether a variable may be set again where the nesting of the file can't tell."""
        # As by `extends`, `parallel` and `rules`, or a matrix.
        is_again = self._system in {"GitLab", "Azure"} and self._keys[name] > 1
        return is_again or self._may_all_change or name in self._set_by_scripts


def _pairs(node: Node | None) -> Iterator[tuple[str, Node | None, bool]]:
    """Yield the names and values under a key for variables, and whether they are secrets."""
    for name, value in pairs_of(node).items():
        yield name, pairs_of(value).get("value", value), False  # GitLab: with a description
    for item in map(pairs_of, items_of(node)):  # Azure and Kubernetes
        if "name" in item:
            is_secret = "secretKeyRef" in pairs_of(item.get("valueFrom"))
            yield text_of(item["name"]), item.get("value"), is_secret


def text_of(node: Node | None) -> str:
    """Return the text of a scalar; an empty one for anything else."""
    return without_marks(node.text) if isinstance(node, Scalar) and node.value is not None else ""


def is_exact(node: Node | None) -> bool:
    """Return whether a value reads as it is written: ``1.10`` is 1.1 to a CI system."""
    if not isinstance(node, Scalar) or isinstance(node.value, str | None):
        return True
    return str(node.value).lower() == node.text and not node.text.endswith(".0")
