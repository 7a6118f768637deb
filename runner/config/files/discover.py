"""Find the configuration file."""

from collections.abc import Iterator
from pathlib import Path

from runner.config.files.files import repository_root
from runner.errors import UsageError

#: Its possible names, the preferred one first.
NAMES = ("checkly-sessions.yaml", "checkly-sessions.yml")


def discover(start: Path) -> Path:
    """Return the absolute path of the configuration file in ``start`` or a folder above.

    The nearest wins. The search ends at the root of the repository; without one, of the disk.

    Raises:
        UsageError: There is none, or a folder has both names.
    """
    start = start.resolve()
    for folder in folders_upwards(start):
        found = [folder / name for name in NAMES if (folder / name).exists()]
        if len(found) > 1:
            hint = "Keep one of them, or name it with --file."
            raise UsageError(f"There are both {NAMES[0]} and {NAMES[1]} in {folder}.", hint=hint)
        if found:
            return found[0]
    hint = "Create one with `runner init`, or name a file with --file."
    raise UsageError(f"There is no {NAMES[0]} in {start} or the folders above it.", hint=hint)


def folders_upwards(start: Path) -> Iterator[Path]:
    """Yield ``start`` and the folders above it, up to the root of its repository."""
    last = repository_root(start)
    for folder in (start, *start.parents):
        yield folder
        if folder == last:
            return
