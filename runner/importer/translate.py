"""``checkly trigger`` command lines → profiles.

What a flag says is written in the file's own words; what has no counterpart is said in a note.
No value that could be a secret is repeated anywhere: it is read from the environment instead. A
target is written only if every word of the command was understood.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import count
from typing import NamedTuple

from runner.importer.dotenv_values import dotenv_values
from runner.importer.flags import TriggerFlags, trigger_flags
from runner.importer.placeholders import MARK, Kind, Placeholders, holds_token
from runner.importer.script import Script
from runner.importer.templates import Templates, has_commas
from runner.listing import listed
from runner.secrets import key_looks_secret

#: What the official CLI takes if nothing else is said.
DEFAULT_LOCATION = "eu-central-1"
MAX_RETRIES = 3

_TEMPLATED = ("test-session-name", "location", "private-location", "tags", "check-id", "env")
_NOT_IN_NAMES = re.compile(r"[^a-z0-9._]+")
_REPORTS = {"json": "json", "github": "markdown"}


class ImportedProfile(NamedTuple):
    """A profile made of one command.

    Attributes:
        name: Its name.
        values: Its keys, with what YAML writes under them.
        notes: What is lost or has to be done by hand, a sentence each.
        origin: Where the command was, for people; empty for a command line.
    """

    name: str
    values: dict[str, object]
    notes: tuple[str, ...]
    origin: str = ""


def imported_profiles(
    found: Iterable[tuple[Script, str]], table: Placeholders
) -> list[ImportedProfile]:
    """Return the profiles of several commands, each given with its origin for people."""
    commands = [(call, trigger_flags(call.words[1:], table), origin) for call, origin in found]
    for call, flags, _ in commands:  # finds out which names feed secrets
        _Translation(call, flags, table).run()
    profiles: dict[str, ImportedProfile] = {}
    written: list[tuple[object, ...]] = []
    for call, flags, origin in commands:
        values, notes = _Translation(call, flags, table).run()
        whole = (values, notes, "target" in values or origin)
        if whole in written:
            continue
        written.append(whole)
        titles = [flags.one("test-session-name"), *call.titles, "-".join(flags.values["tags"])]
        default = "all-checks" if values.get("target") == "all" else "some-checks"
        name = next(n for n in _names(titles, default, table) if n not in profiles)
        profiles[name] = ImportedProfile(name, values, notes, origin)
    return list(profiles.values())


def _names(titles: list[str | None], default: str, table: Placeholders) -> Iterator[str]:
    """Yield names for a profile, the best one first."""
    texts = [title for title in titles if title and not holds_token(title)]
    plain = ("".join(p for p in table.pieces(text) if isinstance(p, str)) for text in texts)
    slugs = [_NOT_IN_NAMES.sub("-", text.lower()).strip("-._")[:50].rstrip("-._") for text in plain]
    first = next(filter(None, slugs), default)
    yield first
    yield from (f"{first}-{slug}"[:60].rstrip("-._") for slug in slugs if slug not in {"", first})
    yield from (f"{first}-{number}" for number in count(2))


class _Translation:
    def __init__(self, call: Script, flags: TriggerFlags, table: Placeholders) -> None:
        self._call = call
        self._flags = flags
        self._table = table
        self._templates = Templates(table)
        self._note = self._templates.notes.append
        self._values: dict[str, object] = {}

    def run(self) -> tuple[dict[str, object], tuple[str, ...]]:
        """Return the keys of the profile and the notes on it."""
        flags, values = self._flags, self._values
        self._templates.use_axes([word for flag in _TEMPLATED for word in flags.values[flag]])
        if name := flags.one("test-session-name"):
            values["name"] = self._templates.text(name, "SESSION_NAME")
        elif name is not None:
            self._note("The empty --test-session-name was left out.")
        if self._templates.axes:
            values["matrix"] = self._templates.matrix()
        location = flags.one("location") or flags.one("private-location")
        values["runLocation"] = self._templates.text(location or DEFAULT_LOCATION, "LOCATION")
        if not location:
            default = f"{DEFAULT_LOCATION} is the Checkly CLI's default"
            self._note(f"No location was given: {default}, unless checkly.config sets another.")
        self._target(flags.values["tags"], flags.values["check-id"])
        self._environment()
        self._retries()
        self._settings()
        self._say_what_is_left()
        return values, tuple(dict.fromkeys(self._templates.notes))

    def _target(self, tags: list[str], ids: list[str]) -> None:
        """Write the target, unless it could be wider than what the command ran."""
        doubts = list(self._flags.unknown)
        if self._call.doubtful:
            doubts.append("shell syntax that can't be followed")
        groups = [self._group(word) for word in tags]
        id_texts = self._ids(ids)
        if None in groups or id_texts is None:
            doubts.append("a filter that is empty or computed by the script")
        if doubts:
            given = [f"--tags={self._templates.shown(word)}" for word in tags]
            given += [f"--check-id={self._templates.shown(word)}" for word in ids]
            said = f" The command had {' '.join(given)}." if given else ""
            why = f"because the command has {listed(doubts)}"
            self._note(f"Write the target. It was left out {why}.{said}")
        elif tags or ids:
            target: dict[str, object] = {"matchTags": groups} if groups else {}
            if id_texts:
                target["checkId"] = id_texts[0] if len(id_texts) == 1 else id_texts
            self._values["target"] = target
        else:
            self._values["target"] = "all"
            self._note("The command has no filter: this runs every check of the account.")

    def _group(self, word: str) -> object:
        """Return one ``--tags``: a list, or an expression that makes one; ``None`` if unknown."""
        inside = self._table.inside(word)
        if any(p.kind is Kind.SCRIPT for p in inside):
            return None
        if not all(p.name in self._templates.axes and not has_commas(p) for p in inside):
            return self._templates.split(word, "TAGS")
        parts = [self._templates.text(part, "TAGS") for part in word.split(",")]
        return parts if all(parts) else None

    def _ids(self, words: list[str]) -> list[str] | None:
        inside = [p for word in words for p in self._table.inside(word)]
        if any(p.kind is Kind.SCRIPT for p in inside):
            return None
        if len(words) == 1 and inside:
            return [self._templates.split(words[0], "CHECK_ID")]
        parts = [part.strip() for word in words for part in word.split(",")]
        parts = [re.sub(r"""\A(["'])(.*)\1\Z""", r"\2", part) for part in parts]
        texts = [self._templates.text(part, "CHECK_ID") for part in parts]
        return texts if all(texts) and not any("\\" in part for part in parts) else None

    def _environment(self) -> None:
        variables: dict[str, object] = {}
        for found in dotenv_values("\n".join(self._flags.values["env"])):  # as one file
            if found is None:
                self._note("An --env that is not KEY=VALUE was left out.")
                continue
            key, value, was_cut = found
            if was_cut:
                self._note(f"The CLI cut {key} at its `#`, and so did the import.")
            if value:
                variables[key] = self._variable(key, value)
            else:
                variables.pop(key, None)
                self._note(f"{key} was left out: it was empty, which the API refuses.")
        if variables:
            self._values["environmentVariables"] = variables

    def _variable(self, key: str, value: str) -> object:
        if not (key_looks_secret(key) or self._templates.looks_secret(value)):
            return self._templates.text(value, key)
        is_header = re.match(r"(?i)(bearer|basic)\s", value)
        if is_header or not self._templates.has_token(value):
            text = self._templates.text(value, key, secret=True)
            if "$<env." in text:
                return {"value": text, "secret": True}
        name = self._templates.not_copied(key)
        self._table.secrets.add(name)
        return {"value": f"$<env.{name}>", "secret": True}

    def _number(self, flag: str, default: str) -> int | str:
        """Return the value of a flag, or a template for it."""
        text = self._templates.text(self._flags.one(flag) or default, flag.upper())
        return int(text) if re.fullmatch(r"-?[0-9]{1,9}", text) else text

    def _retries(self) -> None:
        number = self._number("retries", "0")
        if isinstance(number, str):
            self._note("Where --retries was 0, write `retryStrategy: null`.")
        elif number < 0:
            self._note(f"--retries {number} was read as 0.")
        elif number > MAX_RETRIES:
            self._note(f"--retries {number} meant {MAX_RETRIES}, the CLI's maximum.")
        retries = number if isinstance(number, str) else min(max(number, 0), MAX_RETRIES)
        strategy = {"type": "FIXED", "baseBackoffSeconds": 0, "maxRetries": retries}
        self._values["retryStrategy"] = strategy if retries else None

    def _settings(self) -> None:
        if self._flags.switches.get("refresh-cache"):
            self._values["refreshCache"] = True
        if self._flags.one("timeout"):
            seconds = self._number("timeout", "")
            if isinstance(seconds, str) or seconds > 0:
                self._values["timeoutSeconds"] = seconds
            self._note(
                "--timeout limited the wait for each check and cancelled nothing; timeoutSeconds"
                " ends the whole session."
            )
        if self._flags.switches.get("fail-on-no-matching") is False:
            self._values["failOnNoMatching"] = False
        if self._call.tolerated:
            self._values["allowFailure"] = True

    def _say_what_is_left(self) -> None:
        flags, note, call, shown = self._flags, self._note, self._call, self._templates.shown
        if flags.switches.get("detach"):
            note("--detach goes on the command line: `runner apply NAME --detach`.")
        path = f"={shown(call.output)}" if call.output else ""
        reporters = [name for word in flags.values["reporter"] for name in word.split(",")]
        for reporter in reporters or ["list"] * bool(path):
            report = _REPORTS.get(reporter, "text") + path
            note(f"--reporter goes on the command line: `runner apply NAME --report {report}`.")
        if flags.one("env-file"):
            note(
                "--env-file goes on the command line: `runner apply NAME --env-file FILE`. Each"
                " variable in it has to be named under environmentVariables: `KEY: $<env.KEY>`."
            )
        if flags.switches.get("record") is False:
            note("--no-record has no counterpart: a test session is always recorded.")
        if "verbose" in flags.switches:
            note("--verbose has no counterpart: the links in a report lead to the full logs.")
        if word := flags.one("config"):
            note(f"--config {shown(word)} has no counterpart: copy what it sets under `cli`.")
        around = {k: v for k, v in call.given.items() if k.startswith("CHECKLY_")}
        for name, value in {**around, **call.own}.items():
            is_public = name == "CHECKLY_ACCOUNT_ID" or (value and not MARK.sub("", value))
            to = f" to {shown(value)}" if is_public else ""
            note(f"{name} was set{to}: set it in the environment of `runner`.")
        self._templates.notes += call.notes
