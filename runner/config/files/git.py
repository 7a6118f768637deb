"""The one place that runs git: only plumbing that reads, and nothing a repository could hook into.

What a repository holds may come from strangers. So no command here runs a filter, hook, pager,
monitor, transport or signature check, and of the environment git only gets what it needs to run
and to know which folders it trusts.
"""

import os
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Final, NamedTuple

_SECONDS: Final = 30.0
_KEPT: Final = (
    "PATH", "HOME", "XDG_CONFIG_HOME", "SYSTEMROOT", "USERPROFILE", "GIT_CEILING_DIRECTORIES",
    "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM",
)  # fmt: skip
_SET: Final = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C.UTF-8",
}
#: Settings of a hostile repository that could start a program, overridden.
_HARMLESS: Final = (
    "core.fsmonitor=false",
    f"core.hooksPath={os.devnull}",
    "core.pager=cat",
    "core.sshCommand=false",
    "core.askPass=",
    "credential.helper=",
    "log.showSignature=false",
    "protocol.allow=never",
)


class Problem(Enum):
    """Why git gave no answer."""

    REFUSED = "git refused"
    NOT_INSTALLED = "git is not installed"
    NOT_RUNNABLE = "git can't be run here"
    UNTRUSTED = "git does not trust this folder, which belongs to another user"
    NOT_FETCHED = "This partial clone lacks objects"


class Answer(NamedTuple):
    """The standard output of a git command; empty if there was a problem."""

    output: bytes
    problem: Problem | None = None


def ask(
    folder: Path,
    *command: str,
    question: bytes = b"",
    environ: Mapping[str, str] | None = None,
    seconds: float = _SECONDS,
) -> Answer:
    """Run a git command in a folder, with ``question`` as its standard input."""
    from subprocess import TimeoutExpired, run  # noqa: PLC0415 - git is asked in few runs

    given = os.environ if environ is None else environ
    settings = [part for setting in _HARMLESS for part in ("-c", setting)]
    try:
        done = run(  # noqa: S603 - no shell, and no argument is an option
            ["git", "--no-pager", "--no-replace-objects", *settings, *command],  # noqa: S607 - found by PATH, as everywhere
            check=False,
            cwd=folder,
            env={name: given[name] for name in _KEPT if name in given} | _SET,
            input=question,
            capture_output=True,
            timeout=seconds,
        )
    except (OSError, ValueError, TimeoutExpired) as error:
        # A missing folder is not found either.
        is_missing = isinstance(error, FileNotFoundError) and folder.is_dir()
        return Answer(b"", Problem.NOT_INSTALLED if is_missing else Problem.NOT_RUNNABLE)
    if done.returncode == 0:
        return Answer(done.stdout)
    reasons = {b"dubious ownership": Problem.UNTRUSTED, b"promisor": Problem.NOT_FETCHED}
    problems = (problem for words, problem in reasons.items() if words in done.stderr)
    return Answer(b"", next(problems, Problem.REFUSED))


def distrust_hint(folder: Path) -> str:
    """Return what to do if git does not trust a folder because it belongs to another user."""
    return f"If you trust it: `git config --global --add safe.directory {folder}`."
