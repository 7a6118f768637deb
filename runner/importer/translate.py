"""``checkly trigger`` command lines → profiles.

What a flag says is written in the file's own words; what has no counterpart is said in a note.
No value that could be a secret is repeated anywhere: it is read from the environment instead. A
target is written only where every word of the command was understood.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple

from runner.importer.dotenv_values import dotenv_values
from runner.importer.flags import TriggerFlags, trigger_flags
from runner.importer.placeholders import Kind, Placeholders, holds_token
from runner.importer.script import Script
from runner.importer.templates import EnvNames, Templates, has_commas
from runner.secrets import key_looks_secret

#: What the official CLI takes where nothing else is said.
DEFAULT_LOCATION = "eu-central-1"
MAX_RETRIES = 3

_TEMPLATED = ("test-session-name", "location", "private-location", "tags", "check-id", "env")
_NOT_IN_NAMES = re.compile(r"[^a-z0-9._]+")
_NUMBER = re.compile(r"-?[0-9]{1,9}")
_REPORTS = {"json": "json", "github": "markdown"}


class ImportedProfile(NamedTuple):
    """A profile made of one command.

    Attributes:
        name: Its name.
        values: Its keys, with what YAML writes under them.
        notes: What is lost or has to be done by hand, a sentence each.
        origin: Where the command stood, for people; empty for a command line.
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
    names = EnvNames({p.name for p in table.entries if p.kind is Kind.VARIABLE})
    for call, flags, _ in commands:  # finds out which names feed secrets
        _Translation(call, flags, Templates(table, names)).run()
    profiles: dict[str, ImportedProfile] = {}
    for call, flags, origin in commands:
        values, notes = _Translation(call, flags, Templates(table, names)).run()
        if any((values, notes) == (profile.values, profile.notes) for profile in profiles.values()):
            continue
        wanted = _names(flags, call.titles, table, is_all=values.get("target") == "all")
        name = next(name for name in wanted if name not in profiles)
        profiles[name] = ImportedProfile(name, values, notes, origin)
    return list(profiles.values())


def _names(
    flags: TriggerFlags, titles: tuple[str, ...], table: Placeholders, *, is_all: bool
) -> Iterator[str]:
    """Yield names for a profile, the best one first."""
    words = [flags.one("test-session-name"), *titles, "-".join(flags.values.get("tags", []))]
    texts = [word for word in words if word and not holds_token(word)]
    plain = ("".join(p for p in table.pieces(text) if isinstance(p, str)) for text in texts)
    slugs = [_NOT_IN_NAMES.sub("-", text.lower()).strip("-._")[:50].rstrip("-._") for text in plain]
    first = next(filter(None, slugs), "all-checks" if is_all else "some-checks")
    yield first
    yield from (f"{first}-{slug}"[:60].rstrip("-._") for slug in slugs if slug not in {"", first})
    yield from (f"{first}-{number}" for number in count(2))


