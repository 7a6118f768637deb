"""Recognise the Checkly CLI among the commands of a shell, however it is started."""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

from runner.importer.placeholders import MARK, Placeholders
from runner.importer.shell import Command, commands

#: Programs that start another one, with the words that may stand between.
_STARTERS = {
    "npx": (), "pnpx": (), "bunx": (), "pnpm": ("exec", "dlx"), "yarn": ("run", "exec", "dlx"),
    "npm": ("exec", "x"), "bun": ("x", "run"), "corepack": (), "node": (), "env": (), "time": (),
    "nice": (), "nohup": (), "exec": (), "command": (), "sudo": (), "timeout": (), "xvfb-run": (),
    "cross-env": (), "dotenv": (), "dotenvx": ("run",), "doppler": ("run",), "op": ("run",),
    "infisical": ("run",), "aws-vault": ("exec",),
}  # fmt: skip
_SHELLS = {"sh", "bash", "zsh", "dash", "ash", "ksh", "eval"}
_RUNNERS = {"npm", "pnpm", "yarn", "bun"}
_PROGRAM = re.compile(r"(?:.*/)?checkly(?:@\S+)?|(?:.*/)?checkly/bin/run(?:\.js)?", re.DOTALL)
_HARMLESS = re.compile(r"-.*|[A-Za-z_]\w*=.*|\d+(?:\.\d+)?[smhd]?", re.DOTALL)
_MENTION = re.compile(r"checkly(?:@[^\s@]+)?\s+trigger\b")
#: What such programs are told is text for people.
_TALKERS = {"echo", "printf", "log", ":", "grep"}
_MAX_DEPTH = 3


@dataclass(frozen=True, slots=True)
class Call:
    """A command of the Checkly CLI.

    Attributes:
        topic: What it does: ``trigger``, ``test`` and so on.
        arguments: The words behind the topic.
        command: The command it was found in.
    """

    topic: str
    arguments: tuple[str, ...]
    command: Command


@dataclass(frozen=True, slots=True)
class Mention:
    """A command that may well run ``checkly trigger``, but not surely.

    Attributes:
        program: What would have to run it.
        line: Its line in the text, counted from 0.
    """

    program: str
    line: int


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a shell text stands in.

    Attributes:
        table: Takes the placeholders.
        variables: Variables that are set around the text.
        scripts: The scripts of a package.json, which ``npm run`` starts.
    """

    table: Placeholders
    variables: Mapping[str, str] = field(default_factory=dict)
    scripts: Mapping[str, str] = field(default_factory=dict)


def calls(text: str, around: Surroundings, depth: int = 0) -> Iterator[Call | Mention]:
    """The commands of the Checkly CLI in a shell text, also in ``bash -c '…'``."""
    if "checkly" not in text and not around.scripts:
        return
    for command in commands(text, around.table, around.variables):
        yield from calls_of(command, around, depth)


def calls_of(command: Command, around: Surroundings, depth: int = 0) -> Iterator[Call | Mention]:
    """The commands of the Checkly CLI that ``command`` starts."""
    words = command.words
    name = words[0].rpartition("/")[2] if words else ""
    script = _script(name, words)
    if name in _RUNNERS and around.scripts:
        script = _package_script(words, around.scripts)
    if script is not None and depth < _MAX_DEPTH:
        for call in calls(script, around, depth + 1):
            yield _placed(call, command)
    elif (at := _program(name, words)) is not None:
        flags = [word for word in words[at + 1 :] if word.startswith("-")]
        if len(words) > at + 1 and words[at + 1] not in flags:
            yield Call(words[at + 1], words[at + 2 :], command)
    elif name not in _TALKERS and any(map(_MENTION.search, (" ".join(words), *words))):
        shown = "…" if MARK.search(name) or not name.isprintable() else name
        yield Mention(shown, command.line)


def _script(name: str, words: tuple[str, ...]) -> str | None:
    if name not in _SHELLS or not _MENTION.search(" ".join(words)):
        return None
    if name == "eval":
        return " ".join(words[1:])
    for flag, script in pairwise(words):
        if re.fullmatch(r"-[a-z]*c[a-z]*", flag):
            return script
    return None


def _package_script(words: tuple[str, ...], scripts: Mapping[str, str]) -> str | None:
    """The script of a package.json that ``npm run`` starts, with the words it is given beside."""
    rest = [word for word in words[1:] if word not in {"run", "run-script", "--silent", "-s"}]
    if not rest or rest[0] not in scripts or (words[0] == "npm" and len(rest) == len(words) - 1):
        return None
    more = rest[1:]
    if words[0] == "npm":  # takes what stands before `--` for itself
        more = more[more.index("--") :] if "--" in more else []
    return f"{scripts[rest[0]]} {shlex.join(more[1:] if more[:1] == ['--'] else more)}"


def _program(name: str, words: tuple[str, ...]) -> int | None:
    """The place of the program's name, if whatever stands before it surely starts it."""
    starter = name
    for index, word in enumerate(words):
        if index and not _is_between(words[index - 1], word, starter):
            if _PROGRAM.fullmatch(word) and starter in _STARTERS:
                return index
            return None
        if word.rpartition("/")[2] in _STARTERS:
            starter = word.rpartition("/")[2]
        elif index == 0:
            return 0 if _PROGRAM.fullmatch(word) else None
    return None


def _is_between(before: str, word: str, starter: str) -> bool:
    """Whether ``word`` may stand between the starter and the program it starts."""
    if word.rpartition("/")[2] in _STARTERS or word in _STARTERS.get(starter, ()):
        return True
    if before in {"-p", "--package", "-y", "--yes"} and _PROGRAM.fullmatch(word):
        return before in {"-p", "--package"}
    is_value = before.startswith("-") and before not in {"--", "-y", "--yes"} and "=" not in before
    return bool(_HARMLESS.fullmatch(word)) or (is_value and not _PROGRAM.fullmatch(word))


def _placed(call: Call | Mention, command: Command) -> Call | Mention:
    """A call inside a script on a command line, with what is known of that command."""
    if isinstance(call, Mention):
        return replace(call, line=command.line)
    inner = call.command
    placed = replace(
        inner,
        line=command.line,
        variables={**command.variables, **inner.variables},
        notes=command.notes + inner.notes,
        tolerated=command.tolerated or inner.tolerated,
        doubtful=command.doubtful or inner.doubtful,
        output=inner.output or command.output,
    )
    return replace(call, command=placed)
