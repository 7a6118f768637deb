"""Find ``checkly trigger`` commands in a command line, a script, a CI system's file or a page."""

import re
from collections.abc import Callable
from pathlib import PurePath
from typing import NamedTuple

from runner.errors import UsageError
from runner.importer.ci_files import ci_scripts
from runner.importer.other_files import (
    docker_scripts,
    make_scripts,
    markdown_scripts,
    package_scripts,
)
from runner.importer.placeholders import MARK, Placeholders, without_marks
from runner.importer.program import calls
from runner.importer.script import MENTION, SHELL, Script
from runner.importer.translate import ImportedProfile, imported_profiles

STANDARD_INPUT = "standard input"
EXAMPLE = 'For example: runner import "npx checkly trigger --tags production,smoke".'
_MAX_COMMANDS = 500
_MAX_SHOWN = 3
#: What other commands of the CLI do, to say why they can't be a profile.
_TOPICS = {
    "test": "which runs the project's own checks; a profile can only start deployed ones",
    "pw-test": "which runs the project's own tests; a profile can only start deployed checks",
    "deploy": "which deploys checks and starts none",
}

_Reader = Callable[[str, Placeholders], list[Script] | None]


class Imported(NamedTuple):
    """A profile for each command, and notes on what was not imported, a sentence each."""

    profiles: list[ImportedProfile]
    notes: list[str]


def import_command(text: str) -> Imported:
    """Return the profiles that a command line stands for.

    Raises:
        UsageError: There is no ``checkly trigger`` in it.
    """
    table = Placeholders()
    return _imported([Script(table.mark_expressions(text))], table, "", text)


def import_file(name: str, text: str) -> Imported:
    """Return a profile for each ``checkly trigger`` in a file, whose name tells its kind.

    Raises:
        UsageError: There is no ``checkly trigger`` in it, or it can't be read for commands.
    """
    table = Placeholders()
    text = without_marks(text)
    scripts = _scripts(name, text, table)
    if scripts is None:
        is_yaml = PurePath(name.lower()).suffix in {".yml", ".yaml"}
        what = "valid YAML of a known CI system" if is_yaml else "a file type that import can read"
        hint = f"Give the command line itself. {EXAMPLE}"
        raise UsageError(f"{name} is not {what}.", hint=hint)
    return _imported(scripts, table, name, text)


def _scripts(name: str, text: str, table: Placeholders) -> list[Script] | None:
    """Return the scripts in a file; ``None`` if its kind is not known."""
    path = PurePath(name.lower())
    read = _READERS.get(path.suffix) or _READERS.get(path.stem)
    if read is None and text.startswith("#!") and SHELL.search(text.partition("\n")[0]):
        read = _shell
    if read:
        return read(text, table)
    if name != STANDARD_INPUT:
        return None
    found = package_scripts(text, table) or ci_scripts(text, table)
    return found or (markdown_scripts if "```" in text else _shell)(text, table)


def _shell(text: str, table: Placeholders) -> list[Script]:
    return [Script(table.mark_expressions(text))]


_KINDS: tuple[tuple[_Reader, str], ...] = (
    (ci_scripts, ".yml .yaml"),
    (package_scripts, ".json"),
    (markdown_scripts, ".md .mdx .markdown"),
    (make_scripts, ".mk makefile gnumakefile"),
    (docker_scripts, ".dockerfile dockerfile containerfile"),
    (_shell, ".sh .bash .zsh .ksh"),
)
_READERS = {ending: reader for reader, endings in _KINDS for ending in endings.split()}


def _imported(scripts: list[Script], table: Placeholders, name: str, text: str) -> Imported:
    """Return what the scripts of a file give, or of a command line, which has no name."""
    found: list[tuple[Script, str]] = []
    notes: dict[str, None] = {}
    is_package = name.lower().endswith(".json")
    package = {s.titles[0]: s.text for s in scripts if is_package and s.titles}
    for script in scripts:
        for call in calls(script, table, package):
            if not call.unread and call.words[0] == "trigger":
                found.append((call, f"line {call.line} of {name}" if name else ""))
            else:
                where = f"Line {call.line} of {name}" if name else "The command line"
                notes[f"{where} {_why_not(call)}."] = None
        if len(found) > _MAX_COMMANDS:
            what = name or "The command line"
            raise UsageError(f"{what} has more than {_MAX_COMMANDS} commands.")
    if not found:
        raise _nothing(list(notes), name, text)
    return Imported(imported_profiles(found, table), list(notes))


def _why_not(call: Script) -> str:
    """Return why a command is not imported, as the end of a sentence."""
    if call.unread:
        return f"was not imported: {call.unread}"
    topic = call.words[0]
    if MARK.search(topic):
        return "has `checkly` with a command that is computed"
    shown = topic if re.fullmatch("[a-z-]+", topic) else "…"
    return f"has `checkly {shown}`, {_TOPICS.get(topic, 'which starts no checks')}"


def _nothing(notes: list[str], name: str, text: str) -> UsageError:
    if not notes and (mention := MENTION.search(text)) and name:
        line = text.count("\n", 0, mention.start()) + 1
        notes = [f"Line {line} mentions it, but not where this type of file has commands."]
    shown = notes[:_MAX_SHOWN]
    if len(notes) > len(shown):
        shown.append(f"And {len(notes) - len(shown)} more.")
    message = f"There is no `checkly trigger` command in {name or 'the command line'}."
    return UsageError(" ".join([message, *shown]), hint=f"Give the command line itself. {EXAMPLE}")
