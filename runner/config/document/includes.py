"""The ``include`` key: which files it names, and what those may hold."""

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from runner.config.files.files import Files
from runner.config.files.globs import MAX_FOLDERS, TooManyFolders, expand
from runner.config.yaml.nodes import Mapping, Scalar, Sequence
from runner.diagnostics import Diagnostics, Related
from runner.source import Span

#: What an included file may hold, beside keys that begin with ``x-``.
INCLUDED_KEYS = ("variables", "defaults", "profiles")

#: How many files may be included.
MAX_FILES = 1_000


def included_paths(
    path: PurePosixPath, root: Mapping, files: Files, diagnostics: Diagnostics
) -> list[tuple[PurePosixPath, Span]]:
    """The files that the ``include`` key of ``root`` names, each once, in order.

    Args:
        path: The file with the key.
        root: Its tree.
        files: Where it is from.
        diagnostics: Takes what is wrong with the key.

    Returns:
        Each path, and the place of the glob that named it first.
    """
    found: dict[PurePosixPath, tuple[PurePosixPath, Span]] = {}
    itself = files.identity(path)
    for scalar in _patterns(root, diagnostics):
        try:
            matches = expand(files, path.parent, scalar.text)
        except TooManyFolders:
            message = f"This glob reaches more than {MAX_FOLDERS:,} folders"
            diagnostics.error("too-large", message, scalar.span, hint="Name the folder you mean.")
            continue
        if not matches:
            message = f"No file matches `{scalar.text}`"
            hint = "Globs are relative to this file, and leave out names with a leading dot."
            diagnostics.error("include-matches-nothing", message, scalar.span, hint=hint)
        for match in matches:
            identity = files.identity(match)
            if identity == itself:
                diagnostics.error(
                    "include-of-itself",
                    "The file includes itself",
                    scalar.span,
                    hint="Put what is to be included in a folder of its own: `profiles/*.yaml`.",
                )
            elif len(found) >= MAX_FILES and identity not in found:
                message = f"More than {MAX_FILES:,} files are included"
                diagnostics.error("too-large", message, scalar.span)
                return list(found.values())
            else:
                found.setdefault(identity, (match, scalar.span))
    return list(found.values())


def _patterns(root: Mapping, diagnostics: Diagnostics) -> Iterator[Scalar]:
    """The globs under ``include`` that are safe to follow."""
    include = root.values.get("include")
    if include is None:
        return
    if not isinstance(include, Sequence):
        hint = "Write a list: `include: [profiles/*.yaml]`."
        diagnostics.error("bad-include", "`include` is not a list", include.span, hint=hint)
        return
    for item in include.items:
        if not isinstance(item, Scalar) or not isinstance(item.value, str) or not item.text:
            diagnostics.error("bad-include", "This is not the path of a file", item.span)
        elif "\\" in item.text:
            hint = "Write `/` between folders on every system."
            diagnostics.error("bad-include", "This path has a `\\` in it", item.span, hint=hint)
        elif item.text.startswith(("/", "~")) or ".." in item.text.split("/"):
            diagnostics.error(
                "include-outside",
                f"`{item.text}` leads out of the folder of this file",
                item.span,
                hint="Include files beside this one or in folders below it.",
            )
        else:
            yield item


def judge_included(root: Mapping, diagnostics: Diagnostics) -> None:
    """Refuse what belongs in the main file only."""
    for name in root.keys:
        if name in INCLUDED_KEYS or name.startswith("x-"):
            continue
        message = f"An included file can't have the key `{name}`"
        hint = "It holds `variables`, `defaults` and `profiles`; the rest is the main file's."
        diagnostics.error("not-in-include", message, root.key_span(name), hint=hint)


def judge_names(roots: Iterable[Mapping], diagnostics: Diagnostics) -> None:
    """Refuse profiles and variables that two files give, at both places."""
    for section, what in (("profiles", "profile"), ("variables", "variable")):
        first: dict[str, Mapping] = {}
        for root in roots:
            mapping = root.values.get(section)
            if not isinstance(mapping, Mapping):
                continue
            for name in mapping.keys:
                if name not in first:
                    first[name] = mapping
                    continue
                message = f"The {what} `{name}` is given in two files"
                one, other = first[name].key_span(name), mapping.key_span(name)
                for here, there in ((one, other), (other, one)):
                    related = (Related(there, "given here as well"),)
                    diagnostics.error("duplicate-name", message, here, related=related)
