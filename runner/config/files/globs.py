"""Expand globs over anything that configuration can be read from."""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from runner.config.files.files import Files

_MAGIC = re.compile(r"[*?\[]")

#: How many folders one glob may search.
MAX_FOLDERS = 10_000


class TooManyFolders(Exception):
    """The glob reaches more folders than any configuration needs."""


def expand(files: Files, folder: PurePosixPath, pattern: str) -> list[PurePosixPath]:
    """Return the files below ``folder`` that match ``pattern``, in order of their paths.

    ``*``, ``?`` and ``[…]`` stand for parts of one name and ``**`` for any number of folders. As
    in a shell they skip names with a leading dot, unless the pattern has that dot too. A
    pattern without any of them is the path of one file, whether it exists or not.

    Raises:
        TooManyFolders: There are too many folders to search.
    """
    if not _MAGIC.search(pattern):
        return [folder / pattern]
    parts = [part for part in pattern.split("/") if part not in {"", "."}]
    budget = iter(range(MAX_FOLDERS))
    return sorted(set(_walk(files, folder, parts, budget)))


def _walk(
    files: Files, folder: PurePosixPath, parts: list[str], budget: Iterator[int]
) -> Iterator[PurePosixPath]:
    part, rest = parts[0], parts[1:]
    if rest and part != "**" and not _MAGIC.search(part):
        yield from _walk(files, folder / part, rest, budget)
        return
    if next(budget, None) is None:
        raise TooManyFolders
    if part == "**":
        yield from _walk(files, folder, rest or ["*"], budget)
    for name, is_folder in files.entries(folder).items():
        if not fnmatchcase(name, part) or (name.startswith(".") and not part.startswith(".")):
            continue
        if is_folder and (part == "**" or rest):
            yield from _walk(files, folder / name, parts if part == "**" else rest, budget)
        elif not is_folder and not rest and part != "**":
            yield folder / name
