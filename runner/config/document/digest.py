"""A digest of a configuration's content, whatever its comments, quotes and order of keys."""

import hashlib
import json
from typing import Any

from runner.config.document.load import Documents
from runner.config.yaml.nodes import Mapping, Node, Scalar


def digest(documents: Documents) -> str:
    """Return the SHA-256, in hexadecimal, of the parsed configuration and its includes."""
    content = [[str(document.path), _plain(document.root)] for document in documents]
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _plain(node: Node) -> Any:
    if isinstance(node, Scalar):
        # As a variable's value, a plain scalar is its text: 1.10 is not 1.1.
        return node.text if isinstance(node.value, str) else [type(node.value).__name__, node.text]
    if isinstance(node, Mapping):
        return {key: _plain(child) for key, child in node.values.items()}
    return [["list"], *map(_plain, node.items)]
