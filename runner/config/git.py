"""Asks git about the commit that is checked out.

Only plumbing that reads: nothing that a repository's configuration could make run a program
(hooks, pagers, monitors, signature checks, transports). No git, no repository, or no answer
in time, and everything is just not known.
"""

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

_SECONDS = 5.0
_MAX_ANSWER = 1 << 20
#: Settings a hostile repository could hold, overridden where they could start a program.
_HARMLESS = (
    "core.fsmonitor=false",
    f"core.hooksPath={os.devnull}",
    "core.pager=cat",
    "core.sshCommand=false",
    "core.askPass=",
    "credential.helper=",
    "log.showSignature=false",
    "protocol.allow=never",
)


class Commit:
    """What git says of the commit checked out in a folder; each thing is asked once, if read."""

    def __init__(self, folder: Path, environ: Mapping[str, str] | None = None) -> None:
        self._folder = folder
        self._environ = environ

    def value(self, name: str) -> str | None:
        """One of ``sha``, ``branch``, ``tag``, ``author``, ``message``, ``repoUrl``."""
        return {
            "sha": lambda: self.sha,
            "branch": lambda: self.branch,
            "tag": lambda: self.tag,
            "author": lambda: self._described[0],
            "message": lambda: self._described[1],
            "repoUrl": lambda: self.url,
        }[name]()

    @cached_property
    def sha(self) -> str | None:
        """The full object name of the commit."""
        return self._ask("rev-parse", "--verify", "--quiet", "HEAD^{commit}")

    @cached_property
    def branch(self) -> str | None:
        """The branch; ``None`` when a commit is checked out by itself."""
        return self._ask("symbolic-ref", "--short", "--quiet", "HEAD")

    @cached_property
    def tag(self) -> str | None:
        """A tag of the commit; of several the last in order of version."""
        tags = self._ask(
            "for-each-ref",
            "--points-at=HEAD",
            "--sort=-version:refname",
            "--count=1",
            "--format=%(refname:lstrip=2)",
            "refs/tags",
        )
        return tags or None

    @cached_property
    def url(self) -> str | None:
        """The URL of the remote ``origin``."""
        return self._ask("config", "--get", "remote.origin.url")

    @cached_property
    def _described(self) -> tuple[str | None, str | None]:
        commit = self._ask("cat-file", "commit", "HEAD")
        if commit is None:
            return None, None
        header, _, message = commit.partition("\n\n")
        author = None
        for line in header.splitlines():
            if line.startswith("author "):
                author = line.removeprefix("author ").partition(" <")[0].strip()
        return author or None, message.strip() or None

    def _ask(self, *arguments: str) -> str | None:
        settings = [part for setting in _HARMLESS for part in ("-c", setting)]
        environ = dict(os.environ if self._environ is None else self._environ)
        environ.update(
            GIT_OPTIONAL_LOCKS="0",
            GIT_NO_LAZY_FETCH="1",
            GIT_ALLOW_PROTOCOL="none",
            GIT_TERMINAL_PROMPT="0",
            LC_ALL="C.UTF-8",
        )
        import subprocess  # noqa: PLC0415 - git is asked in few runs

        try:
            answer = subprocess.run(  # noqa: S603 - fixed arguments, no shell
                ["git", "--no-pager", "--no-replace-objects", *settings, *arguments],  # noqa: S607 - git is found by PATH, as everywhere
                cwd=self._folder,
                env=environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired, ValueError):
            return None
        if answer.returncode:
            return None
        return answer.stdout[:_MAX_ANSWER].decode(errors="replace").strip() or None


def head(folder: Path) -> Commit:
    """The commit checked out in ``folder``; git is not asked before something is read."""
    return Commit(folder)
