"""Find the configurations that changed files belong to, as a hook hands files over."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from runner.config.document.load import load
from runner.config.files.discover import NAMES
from runner.config.files.files import FolderFiles, repository_root
from runner.diagnostics import Diagnostics
from runner.errors import UsageError


def configurations(files: Iterable[str]) -> list[Path]:
    """The configurations that ``files`` are, or are included by, each once.

    A file that belongs to none is left out: a hook is given every YAML file that changed.

    Raises:
        UsageError: A file is not there.
    """
    found: dict[Path, None] = {}
    for name in files:
        path = Path(name)
        if not path.exists():
            raise UsageError(f"{name} can't be read: there is no such file or folder.")
        found |= dict.fromkeys(_owners(path))
    return list(found)


def _owners(path: Path) -> Iterator[Path]:
    """The configurations that include ``path``; itself where it is one and none does."""
    candidates = [found for found in _above(path) if not found.samefile(path)]
    owners = [found for found in candidates if _includes(found, path)]
    if not owners and path.name in NAMES:
        owners = [path]
    for owner in owners:
        yield owner.resolve()


def _above(path: Path) -> Iterator[Path]:
    """Configurations in the folder of ``path`` and above it, within the repository."""
    start = path.resolve().parent
    last = repository_root(start)
    for folder in (start, *start.parents):
        yield from (folder / name for name in NAMES if (folder / name).is_file())
        if folder == last:
            return


def _includes(configuration: Path, path: Path) -> bool:
    """Whether ``configuration`` includes ``path``, be it readable or not."""
    files, inside = FolderFiles.around(configuration, Path.cwd())
    _, wanted = FolderFiles.around(path, Path.cwd())
    diagnostics = Diagnostics()
    documents = load(inside, files, diagnostics)
    places = {found.span.source.name for found in diagnostics if found.span}
    return files.name(wanted) in places or any(
        document.path == wanted for document in documents or ()
    )
