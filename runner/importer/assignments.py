"""Learn which variables a shell text sets, and where."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

#: Kinds of nodes that set a variable, with the field of its name.
_NAMES = {"variable_assignment": "name", "for_statement": "variable"}
#: Commands that set the variables they are given, and those that may set any.
_SETTING = {"read", "mapfile", "readarray", "getopts", "unset"}
_DECLARING = {"export", "declare", "local", "readonly", "typeset"}
_SETTING_ANY = {"source", ".", "eval"}
_ARITHMETIC = {"binary_expression", "postfix_expression", "unary_expression"}
_ARITHMETIC_NAMES = {"word", "variable_name"}
#: Among the names of variables: any other may have been set too.
SOURCED = "."
_PLAIN_PARENTS = {"program", "declaration_command", "variable_assignments", "command"}


class Assignments:
    """The variables that one text sets.

    Attributes:
        assigned: Name → where the text sets it, and the node, if it does so in plain sight.
        set_any: Where it may set any variable.
        with_defaults: Name → where it first has a default by ``:=``.
    """

    def __init__(self, data: bytes) -> None:
        self.assigned: dict[str, list[tuple[int, Node | None]]] = {}
        self.set_any: list[int] = []
        self.with_defaults: dict[str, int] = {}
        self._data = data

    def source(self, node: "Node") -> str:
        """Return the text of a node."""
        return self._data[node.start_byte : node.end_byte].decode(errors="replace")

    def name_of(self, node: "Node") -> str:
        """Return the name of the variable that a node sets."""
        name = node.child_by_field_name(_NAMES[node.type])
        return self.source(name).split("[")[0] if name else ""

    def follows(self, node: "Node") -> bool:
        """Return whether the variable that an assignment sets has its value wherever it is used."""
        entries = self.assigned.get(self.name_of(node), [])
        return len(entries) == 1 and entries[0][1] == node

    def learn(self, node: "Node") -> None:
        """Note which variables a node sets. Nodes come in the order of the text."""
        plain, names = False, list[str]()
        if node.type in {"command", "unset_command", "declaration_command"}:
            skipped = {"variable_assignment"}
            if node.type == "declaration_command":
                skipped.add("variable_name")  # it keeps its value
            words = [self.source(part) for part in node.children if part.type not in skipped]
            names, is_any = _set_by(words)
            if is_any:
                self.set_any.append(node.end_byte)
        elif node.type in _ARITHMETIC:
            names = [
                self.source(child) for child in node.children if child.type in _ARITHMETIC_NAMES
            ]
        elif node.type == "expansion" and {":=", "="} & {child.type for child in node.children}:
            given = [self.source(child) for child in node.children if child.type == "variable_name"]
            names = [name for name in given if name in self.assigned]
            for text in given:
                self.with_defaults.setdefault(text, node.end_byte)
        elif (field := _NAMES.get(node.type)) and not is_in_front(node):
            name = node.child_by_field_name(field)
            names = [self.name_of(node)]
            is_plain = is_kind(name, "variable_name") and node.children[1].type == "="
            plain = node.type == "for_statement" or (is_plain and _runs(node))
        for text in names:
            is_later = node.type in {"variable_assignment", "expansion"}
            at = node.end_byte if is_later else node.start_byte
            self.assigned.setdefault(text, []).append((at, node if plain else None))


def _set_by(words: list[str]) -> tuple[list[str], bool]:
    """Return the variables that a command sets, and whether it may set any."""
    while words[0] in {"command", "builtin"} and len(words) > 1:
        words = words[1:]
    name, *operands = words
    if name == "let":
        return re.findall(r"\w+", " ".join(operands)), False
    if name == "printf":
        at = operands.index("-v") + 1 if "-v" in operands else len(operands)
        operands = operands[at : at + 1]
    elif name not in _SETTING | _DECLARING:
        return [], name in _SETTING_ANY
    texts = [re.sub("['\"]", "", text) for text in operands if not text.startswith("-")]
    names = [re.split(r"\+?=|\[", text)[0] for text in texts]
    is_alias = name in _DECLARING and "-n" in operands
    return names, is_alias or any(re.search("[$`]", text) for text in names)


def is_kind(node: "Node | None", kind: str) -> bool:
    """Return whether there is a node, and of this kind."""
    return node is not None and node.type == kind


def steps_up(node: "Node") -> "Iterator[tuple[Node, Node]]":
    """Yield a node with its parent, then the parent with its own, up to the root."""
    while (parent := node.parent) is not None:
        yield node, parent
        node = parent


def is_in_front(node: "Node") -> bool:
    """Return whether an assignment belongs to the command behind it, on its own line."""
    parent = node.parent
    name = parent.child_by_field_name("name") if parent and parent.type == "command" else None
    return name is not None and name.start_point.row == node.end_point.row


def _runs(node: "Node") -> bool:
    """Return whether an assignment is carried out whenever the script runs."""
    return all(
        parent.type in _PLAIN_PARENTS or (parent.type == "list" and parent.children[0] == child)
        for child, parent in steps_up(node)
    )
