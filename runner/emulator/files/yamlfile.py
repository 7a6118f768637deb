"""Reads a YAML file into plain values and remembers the line of each."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_MAX_DEPTH = 32
_MAX_PARTS = 500_000
_BASES = {"0x", "0X", "0o", "0b"}

Path_ = tuple[str | int, ...]


class YamlFileError(Exception):
    """A file that is not the YAML it should be.

    Attributes:
        line: Line of the mistake, from 1.
        reason: What is wrong, in words.
    """

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML document: its plain value, and the line (from 1) of each part by its path."""

    value: Any
    lines: Mapping[Path_, int] = field(default_factory=dict)

    def line(self, path: Path_) -> int:
        """Return the line of the part at `path`, or of the nearest part around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def load_plain(path: Path) -> Any:
    """Load a YAML file of the program's own, without positions."""
    with path.open(encoding="utf-8") as stream:
        return YAML(typ="safe").load(stream)


def load_document(path: Path) -> Document:
    """Load a user's YAML file with the line of each value.

    Raises:
        YamlFileError: The file is not UTF-8, not YAML, or not one document of plain values.
        OSError: The file can't be read.
    """
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise YamlFileError(line, "the file is not UTF-8") from error
    try:
        node = _compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlFileError(mark.line + 1 if mark else 1, str(error.problem)) from error
    except (YAMLError, RecursionError) as error:
        raise YamlFileError(1, f"not a YAML document: {error}") from error
    if node is None:
        raise YamlFileError(1, "the file is empty")
    lines: dict[Path_, int] = {}
    value = _construct(node, (), lines)
    return Document(value, lines)


def _compose(text: str) -> Any:
    """Compose with the C parser; if that refuses, the Python parser has the last word."""
    try:
        return YAML(typ="safe").compose(text)
    except YAMLError:
        return YAML(typ="safe", pure=True).compose(text)


def _construct(node: Any, path: Path_, lines: dict[Path_, int]) -> Any:
    line = node.start_mark.line + 1
    lines.setdefault(path, line)
    if len(lines) > _MAX_PARTS:
        raise YamlFileError(line, f"more than {_MAX_PARTS} parts, aliases expanded")
    if len(path) > _MAX_DEPTH:
        raise YamlFileError(line, f"nested deeper than {_MAX_DEPTH} levels")
    if isinstance(node, MappingNode):
        return _mapping(node, path, lines)
    if isinstance(node, SequenceNode):
        return [_construct(item, (*path, i), lines) for i, item in enumerate(node.value)]
    return _scalar(node)


def _mapping(node: MappingNode, path: Path_, lines: dict[Path_, int]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, ScalarNode):
            raise YamlFileError(line, "a key must be plain text")
        key = str(key_node.value)
        if key in result:
            raise YamlFileError(line, f"the key {key!r} is given twice")
        lines[(*path, key)] = line
        result[key] = _construct(value_node, (*path, key), lines)
    return result


def _scalar(node: ScalarNode) -> Any:
    text: str = node.value
    if not text.isascii() and any("\ud800" <= sign <= "\udfff" for sign in text):
        raise YamlFileError(node.start_mark.line + 1, "half a surrogate pair is not text")
    tag = str(node.tag).rpartition(":")[2]
    try:
        match tag:
            case "null":
                return None
            case "bool":
                return text.lower() == "true"
            case "int":
                return int(text.replace("_", ""), 0 if text[:2] in _BASES else 10)
            case "float":
                number = float(text)
                return number if math.isfinite(number) else text
            case _:
                return text
    except ValueError:
        return text
