"""Expand the words of shell text, as far as the text alone determines them.

A variable that the text itself sets once, in plain sight, is followed; what only a shell knows
becomes a placeholder.
"""

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from runner.importer.assignments import SOURCED, Assignments, is_kind, steps_up
from runner.importer.placeholders import Kind, Placeholder, Placeholders
from runner.secrets import key_looks_secret

if TYPE_CHECKING:
    from tree_sitter import Node

#: Kinds of nodes that make words.
WORDS = {
    "word", "number", "string", "raw_string", "ansi_c_string", "concatenation", "simple_expansion",
    "expansion", "command_substitution", "arithmetic_expansion", "brace_expression",
    "translated_string", "process_substitution",
}  # fmt: skip
_VARIABLES = {"simple_expansion", "expansion"}
#: What is one word and stays as it is where a CI system writes it into a script: bare or quoted.
_UNCHANGED = {
    "word": re.compile(r"[\w.,:/@%+=^!-]*"),
    "string": re.compile(r"[^\"$`\\]*"),
    "raw_string": re.compile(r"[^']*"),
}
#: Kinds of nodes that may run after what follows them.
_REPEATED = {"function_definition", "do_group"}
_TILDE = re.compile(r"(?:^|[=:])~")
_BRACES = re.compile(r"\{[^{}\s]*\}")
_BLANK_WORD = re.compile(rb"(?:[ \t]|\\\n)*\\[ \t]")
_JOINT = re.compile(rb"(?:\\\n)*")
_QUOTES = {"raw_string", "ansi_c_string"}
_DEFAULTS = {":-", "-", ":=", "="}
_MAX_LENGTH = 10_000
_MAX_DEPTH = 20


