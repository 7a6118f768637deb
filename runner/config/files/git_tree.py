"""Files as of a commit, read from git's objects without a checkout.

Links are followed by git itself, inside the commit only.
"""

import os
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

from runner.config.files import git
from runner.config.files.files import MAX_BYTES, too_large
from runner.config.files.git import Problem
from runner.errors import CannotRun, UsageError
from runner.nearest import did_you_mean

_MAX_REFS: Final = 1_000


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
        found = self._resolve(ref)
        if found is None:
            raise UsageError(f"There is no commit '{ref}' here.", hint=self._missing_hint(ref))
        return found

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
            message = f"This shallow clone does not reach the commit where {short} diverged."
            how = "`git fetch --unshallow`, or `fetch-depth: 0` with actions/checkout"
            raise UsageError(message, hint=f"Fetch the history: {how}.")
        raise UsageError(f"{short} have no common history.")

    def is_shallow(self) -> bool:
        """Return whether the history was cut when it was fetched."""
        return self.ask("rev-parse", "--is-shallow-repository") == b"true\n"

    def files(self, commit: str) -> "CommitFiles":
        """Return the files as of ``commit``, a full name from :meth:`commit`."""
        return CommitFiles(self, commit)

    def not_checked_out(self, folder: PurePosixPath) -> list[PurePosixPath]:
        """Return the files below ``folder`` that a sparse checkout leaves out."""
        if self.ask("config", "--bool", "core.sparseCheckout") != b"true\n":
            return []
        listed = (self.ask("ls-files", "-t", "-z", "--", str(folder)) or b"").split(b"\0")
        return [
            PurePosixPath(os.fsdecode(entry[2:])) for entry in listed if entry.startswith(b"S ")
        ]

    def ask(self, *arguments: str, question: bytes = b"") -> bytes | None:
        """Return git's answer; ``None`` if it says no.

        Raises:
            CannotRun: git can't be run, does not trust the folder, or lacks objects that were
                not fetched.
        """
        answer = git.ask(self._root, *arguments, question=question)
        if answer.problem in {None, Problem.REFUSED}:
            return None if answer.problem else answer.output
        hints = {
            Problem.NOT_INSTALLED: "--base reads git's objects.",
            Problem.UNTRUSTED: git.distrust_hint(self._root),
            Problem.NOT_FETCHED: "Fetch what is missing: `git fetch --refetch --no-filter origin`.",
        }
        raise CannotRun(f"{answer.problem.value}.", hint=hints.get(answer.problem))

    def _resolve(self, ref: str) -> str | None:
        found = self.ask("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
        return None if found is None else found.decode().strip()

    def _missing_hint(self, ref: str) -> str:
        if "/" not in ref and self._resolve(f"origin/{ref}"):
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
    size: int = 0


class CommitFiles:
    """The files of one commit; a ``runner.config.files.files.Files``."""

    def __init__(self, repository: Repository, commit: str) -> None:
        self._repository = repository
        self._commit = commit
        self._find = cache(self._look_up)

    def name(self, path: PurePosixPath) -> str:
        """Return the name git has for it: ``1a2b3c4d5e6f:checkly-sessions.yaml``."""
        return f"{self._commit[:12]}:{path}"

    def exists(self, path: PurePosixPath) -> bool:
        """Return whether there is a file at ``path``."""
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
            raise too_large(self.name(path))
        return self._ask(path, "cat-file", "blob", found.oid)

    def entries(self, folder: PurePosixPath) -> dict[str, bool]:
        """Return what is in a folder of the commit; links count as files, as on disk."""
        found = self._find(folder)
        if found is None or found.kind != "tree":
            return {}
        listed = self._ask(folder, "ls-tree", "-z", found.oid).split(b"\0")[:-1]
        parts = (entry.partition(b"\t") for entry in listed)
        return {os.fsdecode(name): about.split()[1] != b"blob" for about, _, name in parts}

    def identity(self, path: PurePosixPath) -> PurePosixPath:
        """Return a name for the content at ``path``, the same over all links to it."""
        found = self._find(path)
        return path if found is None else PurePosixPath(found.oid)

    def _look_up(self, path: PurePosixPath) -> _Found | None:
        """Ask git where a path leads.

        Raises:
            CannotRun: Objects are missing or broken.
        """
        inside = "" if path == PurePosixPath() else str(path)
        if ".." in path.parts or "\n" in inside:
            return None
        name = os.fsencode(f"{self._commit}:{inside}\n")
        answer = self._ask(path, "cat-file", "--batch-check", "--follow-symlinks", question=name)
        match os.fsdecode(answer).split():
            case [oid, "blob" | "tree" as kind, size]:
                return _Found(kind, oid, int(size))
            case ["dangling" | "loop" | "symlink", *_]:
                return _Found("link", inside)
        return None

    def _ask(self, path: PurePosixPath, *arguments: str, question: bytes = b"") -> bytes:
        """Return git's answer about ``path``.

        Raises:
            CannotRun: It has none.
        """
        answer = self._repository.ask(*arguments, question=question)
        if answer is None:
            hint = "Look for damage with `git fsck`."
            raise CannotRun(f"git can't read {self.name(path)}.", hint=hint)
        return answer
