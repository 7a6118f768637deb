"""``checkly trigger`` command lines → profiles.

What a flag says is written in the file's own words; what has no counterpart is said in a note.
No value that could be a secret is repeated anywhere: it is read from the environment instead.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count

from runner.config.templates.expressions.names import is_forbidden
from runner.importer.flags import TriggerCommand
from runner.importer.shell_words import Part, PartKind, Word
from runner.secrets import key_looks_secret

#: What the official CLI takes where nothing else is said.
DEFAULT_LOCATION = "eu-central-1"
MAX_RETRIES = 3

#: Variables of CI systems, and GitHub's expressions, that have a name of their own in templates.
_KNOWN_VARIABLES = {
    "GITHUB_SHA": "git.sha",
    "GITHUB_REF_NAME": "git.branch",
    "GITHUB_HEAD_REF": "git.branch",
    "GITHUB_ACTOR": "ci.actor",
    "GITHUB_RUN_ID": "ci.runId",
    "CI_COMMIT_SHA": "git.sha",
    "CI_COMMIT_SHORT_SHA": "git.shortSha",
    "CI_COMMIT_REF_NAME": "git.branch",
    "CI_COMMIT_BRANCH": "git.branch",
    "CI_COMMIT_TAG": "git.tag",
    "CIRCLE_SHA1": "git.sha",
    "CIRCLE_BRANCH": "git.branch",
    "BUILDKITE_COMMIT": "git.sha",
    "BUILDKITE_BRANCH": "git.branch",
    "BITBUCKET_COMMIT": "git.sha",
    "BITBUCKET_BRANCH": "git.branch",
}
_KNOWN_GITHUB = {
    "github.sha": "git.sha",
    "github.ref_name": "git.branch",
    "github.head_ref": "git.branch",
    "github.actor": "ci.actor",
    "github.run_id": "ci.runId",
    "github.event.pull_request.number": "ci.pullRequest",
}
_GITHUB_NAME = re.compile(r"(secrets|env|vars)\.(\w+)")
#: Tokens of well-known makes, authorization headers, and addresses with a password in them.
_SECRET_VALUE = re.compile(
    r"\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|sk-|sk_live_|rk_live_|cu_|AKIA|eyJ)[\w-]{8}"
    r"|^(?:Bearer|Basic)\s|://[^/\s:@]*:[^/\s@]+@",
    re.IGNORECASE,
)
_REFERENCE = re.compile(r"[\w.-]+")
_ENV_VARIABLE = re.compile(r"(?:export\s+)?([\w.-]+)\s*=")
_NOT_IN_NAMES = re.compile(r"[^a-z0-9._]+")


@dataclass(frozen=True, slots=True)
class ImportedProfile:
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
    triggers: Iterable[tuple[TriggerCommand, str, str]],
) -> list[ImportedProfile]:
    """The profiles of several commands, with names of their own.

    Args:
        triggers: Each command, where it stood, and what the file it stood in calls it.
    """
    profiles: list[ImportedProfile] = []
    names: set[str] = set()
    for trigger, origin, title in triggers:
        values, notes = _Translation(trigger).run()
        if any(values == profile.values for profile in profiles):
            continue
        name = _free_name(_name(title, trigger), names)
        names.add(name)
        profiles.append(ImportedProfile(name, values, notes, origin))
    return profiles


def _name(title: str, trigger: TriggerCommand) -> str:
    session = trigger.one("test-session-name")
    tags = "-".join(tag.literal for tag in trigger.many("tags", by_comma=True))
    for candidate in (session.literal if session else "", title, tags):
        name = _NOT_IN_NAMES.sub("-", candidate.lower()).strip("-._")[:50].rstrip("-._")
        if name:
            return name
    return "some-checks" if trigger.values.get("check-id") else "all-checks"


def _free_name(name: str, taken: set[str]) -> str:
    if name not in taken:
        return name
    return next(f"{name}-{n}" for n in count(2) if f"{name}-{n}" not in taken)


@dataclass(slots=True)
class _Translation:
    """The work on one command."""

    trigger: TriggerCommand
    values: dict[str, object] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def run(self) -> tuple[dict[str, object], tuple[str, ...]]:
        """The keys of the profile and the notes on it."""
        if name := self.trigger.one("test-session-name"):
            self.values["name"] = self._template(name, "SESSION_NAME")
        self._location()
        self._target()
        self._environment()
        self._retries()
        self._rest()
        self._notes()
        return self.values, tuple(dict.fromkeys(self.notes))

    def _location(self) -> None:
        for flag in ("location", "private-location"):
            if word := self.trigger.one(flag):
                self.values["runLocation"] = self._template(word, "LOCATION")
                return
        self.values["runLocation"] = DEFAULT_LOCATION
        self.notes.append(
            f"No location was given: {DEFAULT_LOCATION} is the Checkly CLI's default, unless"
            " checkly.config sets another."
        )

    def _target(self) -> None:
        target: dict[str, object] = {}
        groups = [self._list(word.split(","), "TAGS") for word in self.trigger.many("tags")]
        if any(groups):
            target["matchTags"] = [group for group in groups if group]
        if ids := self._list(self.trigger.many("check-id", by_comma=True), "CHECK_ID"):
            target["checkId"] = ids[0] if len(ids) == 1 else ids
        self.values["target"] = target or "all"

    def _list(self, words: list[Word], fallback: str) -> list[str]:
        texts = (self._template(word, fallback).strip() for word in words)
        return [text for text in texts if text]

    def _environment(self) -> None:
        variables: dict[str, object] = {}
        for word in self.trigger.many("env"):
            found = _ENV_VARIABLE.match(word.literal) if word.parts else None
            if found is None or word.parts[0].kind is not PartKind.TEXT:
                self.notes.append("An --env that is not KEY=VALUE was left out.")
                continue
            value = _unquoted(word.after(found.end()))
            variables[found[1]] = self._variable(found[1], value)
        if variables:
            self.values["environmentVariables"] = variables

    def _variable(self, key: str, value: Word) -> object:
        secret = key_looks_secret(key) or any(map(_looks_secret, value.parts))
        if not secret:
            return self._template(value, key)
        if all(part.kind is PartKind.TEXT for part in value.parts):
            self.notes.append(
                f"The value of {key} was not copied, as it looks like a secret: set {key} in the"
                " environment."
            )
            return {"value": f"$<env.{_safe_name(key)}>", "secret": True}
        # A default would be a secret in the file.
        parts = [Part(part.kind, part.text) for part in value.parts]
        return {"value": self._template(Word(parts), key), "secret": True}

    def _retries(self) -> None:
        word = self.trigger.one("retries")
        if word is None:
            return
        text = self._template(word, "RETRIES")
        if text == "0":
            self.values["retryStrategy"] = None
            return
        retries: object = text
        if re.fullmatch(r"[0-9]{1,9}", text):
            retries = min(int(text), MAX_RETRIES)
            if int(text) > MAX_RETRIES:
                self.notes.append(f"--retries {text} meant {MAX_RETRIES}, the CLI's maximum.")
        self.values["retryStrategy"] = {
            "type": "FIXED",
            "baseBackoffSeconds": 0,
            "maxRetries": retries,
        }

    def _rest(self) -> None:
        switches = self.trigger.switches
        if switches.get("refresh-cache"):
            self.values["refreshCache"] = True
        if word := self.trigger.one("timeout"):
            text = self._template(word, "TIMEOUT")
            self.values["timeoutSeconds"] = int(text) if re.fullmatch("[0-9]{1,9}", text) else text
        if switches.get("fail-on-no-matching") is False:
            self.values["failOnNoMatching"] = False
        if self.trigger.tolerated:
            self.values["allowFailure"] = True

    def _notes(self) -> None:
        """Say what is not in the profile."""
        switches, note = self.trigger.switches, self.notes.append
        if switches.get("detach"):
            note("--detach goes on the command line: `runner apply NAME --detach`.")
        for word in self.trigger.many("reporter", by_comma=True):
            form = {"json": "json", "github": "markdown"}.get(word.literal, "text")
            note(f"--reporter goes on the command line: `runner apply NAME --report {form}`.")
        if self.trigger.one("env-file"):
            note(
                "--env-file goes on the command line: `runner apply NAME --env-file FILE`. Each"
                " variable in it has to be named under environmentVariables: `KEY: $<env.KEY>`."
            )
        if switches.get("record") is False:
            note("--no-record has no counterpart: a test session is always recorded.")
        if "verbose" in switches:
            note("--verbose has no counterpart: the full logs are behind the links of a report.")
        if self.trigger.one("config"):
            note("--config has no counterpart: copy what checkly.config sets under `cli`.")
        for name in self.trigger.assignments:
            note(f"{name} was set in front of the command: set it in the environment of `runner`.")
        for text in self.trigger.unknown:
            note(f"Not understood and left out: {text}.")

    def _template(self, word: Word, fallback: str) -> str:
        """The text of a word, with ``$<…>`` for what a shell or CI system would put there.

        Args:
            word: A value.
            fallback: Name of the environment variable to read where there is no other way.
        """
        return "".join(self._part(part, fallback) for part in word.parts)

    def _part(self, part: Part, fallback: str) -> str:
        if part.kind is PartKind.TEXT:
            return part.text.replace("$<", "$$<")
        if part.kind is PartKind.VARIABLE:
            return self._variable_part(part, fallback)
        if part.kind is PartKind.COMMAND:
            name = _safe_name(fallback)
            self.notes.append(
                f"Set {name} in the environment to the output of the command that stood there."
            )
            return f"$<env.{name}>"
        return self._github_part(part.text, fallback)

    def _variable_part(self, part: Part, fallback: str) -> str:
        if known := _KNOWN_VARIABLES.get(part.text):
            return f"$<{known}>"
        name = part.text if _is_readable(part.text) else _safe_name(fallback)
        if name != part.text:
            self.notes.append(f"Set {name} in the environment to what ${part.text} holds.")
        if part.default is None:
            return f"$<env.{name}>"
        return f"$<env.{name} or '{part.default}'>"

    def _github_part(self, expression: str, fallback: str) -> str:
        if known := _KNOWN_GITHUB.get(expression):
            return f"$<{known}>"
        found = _GITHUB_NAME.fullmatch(expression)
        name = found[2] if found and _is_readable(found[2]) else _safe_name(fallback)
        if not found or found[1] != "env" or name != found[2]:
            # An expression may hold more than a reference, such as a default that is a secret.
            shown = expression if _REFERENCE.fullmatch(expression) else "…"
            self.notes.append(
                f"Give the step that runs `runner` an env: with {name}: ${{{{ {shown} }}}}."
            )
        return f"$<env.{name}>"


def _looks_secret(part: Part) -> bool:
    if part.kind is PartKind.GITHUB:
        return part.text.startswith("secrets.")
    if part.kind is PartKind.VARIABLE:
        return key_looks_secret(part.text)
    return part.kind is PartKind.TEXT and bool(_SECRET_VALUE.search(part.text))


def _is_readable(name: str) -> bool:
    return bool(re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII)) and not is_forbidden(name)


def _safe_name(name: str) -> str:
    """A name that ``env.`` reads, made of ``name``."""
    name = re.sub(r"\W", "_", name, flags=re.ASCII)
    return name if _is_readable(name) else f"SESSION_{name}"


def _unquoted(word: Word) -> Word:
    """The value without quotes around it: the CLI reads ``KEY="value"`` as a line of dotenv."""
    text = word.literal
    if len(word.parts) == 1 and len(text) > 1 and text[0] == text[-1] and text[0] in "'\"`":
        return Word([Part(PartKind.TEXT, text[1:-1])])
    return word