class Expander(Assignments):
    """Expands the words of one text.

    Attributes:
        has_splits: Whether something that is read as one word may be several.
    """

    def __init__(self, data: bytes, table: Placeholders, given: Mapping[str, str]) -> None:
        super().__init__(data)
        self.has_splits = False
        self.set_any += [0] * (SOURCED in given)
        self._table = table
        self._given = given
        self._values: dict[int, list[str]] = {}
        self._depth = 0

    def is_beside_blank_word(self, node: "Node") -> bool:
        r"""Return whether ``\ `` follows or comes first: a part of a word that the parser drops."""
        is_first = node.type == "command_name"
        before = self._data[max(node.start_byte - 2, 0) : node.start_byte] if is_first else b""
        after = _BLANK_WORD.match(self._data, node.end_byte)
        return after is not None or before in {b"\\ ", b"\\\t"}

    def touch(self, before: "Node", node: "Node") -> bool:
        r"""Return whether two nodes have nothing between them, or only ends of lines with ``\``."""
        return _JOINT.fullmatch(self._data, before.end_byte, node.start_byte) is not None

    def given_inside(self) -> dict[str, str]:
        """Return the variables for a script inside: what is set here takes no default there."""
        marks = {
            name: self._table.mark(Placeholder(Kind.VARIABLE, name, f"${{{name}}}"))
            for name in self.assigned
        }
        return {**self._given, **marks, **({SOURCED: ""} if self.set_any else {})}

    def words(self, node: "Node") -> list[str]:
        """Return the words that a node of a command stands for: most often one."""
        if node.type in _VARIABLES:
            value = self._expansion(node)
            text = " ".join(value) if value is not None else self.opaque(node)
            is_known = not (self._table.inside(text) or "IFS" in self.assigned)
            return text.split() if is_known else [self._unsplit(node, text)]
        if node.type == "string" and len(node.children) == 3 and "[@]" in self.source(node):
            value = self._expansion(node.children[1])
            return [self.opaque(node)] if value is None else value
        return [self.text(node)]

    def text(self, node: "Node") -> str:
        """Return the text that a node stands for if it makes one word."""
        source = self.source(node)
        if unchanged := _UNCHANGED.get(node.type):
            values = _values_of(self._table.inside(source))
            if not all(map(unchanged.fullmatch, values)):
                return self.opaque(node)
        if node.type == "word" and (tilde := _TILDE.search(source)):
            text = source[: tilde.end() - 1] + self.opaque(node)
        elif node.type in {"word", "number", "variable_name"}:
            text = re.sub(r"\\(\n|.)", lambda m: m[1].strip("\n"), source, flags=re.DOTALL)
        elif node.type == "raw_string":
            text = source[1:-1]
        elif node.type == "ansi_c_string" and not re.search(r"\\[^nt'\"\\]", source):
            escapes = {"n": "\n", "t": "\t"}
            text = re.sub(r"\\(.)", lambda m: escapes.get(m[1], m[1]), source[2:-1])
        elif node.type == "string":
            inside = [child for child in node.children if child.type in WORDS]
            text = self._joined(node.start_byte + 1, node.end_byte - 1, inside)
        elif node.type == "concatenation":
            bare = {"word", "number", "brace_expression"}
            parts = [self.source(c) if c.type in bare else "q" for c in node.children]
            groups = _BRACES.findall("".join(parts))
            if any("," in group or ".." in group for group in groups):
                return self.opaque(node)
            text = "".join(self._unsplit(c, self.text(c)) for c in node.children)
        else:
            value = self._expansion(node)
            text = self.opaque(node) if value is None else " ".join(value)
        return text

    def value(self, name: str, user: "Node") -> list[str] | None:
        """Return what a variable holds where it is used; ``None`` if the script works it out."""
        entries = self.assigned.get(name, [])
        above = [parent for _, parent in steps_up(user)]
        is_repeated = any(parent.type in _REPEATED for parent in above)
        end = len(self._data) if is_repeated else user.start_byte
        begin = entries[0][0] if entries else 0
        is_hidden = any(begin <= at <= end for at in self.set_any)
        before = [node for start, node in entries if start <= user.start_byte]
        if not (before or (entries and is_repeated)):
            variable = Placeholder(Kind.VARIABLE, name, f"${name}")
            given = None if is_hidden else self._given.get(name)
            return [given or self._table.mark(variable)]
        if is_hidden:
            return None
        if len(entries) > 1 or not before or before[0] is None or key_looks_secret(name):
            return None
        node = before[0]
        if node.type == "for_statement":
            words = self.loop_words(node) if node in above else None
            matrix = tuple({name: word} for word in words or ())
            axis = Placeholder(Kind.MATRIX, name, f"${name}", matrix=matrix)
            return [self._table.mark(axis)] if words else None
        if node.start_byte not in self._values:
            self._depth += 1
            value = self.assignment(node)[1] if self._depth <= _MAX_DEPTH else None
            self._depth -= 1
            if value is None or sum(map(len, value)) > _MAX_LENGTH:
                return None
            self._values[node.start_byte] = value
        return self._values[node.start_byte]

    def loop_words(self, node: "Node") -> list[str] | None:
        """Return the words that a ``for`` goes through, if they are written out."""
        texts = [
            word for child in node.children if child.type in WORDS for word in self.words(child)
        ]
        plain = texts and not any(self._table.inside(text) or "*" in text for text in texts)
        return texts if plain else None

    def axes_of(self, words: Iterable[str]) -> set[str]:
        """Return the names of the axes of matrices in words."""
        return {p.name for word in words for p in self._table.inside(word) if p.matrix}

    def assignment(self, node: "Node") -> tuple[str, list[str]]:
        """Return the name and the value that an assignment sets; a list has several."""
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        key = self.source(name) if name is not None else ""
        if value is None:
            return key, [""]
        if value.type != "array":
            return key, [self.text(value)]
        items = [child for child in value.children if child.type not in {"(", ")", "comment"}]
        return key, [word for item in items for word in self.words(item)]

    def opaque(self, node: "Node") -> str:
        """Return the mark of something that only a shell can compute."""
        text = self.source(node)
        given = (self._given.get(name, "") for name in set(re.findall(r"\w+", text)))
        secret = any(p.secret for p in self._table.inside("".join([text, *given])))
        source = self._table.original(text).strip()
        if node.type not in {*_VARIABLES, "string", "concatenation"} or len(source.split()) != 1:
            source = "$(…)"  # a command may hold anything, a secret too
        return self._table.mark(Placeholder(Kind.SCRIPT, text, source, secret=secret))

    def _joined(self, at: int, end: int, inside: "list[Node]") -> str:
        """Return the text of a string: between the expansions in it is plain text."""
        text = ""
        for node in (*inside, None):
            source = self.source(node) if node else ""
            blanks = len(source) - len(source.lstrip())  # the parser takes them for a part of it
            until = node.start_byte + blanks if node else end
            plain = self._data[at:until].decode(errors="replace")
            text += re.sub(r'\\([$`"\\\n])', lambda m: m[1].strip("\n"), plain)
            if node:
                text += self.text(node)
                at = node.end_byte
        return text

    def _unsplit(self, node: "Node", text: str) -> str:
        """Return ``text``, unless an expansion outside of quotes would make several words of it."""
        inside = self._table.inside(text)
        parts = [text, *(p.default or "" for p in inside), *_values_of(inside)]
        blanks = any(re.search(r"\s", part) for part in parts)
        if node.type not in _VARIABLES or not (blanks or "IFS" in self.assigned):
            return text
        self.has_splits = True
        return self.opaque(node)

    def _expansion(self, node: "Node") -> list[str] | None:
        """Return what ``$X``, ``${X:-default}`` or ``${X[@]}`` stands for, if that is known."""
        parts = [c for c in node.children if c.type not in {"$", "${", "}"}]
        name, _, index = self.source(parts[0]).partition("[") if parts else ("", "", "")
        operator = parts[1].type if len(parts) > 1 else ""
        nodes = [assigned for _, assigned in self.assigned.get(name, []) if assigned is not None]
        is_list = any(is_kind(n.child_by_field_name("value"), "array") for n in nodes)
        readable = re.fullmatch(r"[A-Za-z_]\w*", name) and not re.match(r"\$\s", self.source(node))
        fits = index in ({"@]", "*]"} if is_list else {""})
        if not (readable and fits):
            return None
        known = self.value(name, node)
        if operator in {"", ":?"} or known is None:
            return known
        are_text = is_kind(node.parent, "string") and parts[-1].type in _QUOTES  # its quotes
        if operator not in _DEFAULTS or len(parts) > 3 or is_list or are_text:
            return None
        default = self.text(parts[2]) if len(parts) == 3 else ""
        inside = self._table.inside(known[0])
        if inside and inside[0].source == f"${name}":
            starts = [*self.set_any, self.with_defaults.get(name, node.end_byte)]
            if any(at <= node.start_byte for at in starts):
                return known  # it may have been set, and does without the default
            source = self.source(node)
            return [self._table.mark(Placeholder(Kind.VARIABLE, name, source, default))]
        return known if known[0] else [default]


def _values_of(placeholders: Iterable[Placeholder]) -> list[str]:
    """Return what the axes of matrices among the placeholders stand for."""
    return [run.get(p.name, "") for p in placeholders for run in p.matrix]
