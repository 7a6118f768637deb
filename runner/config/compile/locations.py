"""Ways in a compiled request → nodes of the file: where a diagnostic about a value points."""

from typing import Any

from runner.config.yaml.nodes import Mapping, Node, Sequence
from runner.models.marked import Path
from runner.source import Span


def file_path(path: Path, tree: dict[str, Any]) -> Path:
    """The way in the file to a place in the compiled request ``tree``."""
    if path[0] == "environmentVariables" and len(path) > 1 and isinstance(path[1], int):
        return (path[0], tree["environmentVariables"][path[1]]["key"], *path[2:])
    return path


def node_at(layers: Mapping, path: Path) -> Node | None:
    """The node at the end of ``path``, or the nearest one above it that exists.

    An axis of the matrix that bears a key's name stands for that key.
    """
    current: Node = layers
    matrix = layers.values.get("matrix")
    if isinstance(matrix, Mapping) and path[0] in matrix.values:
        current = matrix
    node: Node | None = None
    for part in path:
        if isinstance(current, Mapping) and part in current.values:
            current = current.values[str(part)]
        elif isinstance(current, Sequence) and isinstance(part, int):
            current = current.items[part]
        else:
            break
        node = current
    return node


def key_at(layers: Mapping, path: Path) -> Span | None:
    """Where the key at the end of ``path`` stands, if not in a template's value."""
    holder = node_at(layers, path[:-1]) if len(path) > 1 else layers
    name = str(path[-1])
    if not isinstance(holder, Mapping) or name not in holder.values:
        return None
    return holder.key_span(name)
