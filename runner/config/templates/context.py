"""What ``git.*`` and ``ci.*`` say: the official CLI's variables, the CI system's, then git's."""

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
        """The value of a name such as ``git_head.sha``; ``None`` if nobody says."""
        if name == "run.id":
            return self.apply_id
        if name == "git.shortSha":
            sha = self.value("git.sha")
            return sha[:7] if sha else None
        found = self._from_checkly(name) or self._from_ci(name)
        if not found and name.startswith("git."):
            found = self._commit.value(name.removeprefix("git."))
        found = _readable(found)
        return without_credentials(found) if found and name.endswith("Url") else found

    def _from_checkly(self, name: str) -> str | None:
        suffix = _CHECKLY.get(name)
        if not suffix:
            return None
        return self.environ.get(f"CHECKLY_REPO_{suffix}") or self.environ.get(
            f"CHECKLY_TEST_REPO_{suffix}"
        )

    def _from_ci(self, name: str) -> str | None:
        return self._system.value(name, self.environ) if self._system else None

    @cached_property
    def _system(self) -> System | None:
        return detect(self.environ)

    @cached_property
    def _commit(self) -> git_head.Commit:
        return self.ask_git(self.folder)


def without_credentials(url: str) -> str:
    """A repository's URL without the token that CI systems like to put into it."""
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
