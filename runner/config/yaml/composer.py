"""Compose a tree from parse events, in one loop with its own stack.

A YAML library's own composer and constructor keep neither the exact text of a scalar nor the place
of a key, and stop at the first problem.
"""

from sys import intern

from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from runner.config.yaml.anchors import MAX_DEPTH, MAX_NODES, SpecialNodes, Stopped
from runner.config.yaml.core_schema import TYPED_STARTS, resolve
from runner.config.yaml.events import Reading
from runner.config.yaml.nodes import OFFSET_BITS, Mapping, Node, Scalar, Sequence
from runner.diagnostics import Diagnostics
from runner.source import Source, Span


def compose(source: Source, reading: Reading, diagnostics: Diagnostics) -> Mapping | None:
    """Return the root of ``source``, as one reading of it tells.

    Returns:
        ``None`` if there is no mapping or reading had to stop; ``diagnostics`` say why.

    Raises:
        One of PARSE_ERRORS: The text is not YAML, as far as this reading can tell.
    """
    special = SpecialNodes(source, diagnostics)
    documents = Sequence(source, 0, 0, [])
    try:
        _fill(documents, reading, special)
        root = documents.items[0] if documents.items else None
        if isinstance(root, Mapping):
            return root
        if root is None or (isinstance(root, Scalar) and not root.text):
            hint = "Declare profiles in it; `runner init` in another folder shows how."
            special.error("empty-file", "The file is empty", Span(source, 0, 0), hint)
        else:
            kind = "a list" if isinstance(root, Sequence) else "a single value"
            message = f"The file is {kind}, but `key: value` pairs belong here"
            special.error("not-a-mapping", message, root.span)
    except Stopped:
        pass
    return None


# One loop: a call for each event would double the time that a large file takes.
def _fill(documents: Sequence, reading: Reading, special: SpecialNodes) -> None:  # noqa: C901, PLR0912, PLR0915
    source, restore = documents.source, reading.restore
    # `ctag` and not `tag`, which is computed anew at each access.
    typed_starts, most = TYPED_STARTS, MAX_NODES
    # The open mapping or list, or the document itself: whether it ends at a bracket and so
    # knows its own end; its anchor; how many nodes came before it.
    parent: Mapping | Sequence = documents
    flow, anchor, before = False, None, 0
    # A list's `items`; or a mapping's `keys` and `values`, and the `key` whose value comes
    # next. Whether it has held a template so far.
    items: list[Node] = documents.items
    keys: dict[str, int] | None = None
    values: dict[str, Node] = {}
    key: str | None = None
    templated = False
    # The same for everything further out.
    stack: list[tuple[Mapping | Sequence, bool, str | None, int, str | None, bool]] = []
    count = end = 0
    node: Node | None
    for event in reading.start():
        kind = event.__class__
        if kind is ScalarEvent:
            text = event.value
            start = event.start_mark.index
            end = event.end_mark.index
            plain = not event.style
            if restore:
                text = special.whole(restore(text), start, end)
            count += 1
            if count > most:
                special.stop_too_large(start)
            if keys is not None and key is None:
                key = intern(text)
                if event.ctag is not None or event.anchor:
                    special.decorate(Scalar(source, start, end, text, text, plain), event)
                if text in keys or (text == "<<" and plain):
                    key = special.odd_key(keys, Scalar(source, start, end, text, text, plain))
                keys[key] = (start << OFFSET_BITS) | end
                continue
            node = Scalar(source, start, end, text, text, plain)
            if node.templated:  # first: also `nightly-$<…>`, which begins as `null` does
                templated = True
            elif plain and (not text or text[0] in typed_starts):
                node.value = resolve(text)
            if event.ctag is not None or event.anchor:
                special.decorate(node, event)
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            start = event.start_mark.index
            count += 1
            if len(stack) >= MAX_DEPTH:
                special.stop_too_deep(start)
            if count > most:
                special.stop_too_large(start)
            stack.append((parent, flow, anchor, before, key, templated))
            key, templated = None, False
            if kind is MappingStartEvent:
                keys, values = {}, {}
                parent = Mapping(source, start, start, keys, values)
            else:
                keys, items = None, []
                parent = Sequence(source, start, start, items)
            flow, anchor, before = event.flow_style, event.anchor, count + special.expanded
            if anchor or event.ctag is not None:
                special.open(parent, event)
            continue
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            node = parent
            if flow:
                end = event.end_mark.index
            node.end = max(end, node.start)
            node.templated = templated or special.marked
            if special.marked and isinstance(node, Mapping):
                special.settle(node)
            if anchor:
                special.anchors[anchor] = (node, count + special.expanded - before + 1)
            parent, flow, anchor, before, key, templated = stack.pop()
            templated = templated or node.templated
            if isinstance(parent, Mapping):
                keys, values = parent.keys, parent.values
            else:
                keys, items = None, parent.items
        elif kind is AliasEvent:
            end = event.end_mark.index
            node = special.follow(event)
            templated = True
        elif kind is DocumentStartEvent:
            special.begin_document(documents, event)
            continue
        else:
            continue

        if keys is None:
            if node is not None:
                items.append(node)
        elif key is None:
            if isinstance(node, Scalar):  # an alias: the text is the anchor's, the place its own
                start = event.start_mark.index
                node = Scalar(source, start, end, node.text, node.text, node.plain)
            key = special.odd_key(keys, node)
            if isinstance(node, Scalar):
                keys[key] = node.place
        elif node is None:
            keys.pop(key, None)  # a dropped key is not there
            key = None
        else:
            values[key] = node
            key = None
