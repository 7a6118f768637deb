"""Parse a whole source into a tree, and note every problem."""

import re

from runner.config.yaml.anchors import Stopped
from runner.config.yaml.composer import TreeBuilder
from runner.config.yaml.errors import check_characters, hide_secrets, syntax_error
from runner.config.yaml.events import PARSE_ERRORS, is_about_flow, readings
from runner.config.yaml.gaps import MAX_CHARACTERS, MAX_GAPS, without_profile
from runner.config.yaml.gc_ import paused_collector
from runner.config.yaml.nodes import Mapping, Node, Scalar, Sequence
from runner.diagnostics import Diagnostics
from runner.source import Source, Span

_HALF = re.compile("[\ud800-\udfff]")
_HALF_ESCAPE = re.compile(r"\\(?:u|U0000)[dD][89a-fA-F]")


def parse(source: Source, diagnostics: Diagnostics) -> Mapping | None:
    """Read ``source`` as one YAML 1.2 document that holds a mapping.

    Aliases share the node they name, and merge keys (``<<``) are applied: own keys win, then the
    sources in order. A key is its text, whatever type YAML would give it.

    Args:
        source: The text, without a byte order mark.
        diagnostics: Takes every problem; unusable parts are left out of the tree.

    Returns:
        The tree, or ``None`` if there is no mapping. The diagnostics tell whether it is complete.
    """
    return _parse(source, diagnostics, 0)[0]


def parse_parts(source: Source, diagnostics: Diagnostics) -> tuple[Mapping | None, bool]:
    """Read ``source`` as :func:`parse` does; profiles that are not YAML are left out of the tree.

    Returns:
        The tree, and whether it is whole. If not, it is good for finding more problems alone.
    """
    return _parse(source, diagnostics, MAX_GAPS if len(source.text) <= MAX_CHARACTERS else 0)


def _parse(source: Source, diagnostics: Diagnostics, gaps: int) -> tuple[Mapping | None, bool]:
    """The tree with at most so many gaps, and whether it has none."""
    if not check_characters(source, diagnostics):
        return None, False
    text: str | None = source.text
    is_whole = True
    with paused_collector():
        while text is not None:
            root, error = _attempt(source, text, diagnostics)
            if error is None:
                return root, is_whole
            is_whole = False
            found_error = syntax_error(source, error)
            if found_error.span:
                hide_secrets(source, found_error.span.start)
            diagnostics.add(found_error)
            text = without_profile(text, error) if gaps else None
            gaps -= 1
    return None, False


def _attempt(
    source: Source, text: str, diagnostics: Diagnostics
) -> tuple[Mapping | None, Exception | None]:
    """The tree of ``text``, which is that of ``source`` but for gaps, or the parser's error."""
    found = Diagnostics()
    root: Mapping | None = None
    error: Exception | None = None
    for reading in readings(text):
        if reading.shown and error and not is_about_flow(error):
            continue  # hiding characters would not help
        found = Diagnostics()
        try:
            root = TreeBuilder(source, found, reading).build()
        except PARSE_ERRORS as failed:
            if error is None or hasattr(failed, "problem_mark"):
                error = failed
            continue
        except Stopped:
            root = None
        if root is not None and _HALF_ESCAPE.search(text):
            _mend_halves(root, found)
        error = None
        break
    diagnostics.extend(found)
    return root, error


def _mend_halves(root: Mapping, diagnostics: Diagnostics) -> None:
    """Join surrogate pairs, which JSON writes as two escapes; report lone ones."""
    waiting: list[Node] = [root]
    seen = set[int]()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, Mapping):
            if any(map(_HALF.search, node.values)):
                for key in node.keys:
                    _judge_halves(key, node.key_span(key), diagnostics)
                node.values = {_mended(key): value for key, value in node.values.items()}
                node.keys = {_mended(key): value for key, value in node.keys.items()}
            waiting += node.values.values()
        elif isinstance(node, Sequence):
            waiting += node.items
        else:
            _mend(node, diagnostics)


def _mend(node: Scalar, diagnostics: Diagnostics) -> None:
    if _HALF.search(node.text):
        _judge_halves(node.text, node.span, diagnostics)
        node.text = node.value = _mended(node.text)


def _judge_halves(text: str, span: Span, diagnostics: Diagnostics) -> None:
    if _HALF.search(_joined(text)):
        message = "This text holds half of a character, which UTF-8 can't represent"
        hint = "Write the character itself, or \\U and its eight digits."
        diagnostics.error("half-character", message, span, hint=hint)


def _mended(text: str) -> str:
    return _HALF.sub("\ufffd", _joined(text))


def _joined(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
