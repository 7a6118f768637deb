"""The commit that is checked out, as git tells it.

Without git, a repository, or an answer in time, everything is simply not known.
"""

import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from runner.config.files import git
from runner.config.files.git import Problem

#: What comes before a commit's content: its name, its kind and its size.
_COMMIT = re.compile("([0-9a-f]{40,64}) commit [0-9]+\n")
_SECONDS = 5.0
_MAX_ANSWER = 1 << 20


class Commit:
    """The commit checked out in a folder; git is asked once for each thing, when it is read.

    Attributes:
        is_untrusted: Whether git refused to answer because the folder belongs to somebody else;
            known once something was read.
    """

    def __init__(self, folder: Path, environ: Mapping[str, str] | None = None) -> None:
        self._folder = folder
        self._environ = environ
        self.is_untrusted = False

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
        """Return what git answers to each of the commands, which run at the same time."""
        answers = git.ask(
            self._folder,
            *commands,
            question=question.encode(),
            environ=self._environ,
            seconds=_SECONDS,
        )
        self.is_untrusted |= any(answer.problem is Problem.UNTRUSTED for answer in answers)
        return [
            answer.output[:_MAX_ANSWER].decode(errors="replace").strip() or None
            for answer in answers
        ]


def head(folder: Path) -> Commit:
    """The commit checked out in ``folder``; git is not asked before something is read."""
    return Commit(folder)
