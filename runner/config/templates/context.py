"""The values of ``git.*`` and ``ci.*``: from the official CLI's variables, the CI system's, git."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from runner.config.templates import git_head
from runner.config.templates.ci import System, detect

#: The variables of the official CLI for each name, the second ones its fallback.
_CHECKLY = {
    "git.sha": "SHA",
    "git.repoUrl": "URL",
    "git.branch": "BRANCH",
    "git.author": "COMMIT_OWNER",
    "git.message": "COMMIT_MESSAGE",
}
#: A commit message is cut to this many characters.
_MAX_MESSAGE = 1_000


@dataclass(frozen=True)
class Context:
    """Where a run happens: the commit, the CI job, the apply.

    Attributes:
        environ: The environment of the process.
        folder: Where to ask git.
        apply_id: The id of the apply, if there is one yet.
        ask_git: Asks git about a folder; called at most once, when something reads it.
    """

    environ: Mapping[str, str] = field(repr=False)
    folder: Path
    apply_id: str | None = None
    ask_git: Callable[[Path], git_head.Commit] = git_head.head

    def value(self, name: str) -> str | None:
        """Return the value of a name such as ``git.sha``; ``None`` if that is not known."""
        if name == "run.id":
            return self.apply_id
        if name == "git.shortSha":
            sha = self.value("git.sha")
            return sha[:7] if sha else None
        found = self._from_checkly(name) or self._from_ci(name)
        if not found and name.startswith("git."):
            found = self._from_git(name)
        found = _readable(found)
        if found and name == "git.message":
            return found if len(found) <= _MAX_MESSAGE else f"{found[: _MAX_MESSAGE - 1]}…"
        if found and name == "git.repoUrl" and "://" in found:
            found = found.partition("?")[0]  # no repository's address needs one, but a token does
        return without_credentials(found) if found and name.endswith("Url") else found

    @property
    def git_is_untrusted(self) -> bool:
        """Whether git refused to tell of the commit because the folder is somebody else's."""
        return "_commit" in self.__dict__ and self._commit.is_untrusted

    def _from_checkly(self, name: str) -> str | None:
        suffix = _CHECKLY.get(name)
        if not suffix:
            return None
        environ = self.environ
        found = environ.get(f"CHECKLY_REPO_{suffix}") or environ.get(f"CHECKLY_TEST_REPO_{suffix}")
        if found or name not in ("git.sha", "git.repoUrl"):
            return found
        if name == "git.sha":
            return environ.get("CHECKLY_GITHUB_SHA")
        repository = environ.get("CHECKLY_GITHUB_REPOSITORY")
        server = environ.get("CHECKLY_GITHUB_SERVER_URL") or "https://github.com"
        return f"{server}/{repository}" if repository else None

    def _from_git(self, name: str) -> str | None:
        """Ask git, about the commit that ``git.sha`` is where that matters."""
        wanted = name.removeprefix("git.")
        if wanted not in ("author", "message"):
            return self._commit.value(wanted)
        sha = self._from_checkly("git.sha") or self._from_ci("git.sha")
        found = self._commit.value(wanted, sha)
        if not found and self._system:
            found = self._system.fallback(name, self.environ)
        return found

    def _from_ci(self, name: str) -> str | None:
        return self._system.value(name, self.environ) if self._system else None

    @cached_property
    def _system(self) -> System | None:
        return detect(self.environ)

    @cached_property
    def _commit(self) -> git_head.Commit:
        return self.ask_git(self.folder)


def without_credentials(url: str) -> str:
    """Return a repository's URL without the token that CI systems like to put into it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url if "@" not in url else ""
    if "@" not in parts.netloc:
        return url
    user, _, host = parts.netloc.rpartition("@")
    if parts.scheme == "ssh":
        return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}@{host}"))
    return urlunsplit(parts._replace(netloc=host))


def _readable(value: str | None) -> str | None:
    return value.encode(errors="replace").decode() if value else None
