"""The command line of ``checkly trigger``, understood flag by flag.

The flags are those of the official CLI's releases 8 and 9 (``checkly trigger --help``). As there, a
flag that may be repeated takes all the words up to the next flag.
"""

import argparse
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from runner.importer.placeholders import MARK, Placeholders

_ONCE: dict[str, Any] = {"action": "append"}
_MANY: dict[str, Any] = {"action": "extend", "nargs": "+"}
_SWITCH: dict[str, Any] = {"action": argparse.BooleanOptionalAction}
_ON: dict[str, Any] = {"action": "store_true", "default": None}

#: Flag → its letter and how it is read. Flags of one group exclude each other.
FLAGS: dict[str, tuple[str, dict[str, Any], str]] = {
    "location": ("-l", _ONCE, "location"),
    "private-location": ("", _ONCE, "location"),
    "tags": ("-t", _MANY, ""),
    "check-id": ("", _MANY, ""),
    "config": ("-c", _ONCE, ""),
    "timeout": ("", _ONCE, ""),
    "verbose": ("-v", _SWITCH, ""),
    "fail-on-no-matching": ("", _SWITCH, ""),
    "reporter": ("-r", _MANY, ""),
    "env": ("-e", _MANY, "env"),
    "env-file": ("", _ONCE, "env"),
    "record": ("", _SWITCH, ""),
    "test-session-name": ("-n", _ONCE, ""),
    "retries": ("", _ONCE, ""),
    "refresh-cache": ("", _ON, ""),
    "detach": ("-d", _ON, ""),
}
_SWITCHES = re.compile(r"-[dv](?=.)")
_MAX_WORDS = 1000
_REPORTERS = {"list", "dot", "ci", "github", "json"}
_NUMBERS = ("timeout", "retries")
_NUMBER = re.compile(r"-?[0-9]{1,9}")


class TriggerFlags(NamedTuple):
    """What a ``checkly trigger`` was given.

    Attributes:
        values: Flag → its values, in order.
        switches: Flag → whether it was given as ``--flag`` or ``--no-flag``.
        unknown: What was not understood, in words that repeat no value.
    """

    values: defaultdict[str, list[str]]
    switches: dict[str, bool]
    unknown: tuple[str, ...] = ()

    def one(self, flag: str) -> str | None:
        """Return the value of a flag."""
        return self.values[flag][-1] if self.values[flag] else None


def trigger_flags(words: Sequence[str], table: Placeholders) -> TriggerFlags:
    """Understand the words behind ``checkly trigger``."""
    if len(words) > _MAX_WORDS:
        return TriggerFlags(defaultdict(list), {}, (f"more than {_MAX_WORDS} words",))
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    groups = {"": parser}
    for flag, (letter, how, group) in FLAGS.items():
        if group not in groups:
            groups[group] = parser.add_mutually_exclusive_group()  # type: ignore[assignment]
        groups[group].add_argument(*filter(None, [letter, f"--{flag}"]), **how)
    usable, unknown = _sifted(words, parser._option_string_actions, table)
    try:
        given, left = parser.parse_known_args(usable)
    except argparse.ArgumentError:
        unknown.append("flags that the Checkly CLI does not accept together or without a value")
        given, left = argparse.Namespace(), []
    unknown += [_shown(word, table) for word in left]
    flags = TriggerFlags(defaultdict(list), {})
    for flag in FLAGS:
        value = getattr(given, flag.replace("-", "_"), None)
        if isinstance(value, list):
            flags.values[flag] = value
            unknown += _problems(flag, value)
        elif value is not None:
            flags.switches[flag] = value
    return flags._replace(unknown=tuple(dict.fromkeys(unknown)))


def _problems(flag: str, values: list[str]) -> Iterator[str]:
    """Yield what the CLI would not take as the values of a flag."""
    plain = [value for value in values if not MARK.search(value)]
    if FLAGS[flag][1] is _ONCE and len(values) > 1:
        yield f"`--{flag}`, which is given {len(values)} times"
    elif flag in _NUMBERS and not all(map(_NUMBER.fullmatch, plain)):
        yield f"`--{flag}` without a number"
    names = {name.strip() for value in plain for name in value.split(",")}
    if flag == "reporter" and not names <= _REPORTERS:
        yield "a `--reporter` that the Checkly CLI does not have"


def _sifted(
    words: Sequence[str], known: dict[str, Any], table: Placeholders
) -> tuple[list[str], list[str]]:
    """Return the words that are certainly flags and values, and what else there was."""
    usable: list[str] = []
    unknown: list[str] = []
    before = ""
    waiting = list(reversed(words))
    while waiting:
        word = waiting.pop()
        if word == "--":
            unknown += ["a word after `--`"] * bool(waiting)
            break
        awaited = before in known and known[before].nargs != 0
        if not awaited and (switches := _SWITCHES.match(word)):  # `-dt=a` is `-d -t=a`
            waiting.append(f"-{word[switches.end() :]}")
            word = switches[0]
        if MARK.match(word) and not awaited:
            unknown.append(_shown(word, table))  # may be a flag, a value, or several
        elif " " in word and word.startswith("-") and not _is_flag(word, known):
            unknown.append("a word with spaces that begins with `-`")
        else:
            usable.append(word)
        before = word
    return usable, unknown


def _is_flag(word: str, known: dict[str, Any]) -> bool:
    name = word.partition("=")[0]
    return name in known or (not word.startswith("--") and word[:2] in known)


def _shown(word: str, table: Placeholders) -> str:
    """Return a word that was left over, without a value that may be secret."""
    if MARK.match(word):
        return f"`{table.original(word)}`"
    if word.startswith("-"):
        return f"`{table.original(word.partition('=')[0])}`"
    return "a word that belongs to no flag"
