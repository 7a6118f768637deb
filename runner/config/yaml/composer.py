"""Compose a tree from parse events, in one loop with its own stack.

A YAML library's own composer and constructor keep neither the exact text of a scalar nor the place
of a key, and stop at the first problem.
"""

from sys import intern

from runner.config.yaml.anchors import MAX_DEPTH, MAX_NODES, SpecialNodes
from runner.config.yaml.core_schema import TYPED_STARTS, resolve
from runner.config.yaml.events import Reading
from runner.config.yaml.nodes import OFFSET_BITS, Mapping, Node, Scalar, Sequence
from runner.diagnostics import Diagnostics
from runner.source import Source

#: How many value texts are remembered for sharing.
SHARED_TEXTS = 4096


class TreeBuilder:
    """Builds the tree of a source from one reading."""

    def __init__(self, source: Source, diagnostics: Diagnostics, reading: Reading) -> None:
        self._source = source
        self._reading = reading
        self._special = SpecialNodes(source, diagnostics)

    def build(self) -> Mapping | None:
        """Read to the end and return the root.

        Raises:
            Stopped: A limit was exceeded, or a second document begins.
            One of PARSE_ERRORS: The text is not YAML, as far as this reading can tell.
        """
        documents = Sequence(self._source, 0, 0, [])
        self._fill(documents)
        roots = documents.items
        if not roots or (isinstance(roots[0], Scalar) and not roots[0].text):
            message = "The file is empty"
            self._special.error(
                "empty-file", message, 0, 0, "Run `runner init` to create a starter file."
            )
            return None
        root = roots[0]
        if not isinstance(root, Mapping):
            kind = "a list" if isinstance(root, Sequence) else "a single value"
            message = f"The file is {kind}, but `key: value` pairs belong here"
            self._special.error("not-a-mapping", message, root.start, root.end)
            return None
        return root

    def _fill(self, documents: Sequence) -> None:  # noqa: C901, PLR0912, PLR0915 - one loop: a
        # call for each event would double the time that a large file takes
        source, pull, shown = self._source, self._reading.start(), self._reading.shown
        (
            scalar,
            mapping_start,
            mapping_end,
            sequence_start,
            sequence_end,
            alias,
            document_start,
        ) = self._reading.classes
        # `ctag` and not `tag`, which is computed anew at each access.
        special, typed_starts, most = self._special, TYPED_STARTS, MAX_NODES
        shared: dict[str, str] = {}
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
        while (event := pull()) is not None:
            kind = event.__class__
            if kind is scalar:
                text = event.value
                start = event.start_mark.index
                end = event.end_mark.index
                plain = not event.style
                if shown:
                    text = shown(text)
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
                # The same few texts recur; one object for each saves memory.
                if text in shared:
                    text = shared[text]
                elif len(shared) < SHARED_TEXTS:
                    shared[text] = text
                node = Scalar(source, start, end, text, text, plain)
                if node.templated:  # first: also `nightly-$<…>`, which begins as `null` does
                    templated = True
                elif plain and (not text or text[0] in typed_starts):
                    node.value = resolve(text)
                if event.ctag is not None or event.anchor:
                    special.decorate(node, event)
            elif kind is mapping_start or kind is sequence_start:
                start = event.start_mark.index
                count += 1
                if len(stack) >= MAX_DEPTH:
                    special.stop_too_deep(start)
                if count > most:
                    special.stop_too_large(start)
                stack.append((parent, flow, anchor, before, key, templated))
                key, templated = None, False
                if kind is mapping_start:
                    keys, values = {}, {}
                    parent = Mapping(source, start, start, keys, values)
                else:
                    keys, items = None, []
                    parent = Sequence(source, start, start, items)
                flow, anchor, before = event.flow_style, event.anchor, count + special.expanded
                if anchor or event.ctag is not None:
                    special.open(parent, event)
                continue
            elif kind is mapping_end or kind is sequence_end:
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
            elif kind is alias:
                end = event.end_mark.index
                node = special.follow(event)
                templated = True
            elif kind is document_start:
                special.begin_document(documents, event)
                continue
            else:
                continue

            if keys is None:
                if node is not None:
                    items.append(node)
            elif key is None:
                if isinstance(
                    node, Scalar
                ):  # an alias: the text is the anchor's, the place its own
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
