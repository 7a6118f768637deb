"""Find the configurations that changed files belong to, as a hook hands files over."""

from collections.abc import Iterable
from pathlib import Path

from runner.config.document.load import load
from runner.config.files.discover import NAMES, folders_upwards
from runner.config.files.files import FolderFiles
from runner.diagnostics import Diagnostics
from runner.errors import UsageError


def configurations(files: Iterable[str]) -> list[Path]:
    """Return the configurations that ``files`` are, or are included by, each once.

    A file that belongs to none is left out: a hook is given every YAML file that changed.

    Raises:
        UsageError: A file is not there.
    """
    found: dict[Path, None] = {}
    for name in files:
        path = Path(name)
        if not path.exists():
            raise UsageError(f"{name} can't be read: there is no such file or folder.")
        above = folders_upwards(path.resolve().parent)
        candidates = (folder / known for folder in above for known in NAMES)
        others = (each for each in candidates if each.is_file() and not each.samefile(path))
        owners = [each for each in others if _includes(each, path)]
        if not owners and path.name in NAMES:
            owners = [path]
        found |= dict.fromkeys(owner.resolve() for owner in owners)
    return list(found)


def _includes(configuration: Path, path: Path) -> bool:
    """Return whether ``configuration`` includes ``path``, readable or not."""
    files, inside = FolderFiles.around(configuration, Path.cwd())
    _, wanted = FolderFiles.around(path, Path.cwd())
    diagnostics = Diagnostics()
    documents = load(inside, files, diagnostics)
    places = {found.span.source.name for found in diagnostics if found.span}
    return files.name(wanted) in places or any(
        document.path == wanted for document in documents or ()
    )
