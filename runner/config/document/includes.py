"""The ``include`` key: the files it names and what those may hold."""

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from runner.config.files.files import Files
from runner.config.files.globs import MAX_FOLDERS, TooManyFolders, expand
from runner.config.yaml.nodes import Mapping, Node, Scalar, Sequence, items_of
from runner.diagnostics import Diagnostics, Related
from runner.listing import shorten
from runner.source import Span

#: What an included file may hold, beside keys that begin with ``x-``.
INCLUDED_KEYS = ("variables", "defaults", "profiles")

#: At most so many files are included.
MAX_FILES = 1_000


class Includes:
    """Follows the ``include`` key of a file, and checks what it brings."""

    def __init__(self, files: Files, diagnostics: Diagnostics) -> None:
        self._files = files
        self._error = diagnostics.error

    def paths(self, path: PurePosixPath, root: Mapping) -> list[tuple[PurePosixPath, Span]]:
        """Return the files that the ``include`` key of ``path`` names, each once, in order.

        Returns:
            Each path, and the place of the glob that named it first.
        """
        found: dict[PurePosixPath, tuple[PurePosixPath, Span]] = {}
        itself = self._files.identity(path)
        for scalar in self._patterns(root.values.get("include")):
            for match in self._matches(path, scalar):
                identity = self._files.identity(match)
                if identity == itself:
                    message = "The file includes itself"
                    hint = "Put the files to include into their own folder: `profiles/*.yaml`."
                    self._error("include-of-itself", message, scalar.span, hint=hint)
                elif len(found) >= MAX_FILES and identity not in found:
                    message = f"More than {MAX_FILES:,} files are included"
                    self._error("too-large", message, scalar.span)
                    return list(found.values())
                else:
                    found.setdefault(identity, (match, scalar.span))
        return list(found.values())

    def _matches(self, path: PurePosixPath, scalar: Scalar) -> list[PurePosixPath]:
        try:
            matches = expand(self._files, path.parent, scalar.text)
        except TooManyFolders:
            message = f"This glob searches more than {MAX_FOLDERS:,} folders"
            self._error("too-large", message, scalar.span, hint="Name the folder you mean.")
            return []
        if not matches:
            message = f"No file matches `{scalar.text}`"
            hint = "Globs are relative to this file and skip names with a leading dot."
            self._error("include-matches-nothing", message, scalar.span, hint=hint)
        return matches

    def _patterns(self, include: Node | None) -> Iterator[Scalar]:
        """Yield the globs under ``include`` that are safe to follow."""
        if include is not None and not isinstance(include, Sequence):
            hint = "Write a list: `include: [profiles/*.yaml]`."
            self._error("bad-include", "`include` is not a list", include.span, hint=hint)
        for item in items_of(include):
            if not isinstance(item, Scalar) or not isinstance(item.value, str) or not item.text:
                self._error("bad-include", "This is not the path of a file", item.span)
            elif "\\" in item.text:
                hint = "Write `/` between folders on every system."
                self._error("bad-include", "This path has a `\\` in it", item.span, hint=hint)
            elif item.text.startswith(("/", "~")) or ".." in item.text.split("/"):
                message = f"`{item.text}` leads out of the folder of this file"
                hint = "Include files beside this one or in folders below it."
                self._error("include-outside", message, item.span, hint=hint)
            else:
                yield item

    def check_keys(self, root: Mapping) -> None:
        """Refuse what only the main file may hold."""
        for name in root.keys:
            if name not in INCLUDED_KEYS and not name.startswith("x-"):
                message = f"An included file can't have the key `{shorten(name)}`"
                hint = "It may hold `variables`, `defaults` and `profiles`."
                self._error("not-in-include", message, root.key_span(name), hint=hint)

    def check_names(self, roots: Iterable[Mapping]) -> None:
        """Refuse profiles and variables that two files declare, at both places."""
        for section, what in (("profiles", "profile"), ("variables", "variable")):
            first: dict[str, Mapping] = {}
            sections = (root.values.get(section) for root in roots)
            for mapping in (node for node in sections if isinstance(node, Mapping)):
                for name in mapping.keys:
                    if first.setdefault(name, mapping) is mapping:
                        continue
                    message = f"The {what} `{name}` is declared in two files"
                    one, other = first[name].key_span(name), mapping.key_span(name)
                    for here, there in ((one, other), (other, one)):
                        related = (Related(there, "declared here as well"),)
                        self._error("duplicate-name", message, here, related=related)
