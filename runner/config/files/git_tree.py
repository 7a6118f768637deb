"""Files as of a commit, read from git's objects: nothing is checked out and nothing executed.

Only plumbing is called (``rev-parse``, ``merge-base``, ``cat-file``), which runs no filter, hook,
monitor or diff driver of a repository. What a commit holds comes from strangers: trees are read
here, object by object, and a link is followed only inside of the commit.
"""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from runner.config.files.files import MAX_BYTES, MAX_SIZE, Entries
from runner.errors import CannotRun, UsageError

_SECONDS: Final = 30.0
_LINKS: Final = 40
#: What git needs of the environment: itself, and the settings that say which folders it trusts.
#: Everything else is left out, ``GIT_DIR`` and its like above all.
_KEPT: Final = ("PATH", "HOME", "XDG_CONFIG_HOME", "SYSTEMROOT", "USERPROFILE")
_TREE, _LINK, _SUBMODULE = "40000", "120000", "160000"


@dataclass(frozen=True, slots=True)
class _Entry:
    mode: str
    oid: str


class Repository:
    """A repository's commits.

    Args:
        root: Its folder, the one with the ``.git``.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def commit(self, ref: str) -> str:
        """The full name of the commit that ``ref`` means.

        Raises:
            UsageError: It looks like an option, or is no commit.
            CannotRun: git can't be run here, or does not trust the folder.
        """
        if not ref or ref.startswith("-") or not ref.isprintable():
            raise UsageError(f"{ref!r} is no commit.", hint="Name a branch, a tag or a commit.")
        found = self._ask("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
        if found is not None:
            return found.decode().strip()
        raise UsageError(f"There is no commit '{ref}' here.", hint=self._missing_hint(ref))

    def merge_base(self, base: str, head: str) -> str:
        """The commit where ``head`` left ``base``; both as :meth:`commit` gives them.

        Raises:
            UsageError: There is none, or a shallow clone does not reach it.
        """
        found = self._ask("merge-base", base, head)
        if found is not None:
            return found.decode().split()[0]
        short = f"{base[:12]} and {head[:12]}"
        if self.is_shallow():
            raise UsageError(
                f"This shallow clone does not reach the commit where {short} part.",
                hint="Fetch the history: `git fetch --unshallow`, or `fetch-depth: 0` with "
                "actions/checkout.",
            )
        raise UsageError(f"{short} have no common history.")

    def is_shallow(self) -> bool:
        """Whether the history was cut when it was fetched."""
        return self._ask("rev-parse", "--is-shallow-repository") == b"true\n"

    def files(self, commit: str) -> "CommitFiles":
        """The files as of ``commit``, a full name of :meth:`commit`."""
        return CommitFiles(self, commit)

    def tree(self, oid: str) -> dict[str, _Entry]:
        """What a tree holds, by name; empty where it can't be read."""
        return dict(_entries(self._ask("cat-file", "tree", oid) or b"", len(oid) // 2))

    def blob(self, oid: str) -> bytes | None:
        """The bytes of a file, at most a little more than may be read; ``None`` without it."""
        size = self._ask("cat-file", "-s", oid)
        if size is None:
            return None
        if int(size) > MAX_BYTES:
            return b" " * (MAX_BYTES + 1)
        return self._ask("cat-file", "blob", oid)

    def tree_of(self, commit: str) -> str:
        """The name of a commit's tree."""
        found = self._ask("rev-parse", "--verify", "--quiet", f"{commit}^{{tree}}")
        return "" if found is None else found.decode().strip()

    def _missing_hint(self, ref: str) -> str:
        remote = f"origin/{ref}"
        if "/" not in ref and self._ask("rev-parse", "--verify", "--quiet", f"{remote}^{{commit}}"):
            return f"There is '{remote}'."
        if self.is_shallow():
            return (
                f"This clone is shallow. Fetch it: `git fetch origin {ref}`, or `fetch-depth: 0` "
                "with actions/checkout."
            )
        return "Is it spelt right, and fetched?"

    def _ask(self, *arguments: str) -> bytes | None:
        """What git answers; ``None`` when it says no."""
        environ = {name: os.environ[name] for name in _KEPT if name in os.environ}
        environ |= {
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_ALLOW_PROTOCOL": "none",
            "GIT_TERMINAL_PROMPT": "0",
            "LC_ALL": "C",
        }
        try:
            answer = subprocess.run(  # noqa: S603 # no shell, and no argument is an option
                ["git", "--no-pager", *arguments],  # noqa: S607 # found by PATH, as everywhere
                cwd=self._root,
                env=environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
            )
        except FileNotFoundError as error:
            raise CannotRun("git is not installed.", hint="--base reads git's objects.") from error
        except (OSError, subprocess.TimeoutExpired) as error:
            raise CannotRun("git can't be run here.") from error
        if answer.returncode == 0:
            return answer.stdout
        if b"dubious ownership" in answer.stderr:
            raise CannotRun(
                f"git does not trust {self._root}: it belongs to somebody else.",
                hint=f"If you do: `git config --global --add safe.directory {self._root}`.",
            )
        return None


class CommitFiles:
    """The files of one commit; a ``runner.config.files.files.Files``."""

    def __init__(self, repository: Repository, commit: str) -> None:
        self._repository = repository
        self._commit = commit
        self._root: str | None = None
        self._trees: dict[str, dict[str, _Entry]] = {}

    def name(self, path: PurePosixPath) -> str:
        """As git names it: ``1a2b3c4d5e6f:checkly-sessions.yaml``."""
        return f"{self._commit[:12]}:{path}"

    def exists(self, path: PurePosixPath) -> bool:
        """Whether there is a file at ``path``."""
        return self._find(path) is not None

    def read(self, path: PurePosixPath) -> bytes:
        """The content of a file of the commit; see ``Files.read``."""
        found = self._find(path)
        if found is None:
            raise UsageError(f"{self.name(path)} can't be read: there is no such file.")
        _, entry = found
        if entry.mode in {_TREE, _SUBMODULE}:
            raise UsageError(f"{self.name(path)} is a folder, not a file.")
        data = self._repository.blob(entry.oid)
        if data is None:
            raise UsageError(
                f"{self.name(path)} can't be read: its content was not fetched.",
                hint="Fetch without a filter, such as `--filter=blob:none`.",
            )
        if len(data) > MAX_BYTES:
            raise UsageError(
                f"{self.name(path)} is larger than {MAX_SIZE}.", hint="Split it by `include`."
            )
        return data

    def entries(self, folder: PurePosixPath) -> Entries:
        """What is in a folder of the commit; links count as files, as on disk."""
        found = self._find(folder)
        if found is None or found[1].mode != _TREE:
            return Entries((), ())
        held = self._tree(found[1].oid)
        is_folder = {name: entry.mode in {_TREE, _SUBMODULE} for name, entry in held.items()}
        return Entries(
            tuple(sorted(name for name, folder in is_folder.items() if not folder)),
            tuple(sorted(name for name, folder in is_folder.items() if folder)),
        )

    def identity(self, path: PurePosixPath) -> PurePosixPath:
        """The path of the file itself, where ``path`` goes over links."""
        found = self._find(path)
        return path if found is None else found[0]

    def _find(self, path: PurePosixPath) -> tuple[PurePosixPath, _Entry] | None:
        """The entry at ``path`` and its path without links; ``None`` outside of the commit."""
        if self._root is None:
            self._root = self._repository.tree_of(self._commit)
        waiting = [part for part in reversed(path.parts) if part != "."]
        way: list[tuple[str, _Entry]] = []
        links = 0
        while waiting:
            part = waiting.pop()
            if part == "..":
                if not way:
                    return None
                way.pop()
                continue
            here = way[-1][1].oid if way else self._root
            if part == "/" or (way and way[-1][1].mode != _TREE):
                return None
            entry = self._tree(here).get(part)
            if entry is None:
                return None
            if entry.mode != _LINK:
                way.append((part, entry))
                continue
            links += 1
            target = self._repository.blob(entry.oid)
            if target is None or links > _LINKS:
                return None
            parts = PurePosixPath(target.decode(errors="surrogateescape")).parts
            waiting += [part for part in reversed(parts) if part != "."]
        last = way[-1][1] if way else _Entry(_TREE, self._root)
        return PurePosixPath(*(part for part, _ in way)), last

    def _tree(self, oid: str) -> dict[str, _Entry]:
        if oid not in self._trees:
            self._trees[oid] = self._repository.tree(oid)
        return self._trees[oid]


def _entries(data: bytes, oid_size: int) -> Iterator[tuple[str, _Entry]]:
    """The entries of a tree object: mode, space, name, NUL, the object's name in binary."""
    position = 0
    while position < len(data):
        space = data.index(b" ", position)
        end = data.index(b"\0", space)
        oid = data[end + 1 : end + 1 + oid_size].hex()
        name = data[space + 1 : end].decode(errors="surrogateescape")
        yield name, _Entry(data[position:space].decode(), oid)
        position = end + 1 + oid_size
