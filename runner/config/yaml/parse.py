"""Parse a whole source into a tree, and note every problem."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from runner.config.yaml.characters import check_characters
from runner.config.yaml.composer import compose
from runner.config.yaml.events import PARSE_ERRORS, Reading, read
from runner.config.yaml.gaps import MAX_CHARACTERS, MAX_GAPS, without_profile
from runner.config.yaml.nodes import Mapping
from runner.diagnostics import Diagnostics, Severity
from runner.source import Source

#: A tree of more new objects than this is set aside for good.
MANY_OBJECTS = 10_000


def parse(source: Source, diagnostics: Diagnostics) -> Mapping | None:
    """Read ``source`` as one YAML 1.2 document that holds a mapping.

    Aliases share the node they name, and merge keys (``<<``) are applied: own keys win, then the
    sources in order. A key is its text, whatever type YAML would give it.

    Returns:
        The tree without its unusable parts, each reported; ``None`` if there is no mapping.
    """
    return _parse(source, diagnostics, 0)[0]


def parse_parts(source: Source, diagnostics: Diagnostics) -> tuple[Mapping | None, bool]:
    """Read ``source`` like :func:`parse`, but leave out profiles that are not YAML.

    Returns:
        The tree, and whether it is whole. If not, it only serves to find more problems.
    """
    return _parse(source, diagnostics, MAX_GAPS if len(source.text) <= MAX_CHARACTERS else 0)


def _parse(source: Source, diagnostics: Diagnostics, gaps: int) -> tuple[Mapping | None, bool]:
    """Return the tree with at most ``gaps`` gaps, and whether it has none."""
    odd = [*check_characters(source)]
    diagnostics.add(*odd)
    if any(found.severity is Severity.ERROR for found in odd):
        return None, False
    text: str | None = source.text
    is_whole = True
    while text is not None:
        try:
            return _compose(source, text, diagnostics), is_whole
        except PARSE_ERRORS as error:
            from runner.config.yaml.errors import hide_secrets, syntax_error  # noqa: PLC0415 # rare

            found = syntax_error(source, error)
            text = without_profile(text, error) if gaps else None
        if found.span:
            hide_secrets(source, found.span.start)
        diagnostics.add(found)
        is_whole = False
        gaps -= 1
    return None, False


def _compose(source: Source, text: str, diagnostics: Diagnostics) -> Mapping | None:
    """Return the tree of ``text``, which is that of ``source`` with its gaps.

    Raises:
        One of PARSE_ERRORS: It is not YAML.
    """
    found = Diagnostics()

    def build(reading: Reading) -> Mapping | None:
        nonlocal found
        found = Diagnostics()  # what an attempt that failed had found is found again
        return compose(source, reading, found)

    try:
        with _paused_collector():
            return read(text, build)
    finally:
        diagnostics.extend(found)


@contextmanager
def _paused_collector() -> Iterator[None]:
    """Pause the garbage collector while a tree is built.

    A tree of a million nodes has no cycles, yet the collector would walk it over and over, which
    takes longer than building it. A tree that large is also set aside once it is complete, so
    that the collector never visits it; it is still freed when it is no longer used.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if gc.get_count()[0] > MANY_OBJECTS:
            gc.freeze()
        if was_enabled:
            gc.enable()
