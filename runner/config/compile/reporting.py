"""Breaches of rules → diagnostics at their places in the file."""

from runner.config.compile.validate import QUOTE, Breach
from runner.config.document.keys import NESTED_KEYS, PROFILE_KEYS
from runner.config.document.suggestions import suggestion
from runner.config.yaml.nodes import Mapping, Node, Scalar, Sequence, pairs_of
from runner.diagnostics import Diagnostic
from runner.models.marked import Body, Path
from runner.source import Span


def diagnostic_of(
    breach: Breach, layers: Mapping, key: Span, profile: str | None, body: Body
) -> Diagnostic | None:
    """The diagnostic for ``breach``; ``None`` if an error of structure reports it.

    A missing key is reported at ``key``, the position of the name of ``profile``.
    """
    nodes, path = _nodes(layers), _in_file(breach.path, body)
    node, holder = _locate(nodes, path)
    span, hint, last = node.span if node else key, breach.hint, str(path[-1])
    if len(path) > 2 and path[1] not in NESTED_KEYS.get(str(path[0]), {path[1]}):
        return None  # inside a key that is unknown
    if breach.code == "unknown-key":
        siblings = holder.values if isinstance(holder, Mapping) else nodes
        if last in siblings:
            if last not in NESTED_KEYS.get(str(path[0]), ()):
                return None
            span = holder.key_span(last) if isinstance(holder, Mapping) else span
    elif last == "secret":
        return None  # reported with the structure
    elif breach.code.startswith("missing-") and _is_misspelt(last, holder, nodes, len(path)):
        return None
    elif hint == QUOTE and not (isinstance(node, Scalar) and node.plain and not node.templated):
        hint = None
    return Diagnostic(breach.code, breach.message, span, breach.severity, hint, profile=profile)


def _nodes(layers: Mapping) -> dict[str, Node]:
    """The node of each key; an axis of the matrix named like a key replaces it."""
    axes = pairs_of(layers.values.get("matrix"))
    return layers.values | {key: axes[key] for key in PROFILE_KEYS & axes.keys()}


def _in_file(path: Path, body: Body) -> Path:
    """``path`` with the name of an environment variable in the place of its index."""
    if path[0] == "environmentVariables" and len(path) > 1 and isinstance(path[1], int):
        return (path[0], body["environmentVariables"][path[1]]["key"], *path[2:])
    return path


def _locate(nodes: dict[str, Node], path: Path) -> tuple[Node | None, Node | None]:
    """The node at the end of ``path``, or the nearest one above it; and the one that holds it."""
    node, holder = nodes.get(str(path[0])), None
    for part in path[1:]:
        holder = node
        if isinstance(node, Mapping) and part in node.values:
            node = node.values[str(part)]
        elif isinstance(node, Sequence) and isinstance(part, int) and part < len(node.items):
            node = node.items[part]
        else:
            break
    return node, holder


def _is_misspelt(key: str, holder: Node | None, nodes: dict[str, Node], depth: int) -> bool:
    """Whether ``key`` is missing only because an unknown key, which is reported, means it."""
    if depth == 1:
        written, known = nodes.keys() - PROFILE_KEYS, PROFILE_KEYS
    else:
        written, known = set(pairs_of(holder)), frozenset({key})
    meant = (suggestion(name, known) for name in written)
    return any(found and found[0] == key for found in meant)
