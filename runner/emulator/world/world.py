"""A world: the account, checks and locations that the emulator serves, as an immutable value."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from runner.emulator.files.formats import FORMATS
from runner.emulator.files.resources import default_world_path, schema_path
from runner.emulator.files.yamlfile import Document, Path_, YamlFileError, load_document
from runner.emulator.world.faults import Fault, FaultSyntaxError, parse_fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_NAMESPACE = uuid.UUID("6d0ad0b6-55a5-4c07-9f2f-5b8a3b0c6d11")

ACCOUNT_ID = "4f1c7a52-9d3e-4b60-8a27-1e5b9c0d7f34"
API_KEY = "cu_emulator_0123456789abcdef"


class WorldError(Exception):
    """A world file with a mistake.

    Attributes:
        file: The file as it was named.
        line: Line of the mistake, from 1; 0 when it is the file as such.
        reason: What is wrong.
    """

    def __init__(self, file: str, line: int, reason: str) -> None:
        super().__init__(f"{file}:{line}: {reason}" if line else f"{file}: {reason}")
        self.file = file
        self.line = line
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a check's runs end and how long each attempt takes (seconds)."""

    outcomes: tuple[str, ...] = ("passed",)
    duration: float = 1.0

    def outcome(self, nth: int) -> str:
        """Return the outcome of the nth session, from 0; the last one stays."""
        return self.outcomes[min(nth, len(self.outcomes) - 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A check of the account."""

    id: str
    name: str
    type: str
    description: str | None = None
    tags: tuple[str, ...] = ()
    group: str | None = None
    group_id: int | None = None
    group_tags: tuple[str, ...] = ()
    activated: bool = True
    muted: bool = False
    ending: Ending = field(default_factory=Ending)
    by_location: Mapping[str, Ending] = field(default_factory=dict)
    failures: int = 1
    response_time: float | None = None
    error: str | None = None
    network_error: bool = False
    url: str | None = None
    script: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def all_tags(self) -> frozenset[str]:
        """The tags that targets are matched against: the check's own and its group's."""
        return frozenset(self.tags) | frozenset(self.group_tags)

    def ending_at(self, location: str) -> Ending:
        """Return how the check ends when it runs from `location`."""
        return self.by_location.get(location, self.ending)


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A public location."""

    region: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateLocation:
    """A private location of the account and its living agents."""

    id: str
    slug: str
    name: str
    agents: int = 1
    agent_version: str = "6.9.0"


_REGIONS = (
    ("us-east-1", "N. Virginia"),
    ("us-east-2", "Ohio"),
    ("us-west-1", "N. California"),
    ("us-west-2", "Oregon"),
    ("ca-central-1", "Montreal"),
    ("sa-east-1", "São Paulo"),
    ("eu-west-1", "Ireland"),
    ("eu-central-1", "Frankfurt"),
    ("eu-west-2", "London"),
    ("eu-west-3", "Paris"),
    ("eu-north-1", "Stockholm"),
    ("eu-south-1", "Milan"),
    ("me-south-1", "Bahrain"),
    ("ap-southeast-1", "Singapore"),
    ("ap-northeast-1", "Tokyo"),
    ("ap-east-1", "Hong Kong"),
    ("ap-southeast-2", "Sydney"),
    ("ap-southeast-3", "Jakarta"),
    ("ap-northeast-2", "Seoul"),
    ("ap-northeast-3", "Osaka"),
    ("ap-south-1", "Mumbai"),
    ("af-south-1", "Cape Town"),
)

PUBLIC_LOCATIONS = tuple(Location(region=region, name=name) for region, name in _REGIONS)
"""Checkly's own public locations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything one emulator serves."""

    account_id: str = ACCOUNT_ID
    account_name: str = "Emulated account"
    plan: str = "TEAM"
    api_keys: tuple[str, ...] = (API_KEY,)
    session_limit: int | None = None
    no_matching_checks: int = 404
    locations: tuple[Location, ...] = PUBLIC_LOCATIONS
    private_locations: tuple[PrivateLocation, ...] = ()
    checks: tuple[Check, ...] = ()
    faults: tuple[Fault, ...] = ()


def default_world() -> World:
    """Return the world that is served when none is named: a check of every type."""
    return load_world(default_world_path())


def load_world(path: Path | str) -> World:
    """Load a world from a YAML file.

    Raises:
        WorldError: The file can't be read or has a mistake; the first one is reported.
    """
    path = Path(path)
    try:
        document = load_document(path)
    except YamlFileError as error:
        raise WorldError(str(path), error.line, error.reason) from error
    except OSError as error:
        raise WorldError(str(path), 0, error.strerror or "can't be read") from error
    mistake = next(_mistakes(document), None)
    if mistake is not None:
        place, reason = mistake
        raise WorldError(str(path), document.line(place), reason)
    return _build(document.value)


@cache
def _validator() -> jsonschema_rs.Draft7Validator:
    text = schema_path("emulator-world.schema.json").read_text(encoding="utf-8")
    return jsonschema_rs.Draft7Validator(
        json.loads(text), formats=dict(FORMATS), validate_formats=True
    )


def _mistakes(document: Document) -> Iterator[tuple[Path_, str]]:
    if not isinstance(document.value, dict):
        yield (), "a world must be a mapping"  # and may be a file to keep secret
        return
    found = [
        (tuple(e.instance_path), e.message[:300])  # it quotes the value, however long
        for e in _validator().iter_errors(document.value)
    ]
    if found:
        yield min(found, key=lambda mistake: document.line(mistake[0]))
    else:
        yield from _double(document.value)
        yield from _unknown_groups(document.value)
        yield from _bad_faults(document.value)


def _double(world: Mapping[str, Any]) -> Iterator[tuple[Path_, str]]:
    seen: set[str] = set()
    for index, item in enumerate(world.get("checks") or ()):
        check_id = _check_id(item)
        if check_id in seen:
            yield ("checks", index), f"another check has the same id or name: {item['name']}"
        seen.add(check_id)
    slugs: set[str] = set()
    for index, item in enumerate(world.get("privateLocations") or ()):
        if item["slug"] in slugs:
            yield ("privateLocations", index, "slug"), f"the slug {item['slug']} is given twice"
        slugs.add(item["slug"])


def _unknown_groups(world: Mapping[str, Any]) -> Iterator[tuple[Path_, str]]:
    groups = world.get("groups") or {}
    for index, item in enumerate(world.get("checks") or ()):
        if item.get("group", None) not in {None, *groups}:
            yield ("checks", index, "group"), f"no group of this name: {item['group']}"


def _bad_faults(world: Mapping[str, Any]) -> Iterator[tuple[Path_, str]]:
    for index, text in enumerate(world.get("faults") or ()):
        try:
            parse_fault(text)
        except FaultSyntaxError as error:
            yield ("faults", index), str(error)


def _check_id(item: Mapping[str, Any]) -> str:
    return str(item.get("id") or uuid.uuid5(_NAMESPACE, "check:" + item["name"])).lower()


def _build(data: Mapping[str, Any]) -> World:
    account = data.get("account", {})
    groups = data.get("groups", {})
    return World(
        account_id=account.get("id", ACCOUNT_ID).lower(),
        account_name=account.get("name", "Emulated account"),
        plan=account.get("plan", "TEAM"),
        api_keys=tuple(data.get("apiKeys", (API_KEY,))),
        session_limit=data.get("limits", {}).get("sessions"),
        no_matching_checks=data.get("noMatchingChecks", 404),
        locations=_locations(data["locations"]) if "locations" in data else PUBLIC_LOCATIONS,
        private_locations=tuple(_private(item) for item in data.get("privateLocations", ())),
        checks=tuple(_check(item, groups) for item in data.get("checks", ())),
        faults=tuple(parse_fault(text) for text in data.get("faults", ())),
    )


def _locations(items: Iterable[Mapping[str, str]]) -> tuple[Location, ...]:
    return tuple(
        Location(region=item["region"], name=item.get("name", item["region"])) for item in items
    )


def _private(item: Mapping[str, Any]) -> PrivateLocation:
    slug = item["slug"]
    return PrivateLocation(
        id=item.get("id") or str(uuid.uuid5(_NAMESPACE, "location:" + slug)),
        slug=slug,
        name=item.get("name", slug),
        agents=item.get("agents", 1),
        agent_version=item.get("agentVersion", "6.9.0"),
    )


def _check(item: Mapping[str, Any], groups: Mapping[str, Any]) -> Check:
    group = item.get("group")
    ending = _ending(item, Ending())
    return Check(
        id=_check_id(item),
        name=item["name"],
        type=item["type"],
        description=item.get("description"),
        tags=tuple(item.get("tags", ())),
        group=group,
        group_id=None if group is None else list(groups).index(group) + 1,
        group_tags=tuple((groups.get(group) or {}).get("tags", ())) if group else (),
        activated=item.get("activated", True),
        muted=item.get("muted", False),
        ending=ending,
        by_location={
            location: _ending(part, ending) for location, part in item.get("byLocation", {}).items()
        },
        failures=item.get("failures", 1),
        response_time=item.get("responseTime"),
        error=item.get("error"),
        network_error=item.get("networkError", False),
        url=item.get("url"),
        script=item.get("script"),
        variables=item.get("environmentVariables", {}),
    )


def _ending(item: Mapping[str, Any], base: Ending) -> Ending:
    outcome = item.get("outcome", base.outcomes)
    return Ending(
        outcomes=(outcome,) if isinstance(outcome, str) else tuple(outcome),
        duration=item.get("duration", base.duration),
    )
