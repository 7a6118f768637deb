"""Collect what a file is compiled with.

``git.*`` and ``ci.*`` come from the official CLI's variables, the CI system's, and git.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

from runner.config.templates.ci import Rule, System, detect, first_value
from runner.config.templates.env_vars import Environment
from runner.config.templates.git_head import Commit
from runner.diagnostics import Severity

#: The variables of the official CLI.
_CHECKLY: Mapping[str, list[Rule]] = {
    "git.sha": ["CHECKLY_REPO_SHA", "CHECKLY_TEST_REPO_SHA", "CHECKLY_GITHUB_SHA"],
    "git.repoUrl": [
        "CHECKLY_REPO_URL",
        "CHECKLY_TEST_REPO_URL",
        {"text": "{CHECKLY_GITHUB_SERVER_URL}/{CHECKLY_GITHUB_REPOSITORY}"},
        {"text": "https://github.com/{CHECKLY_GITHUB_REPOSITORY}"},
    ],
    "git.branch": ["CHECKLY_REPO_BRANCH", "CHECKLY_TEST_REPO_BRANCH"],
    "git.author": ["CHECKLY_REPO_COMMIT_OWNER", "CHECKLY_TEST_REPO_COMMIT_OWNER"],
    "git.message": ["CHECKLY_REPO_COMMIT_MESSAGE", "CHECKLY_TEST_REPO_COMMIT_MESSAGE"],
}
#: A commit message is cut to this many characters.
_MAX_MESSAGE = 1_000


@dataclass(eq=False, repr=False)
class Context:
    """Where a run happens: the commit, the CI job, the apply.

    Git is asked about ``folder`` when something reads it. ``apply_id`` is that of the apply, if
    there is one yet.
    """

    environ: Mapping[str, str]
    folder: Path
    apply_id: str | None = None
    ask_git: Callable[[Path], Commit] = Commit

    def value(self, name: str) -> str | None:
        """Return the value of a name such as ``git.sha``; ``None`` if that is not known."""
        if name == "run.id":
            return self.apply_id
        if name == "git.shortSha":
            return (self.value("git.sha") or "")[:7] or None
        found = self._from_environ(name)
        if not found and name.startswith("git."):
            found = self._from_git(name)
        if not found:
            return None
        found = found.encode(errors="replace").decode()
        if name == "git.message" and len(found) > _MAX_MESSAGE:
            return f"{found[: _MAX_MESSAGE - 1]}…"
        if name == "git.repoUrl" and "://" in found:
            found = found.partition("?")[0]  # no repository's address needs one, but a token does
        return without_credentials(found) if name.endswith("Url") else found

    @property
    def git_is_untrusted(self) -> bool:
        """Whether git refused to describe the commit because another user owns the folder."""
        return "_commit" in self.__dict__ and self._commit.is_untrusted

    def _from_environ(self, name: str) -> str | None:
        """What the variables of the official CLI say, or those of the CI system."""
        found = first_value(_CHECKLY.get(name, ()), self.environ)
        return found or (self._system.value(name, self.environ) if self._system else None)

    def _from_git(self, name: str) -> str | None:
        """Ask git, about the commit in ``git.sha`` if that matters."""
        wanted = name.removeprefix("git.")
        if wanted not in ("author", "message"):
            return self._commit.value(wanted)
        found = self._commit.value(wanted, self._from_environ("git.sha"))
        if not found and self._system:
            found = self._system.fallback(name, self.environ)
        return found

    @cached_property
    def _system(self) -> System | None:
        return detect(self.environ)

    @cached_property
    def _commit(self) -> Commit:
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
        host = f"{user.partition(':')[0]}@{host}"
    return urlunsplit(parts._replace(netloc=host))


class Inputs(NamedTuple):
    """Everything that compiling a file depends on besides the file.

    Attributes:
        environment: The values of ``env.NAME``; it also sets variables.
        context: The values of ``git.*``, ``ci.*`` and ``run.id``.
        overrides: Variables set on the command line; they win.
        symbolic: Whether values of ``env``, ``git``, ``ci`` and ``run`` are `Symbolic`. Then the
            environment sets no variable, and overrides that are not declared are left out.
        fill_metadata: Whether to fill in the metadata that a profile leaves out.
        unset: How bad it is that a template needs a name that is not set.
        today: The day against which quarantines are checked; on the first of all days none ends.
    """

    environment: Environment = Environment({})
    context: Context = Context({}, Path())
    overrides: Mapping[str, str] = MappingProxyType({})
    symbolic: bool = False
    fill_metadata: bool = False
    unset: Severity = Severity.WARNING
    today: date = date.min
