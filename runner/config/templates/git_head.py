"""The commit that is checked out, as git describes it.

Without git, a repository, or an answer in time, everything is simply not known.
"""

import os
import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from runner.config.files import git
from runner.config.files.files import repository_root
from runner.config.files.git import Problem

#: What comes before a commit's content: its name, its kind and its size.
_COMMIT = re.compile(rb"([0-9a-f]{40,64}) commit [0-9]+\n")
_SHA = "[0-9a-fA-F]{7,64}"
_SECONDS = 5.0
_MAX_ANSWER = 1 << 20
#: After one of these, asking again is of no use.
_FINAL = (Problem.NOT_INSTALLED, Problem.NOT_RUNNABLE, Problem.UNTRUSTED)


class Commit:
    """The commit checked out in a folder; git is asked once for each thing, when it is read."""

    def __init__(self, folder: Path, environ: Mapping[str, str] | None = None) -> None:
        self._folder = folder
        self._environ = environ
        self._problem: Problem | None = None
        self._others: dict[str, dict[str, str | None]] = {}

    @property
    def is_untrusted(self) -> bool:
        """Whether git refused to answer because another user owns the folder, once it was read."""
        return self._problem is Problem.UNTRUSTED

    def value(self, name: str, sha: str | None = None) -> str | None:
        """Return ``sha``, ``branch``, ``tag``, ``author``, ``message`` or ``repoUrl``.

        With ``sha``, the author or message of that other commit.
        """
        if name == "tag":
            return self._tag
        if sha is None or sha == self._head["sha"]:
            return self._head[name]
        if sha not in self._others:
            is_name = re.fullmatch(_SHA, sha)
            self._others[sha] = _described(self._object(f"{sha}^{{commit}}") if is_name else b"")
        return self._others[sha][name]

    @cached_property
    def _tag(self) -> str | None:
        """A tag of the commit; of several the last in order of version."""
        command = "for-each-ref --points-at=HEAD --sort=-version:refname --count=1"
        return _text(self._ask(*command.split(), "--format=%(refname:lstrip=2)", "refs/tags"))

    @cached_property
    def _head(self) -> dict[str, str | None]:
        """The commit, the branch and the URL."""
        return {
            **_described(self._object("HEAD^{commit}")),
            "branch": _text(self._ask("symbolic-ref", "--short", "--quiet", "HEAD")),
            "repoUrl": _text(self._ask("config", "--get", "remote.origin.url")),
        }

    def _object(self, name: str) -> bytes:
        return self._ask("cat-file", "--batch", question=f"{name}\n".encode())

    def _ask(self, *command: str, question: bytes = b"") -> bytes:
        """Return git's answer; nothing if there is no repository, or git can't be run."""
        environ = os.environ if self._environ is None else self._environ
        if "GIT_DIR" not in environ and repository_root(self._folder.absolute()) is None:
            return b""
        if self._problem in _FINAL:
            return b""
        answer = git.ask(
            self._folder, *command, question=question, environ=environ, seconds=_SECONDS
        )
        self._problem = answer.problem
        return answer.output[:_MAX_ANSWER]


def _described(answer: bytes) -> dict[str, str | None]:
    """The name, author and message of a commit object, in the encoding that it names."""
    found = _COMMIT.match(answer)
    header, _, message = answer[found.end() if found else 0 :].partition(b"\n\n")
    fields = dict(reversed([line.partition(b" ")[::2] for line in header.splitlines()]))
    encoding = fields.get(b"encoding", b"utf-8").decode(errors="replace")
    author = fields.get(b"author", b"").rpartition(b" <")[0]
    return {
        "sha": found[1].decode() if found else None,
        "author": _text(author, encoding),
        "message": _text(message, encoding),
    }


def _text(answer: bytes, encoding: str = "utf-8") -> str | None:
    try:
        text = answer.decode(encoding)
    except (LookupError, ValueError):
        text = answer.decode(errors="replace")
    return text.strip() or None
