"""Files as of a commit, read from git's objects without a checkout.

Links are followed by git itself, inside the commit only.
"""

from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

from runner.config.files import git
from runner.config.files.files import MAX_BYTES, MAX_SIZE, Entries
from runner.config.files.git import Problem
from runner.errors import CannotRun, UsageError
from runner.nearest import did_you_mean

_MAX_REFS: Final = 1_000
_FETCH_ALL: Final = "Fetch what is missing: `git fetch --refetch --no-filter origin`."


class Repository:
    """A repository's commits.

    Args:
        root: Its folder, the one with the ``.git``.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def commit(self, ref: str) -> str:
        """Return the full name of the commit that ``ref`` means.

        Raises:
            UsageError: It looks like an option, or is not a commit.
            CannotRun: git can't be run here, or does not trust the folder.
        """
        if not ref or ref.startswith("-") or not ref.isprintable():
            raise UsageError(f"{ref!r} is not a commit.", hint="Name a branch, a tag or a commit.")
        found = self._resolve(f"{ref}^{{commit}}")
        if found is not None:
            return found
        raise UsageError(f"There is no commit '{ref}' here.", hint=self._missing_hint(ref))

    def merge_base(self, base: str, head: str) -> str:
        """Return the commit where ``head`` left ``base``; both as :meth:`commit` gives them.

        Raises:
            UsageError: There is none, or a shallow clone does not reach it.
        """
        found = self.ask("merge-base", base, head)
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
        return self.ask("rev-parse", "--is-shallow-repository") == b"true\n"

    def files(self, commit: str) -> "CommitFiles":
        """Return the files as of ``commit``, a full name from :meth:`commit`."""
        return CommitFiles(self, commit)

    def not_checked_out(self, folder: PurePosixPath) -> list[PurePosixPath]:
        """Return the files below ``folder`` that a sparse checkout leaves out."""
        if self.ask("config", "--bool", "core.sparseCheckout") != b"true\n":
            return []
        listed = (self.ask("ls-files", "-t", "-z", "--", str(folder)) or b"").split(b"\0")
        return [PurePosixPath(_text(entry[2:])) for entry in listed if entry.startswith(b"S ")]

    def ask(self, *arguments: str, question: bytes = b"") -> bytes | None:
        """Return git's answer; ``None`` if it says no.

        Raises:
            CannotRun: git can't be run, does not trust the folder, or lacks objects that were
                not fetched.
        """
        (answer,) = git.ask(self._root, list(arguments), question=question)
        match answer.problem:
            case Problem.NOT_INSTALLED:
                raise CannotRun("git is not installed.", hint="--base reads git's objects.")
            case Problem.NOT_RUNNABLE:
                raise CannotRun("git can't be run here.")
            case Problem.UNTRUSTED:
                message = f"git does not trust {self._root}, which belongs to somebody else."
                raise CannotRun(message, hint=git.distrust_hint(self._root))
            case Problem.NOT_FETCHED:
                raise CannotRun("This partial clone lacks objects.", hint=_FETCH_ALL)
        return None if answer.problem else answer.output

    def _resolve(self, name: str) -> str | None:
        found = self.ask("rev-parse", "--verify", "--quiet", name)
        return None if found is None else found.decode().strip()

    def _missing_hint(self, ref: str) -> str:
        if "/" not in ref and self._resolve(f"origin/{ref}^{{commit}}"):
            return f"Did you mean 'origin/{ref}'?"
        if self.is_shallow():
            branch = ref.removeprefix("origin/")
            return (
                "This clone is shallow. Fetch the branch and its history: `git fetch --unshallow "
                f"origin {branch}:refs/remotes/origin/{branch}`, and compare with "
                f"origin/{branch}. With actions/checkout, set `fetch-depth: 0`."
            )
        listed = self.ask("for-each-ref", f"--count={_MAX_REFS}", "--format=%(refname:short)")
        names = (listed or b"").decode(errors="replace").split()
        return did_you_mean(ref, names) or "Check the spelling, or fetch it."


class _Found(NamedTuple):
    """What a path of a commit leads to, over links; a ``link`` if that can't be followed."""

    kind: str
    oid: str
    size: int


class CommitFiles:
    """The files of one commit; a ``runner.config.files.files.Files``."""

    def __init__(self, repository: Repository, commit: str) -> None:
        self._repository = repository
        self._commit = commit
        self._known: dict[PurePosixPath, _Found | None] = {}

    def name(self, path: PurePosixPath) -> str:
        """Return the name git has for it: ``1a2b3c4d5e6f:checkly-sessions.yaml``."""
        return f"{self._commit[:12]}:{path}"

    def exists(self, path: PurePosixPath) -> bool:
        """Whether there is a file at ``path``."""
        return self._find(path) is not None

    def read(self, path: PurePosixPath) -> bytes:
        """Return the content of a file of the commit; see ``Files.read``."""
        found = self._find(path)
        if found is None:
            raise UsageError(f"{self.name(path)} can't be read: there is no such file.")
        if found.kind == "link":
            message = f"{self.name(path)} is a link that git can't follow inside the commit."
            raise UsageError(message, hint="Put the file itself there, or link to it without `./`.")
        if found.kind != "blob":
            raise UsageError(f"{self.name(path)} is a folder, not a file.")
        if found.size > MAX_BYTES:
            raise UsageError(
                f"{self.name(path)} is larger than {MAX_SIZE}.", hint="Split it with `include`."
            )
        data = self._repository.ask("cat-file", "blob", found.oid)
        if data is None:
            raise self._unreadable(path)
        return data

    def entries(self, folder: PurePosixPath) -> Entries:
        """Return what is in a folder of the commit; links count as files, as on disk."""
        found = self._find(folder)
        if found is None or found.kind != "tree":
            return Entries((), ())
        listed = self._repository.ask("ls-tree", "-z", found.oid)
        if listed is None:
            raise self._unreadable(folder)
        files: list[str] = []
        folders: list[str] = []
        for entry in filter(None, listed.split(b"\0")):
            about, _, name = entry.partition(b"\t")
            (files if about.split()[1] == b"blob" else folders).append(_text(name))
        return Entries(tuple(sorted(files)), tuple(sorted(folders)))

    def identity(self, path: PurePosixPath) -> PurePosixPath:
        """Return a name for the content at ``path``, the same over all links to it."""
        found = self._find(path)
        return path if found is None else PurePosixPath(found.oid)

    def _find(self, path: PurePosixPath) -> _Found | None:
        if path not in self._known:
            self._known[path] = self._look(path)
        return self._known[path]

    def _look(self, path: PurePosixPath) -> _Found | None:
        """Ask git where a path leads.

        Raises:
            CannotRun: It can't be told, since objects are missing or broken.
        """
        inside = "" if path == PurePosixPath() else str(path)
        if ".." in path.parts or "\n" in inside:
            return None
        name = f"{self._commit}:{inside}"
        question = name.encode(errors="surrogateescape") + b"\n"
        answer = self._repository.ask(
            "cat-file", "--batch-check", "--follow-symlinks", question=question
        )
        if answer is None:
            raise self._unreadable(path)
        match _text(answer).split():
            case [oid, "blob" | "tree" as kind, size]:
                return _Found(kind, oid, int(size))
            case ["dangling" | "loop" | "symlink", *_]:
                return _Found("link", inside, 0)
        return None

    def _unreadable(self, path: PurePosixPath) -> CannotRun:
        hint = "Look for damage with `git fsck`."
        return CannotRun(f"git can't read {self.name(path)}.", hint=hint)


def _text(name: bytes) -> str:
    return name.decode(errors="surrogateescape")
