"""The command line of ``checkly trigger``, understood flag by flag.

The flags are those of the official CLI's releases 8 and 9 (``checkly trigger --help``). As there a
flag that may be repeated takes all the words up to the next flag.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise

from runner.importer.shell_words import Command, Part, PartKind, Word, commands


class FlagKind(Enum):
    """What a flag takes."""

    ONE = "one value"
    MANY = "values"
    SWITCH = "nothing"


@dataclass(frozen=True, slots=True)
class _Flag:
    kind: FlagKind
    short: str | None = None
    negatable: bool = False


FLAGS = {
    "location": _Flag(FlagKind.ONE, "l"),
    "private-location": _Flag(FlagKind.ONE),
    "tags": _Flag(FlagKind.MANY, "t"),
    "check-id": _Flag(FlagKind.MANY),
    "config": _Flag(FlagKind.ONE, "c"),
    "timeout": _Flag(FlagKind.ONE),
    "verbose": _Flag(FlagKind.SWITCH, "v", negatable=True),
    "fail-on-no-matching": _Flag(FlagKind.SWITCH, negatable=True),
    "reporter": _Flag(FlagKind.MANY, "r"),
    "env": _Flag(FlagKind.MANY, "e"),
    "env-file": _Flag(FlagKind.ONE),
    "record": _Flag(FlagKind.SWITCH, negatable=True),
    "test-session-name": _Flag(FlagKind.ONE, "n"),
    "retries": _Flag(FlagKind.ONE),
    "refresh-cache": _Flag(FlagKind.SWITCH),
    "detach": _Flag(FlagKind.SWITCH, "d"),
}
_SHORT = {flag.short: name for name, flag in FLAGS.items() if flag.short}

_PROGRAM = re.compile(r"(?:.*/)?checkly(?:@\S+)?")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=")
_INSIDE = re.compile(r"checkly(?:@[^\s@]+)?\s+trigger\b")
_MAX_DEPTH = 3


@dataclass(slots=True)
class TriggerCommand:
    """One ``checkly trigger``.

    Attributes:
        offset: Where its command begins in the text it was read from.
        values: Flag → the values it was given, in order.
        switches: Flag → whether it was given as ``--flag`` or ``--no-flag``.
        assignments: Names of the variables set in front of the command.
        unknown: Flags and words that ``checkly trigger`` does not have.
        tolerated: Whether ``|| true`` stands after it.
    """

    offset: int
    values: dict[str, list[Word]] = field(default_factory=dict)
    switches: dict[str, bool] = field(default_factory=dict)
    assignments: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    tolerated: bool = False

    def one(self, flag: str) -> Word | None:
        """The last value of a flag."""
        return self.values[flag][-1] if self.values.get(flag) else None

    def many(self, flag: str, *, by_comma: bool = False) -> list[Word]:
        """All values of a flag, those with commas split where ``by_comma``."""
        words = self.values.get(flag, [])
        return [part for word in words for part in word.split(",")] if by_comma else words


def trigger_commands(text: str, depth: int = 0) -> Iterator[TriggerCommand]:
    """Every ``checkly trigger`` in a shell text, also inside quotes (``sh -c '…'``)."""
    found = list(commands(text))
    for index, command in enumerate(found):
        at = _trigger_index(command)
        if at is not None:
            trigger = _understood(command, at)
            trigger.tolerated = command.operator == "||" and _does_nothing(found[index + 1 :])
            yield trigger
        elif depth < _MAX_DEPTH:
            for word in command.words:
                if word.source[:1] in {"'", '"'} and _INSIDE.search(word.source):
                    inner = word.source.strip("'\"")
                    for trigger in trigger_commands(inner, depth + 1):
                        trigger.offset = command.offset
                        yield trigger


def _trigger_index(command: Command) -> int | None:
    """The place of the word ``trigger`` after the program's name."""
    words = [word.literal for word in command.words]
    for index, (program, topic) in enumerate(pairwise(words)):
        if topic == "trigger" and _PROGRAM.fullmatch(program):
            return index + 1
    return None


def _does_nothing(following: Sequence[Command]) -> bool:
    return bool(following) and [word.literal for word in following[0].words] in (["true"], [":"])


def _understood(command: Command, at: int) -> TriggerCommand:
    trigger = TriggerCommand(command.offset)
    for word in command.words[:at]:
        if assignment := _ASSIGNMENT.match(word.literal):
            trigger.assignments.append(assignment[1])
    waiting: str | None = None  # the flag whose value comes next
    greedy: str | None = None  # the flag that takes further words
    only_words = False
    for word in command.words[at + 1 :]:
        text = word.literal
        if waiting is not None:
            trigger.values.setdefault(waiting, []).append(word)
            waiting = None
        elif text == "--" and not only_words:
            only_words, greedy = True, None
        elif _is_flag(word) and not only_words:
            waiting, greedy = _take_flag(trigger, word)
        elif greedy is not None:
            trigger.values.setdefault(greedy, []).append(word)
        else:
            # Not quoted: behind a flag that is not known here it may be anything, a secret too.
            trigger.unknown.append("a word that belongs to no flag")
    if waiting is not None:
        trigger.unknown.append(f"`--{waiting}` without a value")
    return trigger


def _is_flag(word: Word) -> bool:
    first = word.parts[0] if word.parts else Part(PartKind.TEXT, "")
    return first.kind is PartKind.TEXT and first.text.startswith("-") and first.text != "-"


def _take_flag(trigger: TriggerCommand, word: Word) -> tuple[str | None, str | None]:
    """Take in a flag; returns the flag that waits for its value, and the one that takes more."""
    head = word.parts[0].text
    if not head.startswith("--"):
        return _take_short(trigger, word, 1)
    name, equals, _ = head[2:].partition("=")
    negated = name.startswith("no-") and name[3:] in FLAGS and FLAGS[name[3:]].negatable
    name = name[3:] if negated else name
    flag = FLAGS.get(name)
    if flag is None or (equals and flag.kind is FlagKind.SWITCH):
        trigger.unknown.append(f"`--{name}`")
        return None, None
    if flag.kind is FlagKind.SWITCH:
        trigger.switches[name] = not negated
        return None, None
    greedy = name if flag.kind is FlagKind.MANY else None
    if not equals:
        return name, greedy
    trigger.values.setdefault(name, []).append(word.after(len(f"--{name}=")))
    return None, greedy


def _take_short(trigger: TriggerCommand, word: Word, at: int) -> tuple[str | None, str | None]:
    """Take in short flags from the ``at``-th character: ``-d``, ``-dv``, ``-leu-west-1``."""
    head = word.parts[0].text
    name = _SHORT.get(head[at])
    if name is None:
        trigger.unknown.append(f"`-{head[at]}`")
        return None, None
    rest = word.after(at + 1)
    if FLAGS[name].kind is FlagKind.SWITCH:
        trigger.switches[name] = True
        return _take_short(trigger, word, at + 1) if head[at + 1 :] else (None, None)
    greedy = name if FLAGS[name].kind is FlagKind.MANY else None
    if not rest.parts:
        return name, greedy
    if rest.literal.startswith("="):
        rest = rest.after(1)
    trigger.values.setdefault(name, []).append(rest)
    return None, greedy
