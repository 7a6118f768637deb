"""Recognise the Checkly CLI among the commands of a shell, however it is started."""

import re
import shlex
from collections.abc import Iterator, Mapping
from itertools import pairwise

from runner.importer.placeholders import MARK, Placeholders
from runner.importer.script import MENTION, SHELLS, Script
from runner.importer.shell import commands

#: Programs that start another one, with the words that may come between.
_STARTERS = {
    "npx": (), "pnpx": (), "bunx": (), "pnpm": ("exec", "dlx"), "yarn": ("run", "exec", "dlx"),
    "npm": ("exec", "x"), "bun": ("x", "run"), "corepack": (), "node": (), "env": (), "time": (),
    "nice": (), "nohup": (), "exec": (), "command": (), "sudo": (), "timeout": (), "xvfb-run": (),
    "cross-env": (), "dotenv": (), "dotenvx": ("run",), "doppler": ("run",), "op": ("run",),
    "infisical": ("run",), "aws-vault": ("exec",),
}  # fmt: skip
#: Flags by which npm takes the scripts of another package.
_NPM_ELSEWHERE = re.compile(r"-(?:ws?|C|-workspaces?|-prefix)(?:=.*)?", re.DOTALL)
#: Those that bring variables of their own, or may end it early.
_CHANGING = {"timeout", "dotenv", "dotenvx", "doppler", "op", "infisical", "aws-vault"}
_RUNNERS = {"npm", "pnpm", "yarn", "bun"}
_PROGRAM = re.compile(r"(?:.*/)?checkly(?:@\S+)?|(?:.*/)?checkly/bin/run(?:\.js)?", re.DOTALL)
_HARMLESS = re.compile(r"-.*|[A-Za-z_]\w*=.*|\d+(?:\.\d+)?[smhd]?", re.DOTALL)
_COMPUTED = re.compile(rf"{MARK.pattern}\s+trigger\b")
#: Programs whose arguments are text for people.
_TALKERS = {"echo", "printf", "log", ":", "grep"}
_MAX_DEPTH = 3


def calls(
    script: Script, table: Placeholders, package: Mapping[str, str], depth: int = 0
) -> Iterator[Script]:
    """Yield the commands of the Checkly CLI in a script, also in ``bash -c '…'``.

    Their words begin with what they do: ``trigger``, ``test`` and so on. A command or script that
    only may run ``checkly trigger`` has ``unread`` set.

    Args:
        script: A text, or one command.
        table: Takes the placeholders.
        package: The scripts of a package.json, which ``npm run`` starts.
        depth: How many scripts it is nested in.
    """
    if script.unread:
        yield from [script] if MENTION.search(script.text) else []
    elif script.words:
        yield from _calls_of(script, table, package, depth)
    elif package or "checkly" in script.text or "trigger" in script.text:
        for command in commands(script, table):
            yield from _calls_of(command, table, package, depth)


def _calls_of(
    command: Script, table: Placeholders, package: Mapping[str, str], depth: int
) -> Iterator[Script]:
    words = command.words
    name = words[0].rpartition("/")[2] if words else ""
    text = _script(name, words)
    if name in _RUNNERS and package:
        text = _package_script(words, package)
    if MENTION.search(command.stdin):
        why = command.unread or f"`{name}` may run what it is given"
        yield command._replace(text=command.stdin, unread=why)
    elif text is not None and depth < _MAX_DEPTH:
        for call in calls(command._replace(text=text, words=()), table, package, depth + 1):
            yield call._replace(line=command.line)
    elif (at := _program(name, words)) is not None:
        given = words[at + 1 :]
        if given[:1] == ("--",) and name == "npm":  # which keeps it for itself
            given = given[1:]
        if given and not given[0].startswith("-"):
            yield _started(command, words[:at], given)
        elif "trigger" in given:
            yield command._replace(unread="something stands between `checkly` and `trigger`")
    elif reason := _doubt(name, words, package):
        yield command._replace(unread=reason)


def _doubt(name: str, words: tuple[str, ...], package: Mapping[str, str]) -> str:
    """Return why another program may start ``checkly trigger``, or nothing if it does not."""
    text = " ".join(words)
    if words and (name in _STARTERS or MARK.fullmatch(words[0])) and _COMPUTED.search(text):
        return "the program that it starts is computed"
    if name in _RUNNERS and any(MENTION.search(package.get(word, "")) for word in words):
        return f"`{name}` may start a script with other words"
    if name not in _TALKERS and any(map(MENTION.search, (text, *words))):
        shown = "…" if MARK.search(name) or not name.isprintable() else name
        return f"`{shown}` may run `checkly trigger`, or do something else with these words"
    return ""


def _started(command: Script, before: tuple[str, ...], words: tuple[str, ...]) -> Script:
    """Return the call of a program, with what the words in front of it do to it."""
    own = dict(command.own)
    notes = list(command.notes)
    for word in before:
        name, is_set, value = word.partition("=")
        if is_set and name.isidentifier():
            own[name] = value
        elif word in _CHANGING:
            notes.append(f"The script started it with `{word}`.")
    return command._replace(words=words, own=own, notes=tuple(notes))


def _script(name: str, words: tuple[str, ...]) -> str | None:
    """Return the script in the words of a shell, if it may be of interest."""
    texts = [" ".join(words[1:])] if name == "eval" else []
    if name in SHELLS:
        texts = [text for flag, text in pairwise(words) if re.fullmatch("-[a-z]*c[a-z]*", flag)]
    return next(filter(MENTION.search, texts), None)


def _package_script(words: tuple[str, ...], scripts: Mapping[str, str]) -> str | None:
    """Return the script of a package.json that ``npm run`` starts, with the words passed to it."""
    rest = [word for word in words[1:] if word not in {"run", "run-script", "--silent", "-s"}]
    if not rest or rest[0] not in scripts or (words[0] == "npm" and len(rest) == len(words) - 1):
        return None
    more = rest[1:]
    if words[0] == "npm":  # keeps the flags before `--` for itself
        at = more.index("--") if "--" in more else len(more)
        if any(map(_NPM_ELSEWHERE.fullmatch, more[:at])):
            return None
        more = [word for word in more[:at] if not word.startswith("-")] + more[at + 1 :]
    return f"{scripts[rest[0]]} {shlex.join(more[1:] if more[:1] == ['--'] else more)}"


def _program(name: str, words: tuple[str, ...]) -> int | None:
    """Return the index of the program's name, if what is before it certainly starts it."""
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
    """Return whether ``word`` may come between the starter and the program it starts."""
    if word.rpartition("/")[2] in _STARTERS or word in _STARTERS.get(starter, ()):
        return True
    if before in {"-p", "--package", "-y", "--yes"} and _PROGRAM.fullmatch(word):
        return before in {"-p", "--package"}
    is_value = before.startswith("-") and before not in {"--", "-y", "--yes"} and "=" not in before
    return bool(_HARMLESS.fullmatch(word)) or (is_value and not _PROGRAM.fullmatch(word))