@dataclass(slots=True)
class _Translation:
    call: Script
    flags: TriggerFlags
    templates: Templates
    values: dict[str, object] = field(default_factory=dict)

    def run(self) -> tuple[dict[str, object], tuple[str, ...]]:
        """The keys of the profile and the notes on it."""
        given = self.flags.values
        self.templates.use_axes([word for flag in _TEMPLATED for word in given.get(flag, [])])
        if name := self.flags.one("test-session-name"):
            self.values["name"] = self.templates.text(name, "SESSION_NAME")
        elif name is not None:
            self._note("The empty --test-session-name was left out.")
        if self.templates.axes:
            self.values["matrix"] = self.templates.matrix()
        self._location()
        self._target(given.get("tags", []), given.get("check-id", []))
        self._environment()
        self._retries()
        self._rest()
        self._say_what_is_left()
        return self.values, tuple(dict.fromkeys(self.templates.notes))

    def _note(self, text: str) -> None:
        self.templates.notes.append(text)

    def _location(self) -> None:
        word = self.flags.one("location") or self.flags.one("private-location")
        self.values["runLocation"] = self.templates.text(word or DEFAULT_LOCATION, "LOCATION")
        if not word:
            self._note(
                f"No location was given: {DEFAULT_LOCATION} is the Checkly CLI's default, unless"
                " checkly.config sets another."
            )

    def _target(self, tags: list[str], ids: list[str]) -> None:
        """Write the target, unless it could be wider than what the command ran."""
        doubts = list(self.flags.unknown)
        if self.call.doubtful:
            doubts.append("invalid shell syntax")
        groups = [self._group(word) for word in tags]
        id_texts = self._ids(ids)
        if None in groups or id_texts is None:
            doubts.append("a filter that is empty or computed by the script")
        if doubts:
            stood = [f"--tags={self.templates.shown(word)}" for word in tags]
            stood += [f"--check-id={self.templates.shown(word)}" for word in ids]
            said = f" The command had {' '.join(stood)}." if stood else ""
            self._note(
                f"Write the target: it was left out, as the command has {', '.join(doubts)}.{said}"
            )
        elif tags or ids:
            target: dict[str, object] = {"matchTags": groups} if groups else {}
            if id_texts:
                target["checkId"] = id_texts[0] if len(id_texts) == 1 else id_texts
            self.values["target"] = target
        else:
            self.values["target"] = "all"
            self._note("The command has no filter: this runs every check of the account.")

    def _group(self, word: str) -> object:
        """One ``--tags``: a list, or an expression that makes one; ``None`` if it is unknown."""
        inside = self.templates.table.inside(word)
        if any(p.kind is Kind.SCRIPT for p in inside):
            return None
        if not all(p.name in self.templates.axes and not has_commas(p) for p in inside):
            return self.templates.split(word, "TAGS")
        parts = [self.templates.text(part, "TAGS") for part in word.split(",")]
        return parts if all(parts) else None

    def _ids(self, words: list[str]) -> list[str] | None:
        inside = [p for word in words for p in self.templates.table.inside(word)]
        if any(p.kind is Kind.SCRIPT for p in inside):
            return None
        if len(words) == 1 and inside:
            return [self.templates.split(words[0], "CHECK_ID")]
        parts = [part.strip().strip("\"'") for word in words for part in word.split(",")]
        texts = [self.templates.text(part, "CHECK_ID") for part in parts]
        return texts if all(texts) else None

    def _environment(self) -> None:
        variables: dict[str, object] = {}
        for word in self.flags.values.get("env", []):
            for found in dotenv_values(word):
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
            self.values["environmentVariables"] = variables

    def _variable(self, key: str, value: str) -> object:
        if not (key_looks_secret(key) or self.templates.looks_secret(value)):
            return self.templates.text(value, key)
        is_header = re.match(r"(?i)(bearer|basic)\s", value)
        if is_header or not self.templates.has_token(value):
            text = self.templates.text(value, key, secret=True)
            if "$<env." in text:
                return {"value": text, "secret": True}
        name = self.templates.not_copied(key)
        self.templates.names.secrets.add(name)
        return {"value": f"$<env.{name}>", "secret": True}

    def _retries(self) -> None:
        text = self.templates.text(self.flags.one("retries") or "0", "RETRIES")
        number = int(text) if _NUMBER.fullmatch(text) else None
        if number is None:
            self._note("Where --retries was 0, write `retryStrategy: null`.")
        elif number < 0:
            self._note(f"--retries {number} was read as 0.")
        elif number > MAX_RETRIES:
            self._note(f"--retries {number} meant {MAX_RETRIES}, the CLI's maximum.")
        retries = text if number is None else min(number, MAX_RETRIES)
        strategy = {"type": "FIXED", "baseBackoffSeconds": 0, "maxRetries": retries}
        self.values["retryStrategy"] = None if number is not None and number <= 0 else strategy

    def _rest(self) -> None:
        if self.flags.switches.get("refresh-cache"):
            self.values["refreshCache"] = True
        if word := self.flags.one("timeout"):
            text = self.templates.text(word, "TIMEOUT")
            number = int(text) if _NUMBER.fullmatch(text) else None
            if number is None or number > 0:
                self.values["timeoutSeconds"] = number or text
            self._note(
                "--timeout limited the wait for each check and cancelled nothing; timeoutSeconds"
                " ends the whole session."
            )
        if self.flags.switches.get("fail-on-no-matching") is False:
            self.values["failOnNoMatching"] = False
        if self.call.tolerated:
            self.values["allowFailure"] = True

    def _say_what_is_left(self) -> None:
        flags, note, call = self.flags, self._note, self.call
        if flags.switches.get("detach"):
            note("--detach goes on the command line: `runner apply NAME --detach`.")
        path = f"={self.templates.shown(call.output)}" if call.output else ""
        reporters = [name for word in flags.values.get("reporter", []) for name in word.split(",")]
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
            note("--verbose has no counterpart: the full logs are behind the links of a report.")
        if word := flags.one("config"):
            shown = self.templates.shown(word)
            note(f"--config {shown} has no counterpart: copy what it sets under `cli`.")
        around = {k: v for k, v in call.given.items() if k.startswith("CHECKLY_")}
        for name, value in {**around, **call.own}.items():
            pieces = list(self.templates.table.pieces(value))
            public = pieces and not any(isinstance(piece, str) for piece in pieces)
            public = public or name == "CHECKLY_ACCOUNT_ID"
            shown = f" to {self.templates.shown(value)}" if public else ""
            note(f"{name} was set{shown}: set it in the environment of `runner`.")
        self.templates.notes += call.notes
