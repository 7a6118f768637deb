"""Asks git about the commit that is checked out.

Only plumbing that reads: nothing that a repository's configuration could make run a program
(hooks, pagers, monitors, signature checks, transports). No git, no repository, or no answer
in time, and everything is just not known.
"""

import os
import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from subprocess import Popen

#: What comes before a commit's content: its name, its kind and its size.
_COMMIT = re.compile("([0-9a-f]{40,64}) commit [0-9]+\n")
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

    @property
    def sha(self) -> str | None:
        """The full object name of the commit."""
        return self._answers[0][0]

    @property
    def branch(self) -> str | None:
        """The branch; ``None`` when a commit is checked out by itself."""
        return self._answers[1]

    @cached_property
    def tag(self) -> str | None:
        """A tag of the commit; of several the last in order of version."""
        (tags,) = self._ask(
            [
                "for-each-ref",
                "--points-at=HEAD",
                "--sort=-version:refname",
                "--count=1",
                "--format=%(refname:lstrip=2)",
                "refs/tags",
            ]
        )
        return tags

    @property
    def url(self) -> str | None:
        """The URL of the remote ``origin``."""
        return self._answers[2]

    @cached_property
    def _described(self) -> tuple[str | None, str | None]:
        header, _, message = self._answers[0][1].partition("\n\n")
        author = None
        for line in header.splitlines():
            if line.startswith("author "):
                author = line.removeprefix("author ").partition(" <")[0].strip()
        return author or None, message.strip() or None

    @cached_property
    def _answers(self) -> tuple[tuple[str | None, str], str | None, str | None]:
        """The commit's name and content, the branch, the URL: asked for at the same time."""
        commit, branch, url = self._ask(
            ["cat-file", "--batch"],
            ["symbolic-ref", "--short", "--quiet", "HEAD"],
            ["config", "--get", "remote.origin.url"],
            question="HEAD^{commit}\n",
        )
        found = _COMMIT.match(commit or "")
        return (found[1], commit[found.end() :]) if commit and found else (None, ""), branch, url

    def _ask(self, *commands: list[str], question: str = "") -> list[str | None]:
        """What git answers to each of the commands, which run at the same time.

        Args:
            commands: Their arguments.
            question: What they can read from standard input.
        """
        settings = [part for setting in _HARMLESS for part in ("-c", setting)]
        environ = dict(os.environ if self._environ is None else self._environ)
        environ.update(
            GIT_OPTIONAL_LOCKS="0",
            GIT_NO_LAZY_FETCH="1",
            GIT_ALLOW_PROTOCOL="none",
            GIT_TERMINAL_PROMPT="0",
            LC_ALL="C.UTF-8",
        )
        until = monotonic() + _SECONDS
        started = [
            _start(
                ["git", "--no-pager", "--no-replace-objects", *settings, *command],
                self._folder,
                environ,
            )
            for command in commands
        ]
        return [_answer(process, question.encode(), until) for process in started]


def _start(command: list[str], folder: Path, environ: Mapping[str, str]) -> "Popen[bytes] | None":
    from subprocess import DEVNULL, PIPE, Popen  # noqa: PLC0415 - git is asked in few runs

    try:
        return Popen(  # noqa: S603 - fixed arguments, no shell; git is found by PATH, as everywhere
            command, cwd=folder, env=environ, stdin=PIPE, stdout=PIPE, stderr=DEVNULL
        )
    except (OSError, ValueError):
        return None


def _answer(process: "Popen[bytes] | None", question: bytes, until: float) -> str | None:
    from subprocess import TimeoutExpired  # noqa: PLC0415 - git is asked in few runs

    if process is None:
        return None
    with process:
        try:
            output, _ = process.communicate(question, timeout=max(until - monotonic(), 0.0))
        except TimeoutExpired:
            process.kill()
            return None
    if process.returncode:
        return None
    return output[:_MAX_ANSWER].decode(errors="replace").strip() or None


def head(folder: Path) -> Commit:
    """The commit checked out in ``folder``; git is not asked before something is read."""
    return Commit(folder)
