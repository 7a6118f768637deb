"""A configuration file and its includes, read into trees."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import NamedTuple

from runner.config.document.includes import Includes
from runner.config.files.files import MAX_BYTES, MAX_SIZE, Files
from runner.config.yaml.encoding import decode, looks_like_ours
from runner.config.yaml.nodes import Mapping
from runner.config.yaml.parse import parse, parse_parts
from runner.diagnostics import Diagnostics
from runner.errors import UsageError


class Document(NamedTuple):
    """The tree of one file, and the path of the file among the ``Files`` it came from."""

    path: PurePosixPath
    root: Mapping


class Documents(NamedTuple):
    """A configuration: the main file, and those it includes in the order of their globs.

    Attributes:
        is_complete: Whether every included file could be read.
        is_whole: Whether all of the main file could.
    """

    main: Document
    included: tuple[Document, ...] = ()
    is_complete: bool = True
    is_whole: bool = True

    def __iter__(self) -> Iterator[Document]:
        yield self.main
        yield from self.included


def load(path: PurePosixPath, files: Files, diagnostics: Diagnostics) -> Documents | None:
    """Read the configuration whose main file is at ``path``.

    ``diagnostics`` takes every problem of reading, of the ``include`` key, and of names that two
    files declare.

    Returns:
        What could be read; ``None`` when the main file could not.

    Raises:
        UsageError: There is no main file, or it may not be read.
    """
    includes = Includes(files, diagnostics)
    source = decode(files.name(path), files.read(path), diagnostics)
    if source is None:
        return None
    total, is_complete = len(source.text), True
    if not looks_like_ours(source.text):
        source.hide(0, total)
    main, is_whole = parse_parts(source, diagnostics)
    if main is None:
        return None
    included: list[Document] = []
    for target, span in includes.paths(path, main):
        try:
            source = decode(files.name(target), files.read(target), diagnostics)
        except UsageError as error:
            diagnostics.error("unreadable-include", error.clause, span, hint=error.hint)
            is_complete = False
            continue
        if source and not looks_like_ours(source.text):
            message = f"{source.name} does not look like a file of profiles, so it is not shown"
            hint = "An included file holds `variables`, `defaults` or `profiles`."
            diagnostics.error("unreadable-include", message, span, hint=hint)
            is_complete = False
            continue
        total += len(source.text) if source else 0
        if total > MAX_BYTES:
            message = f"The file and its includes are larger than {MAX_SIZE} together"
            diagnostics.error("too-large", message, span)
            is_complete = False
            break
        root = parse(source, diagnostics) if source else None
        if root is None:
            is_complete = False
        else:
            includes.check_keys(root)
            included.append(Document(target, root))
    includes.check_names([main, *(document.root for document in included)])
    return Documents(Document(path, main), tuple(included), is_complete, is_whole)
