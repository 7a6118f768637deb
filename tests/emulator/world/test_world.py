"""Worlds: the default one, what a file may say, and mistakes by file, line and reason."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import jsonschema
import pytest

from runner.emulator.files.resources import schema_path
from runner.emulator.sessions.matching import select
from runner.emulator.world.world import WorldError, default_world, load_world

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = json.loads(schema_path("emulator-world.schema.json").read_text(encoding="utf-8"))
TYPES = set(SCHEMA["definitions"]["check"]["properties"]["type"]["enum"])


def write(folder: Path, text: str) -> Path:
    path = folder / "world.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_its_schema_is_a_valid_schema() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)


def test_the_default_world_has_every_check_type_and_all_kinds_of_endings() -> None:
    world = default_world()

    assert {check.type for check in world.checks} == TYPES
    endings = {check.ending.outcome(0) for check in world.checks}
    assert {"passed", "failed", "flaky", "degraded"} <= endings
    assert any(not check.activated for check in world.checks)
    assert any(location.agents == 0 for location in world.private_locations)
    assert "eu-west-1" in {location.region for location in world.locations}


def test_production_and_smoke_pass_in_a_few_seconds() -> None:
    chosen = select(default_world().checks, {"matchTags": [["production", "smoke"]]})

    assert len(chosen) >= 3
    assert {check.ending.outcomes for check in chosen} == {("passed",)}
    assert max(check.ending.duration for check in chosen) < 4


@pytest.mark.parametrize("tag", ["staging", "regression", "nightly"])
def test_other_sets_show_more_than_passing(tag: str) -> None:
    chosen = select(default_world().checks, {"matchTags": [[tag]]})

    assert len({check.ending.outcome(0) for check in chosen}) > 1


def test_a_small_world_is_filled_up(tmp_path: Path) -> None:
    world = load_world(write(tmp_path, "checks:\n  - {name: A, type: API}\n"))

    [check] = world.checks
    assert (check.ending.outcomes, check.ending.duration) == (("passed",), 1.0)
    assert check.activated
    assert (
        load_world(write(tmp_path, "checks:\n  - {name: A, type: API}\n")).checks[0].id == check.id
    )
    assert world.account_id == default_world().account_id


def test_a_full_world_says_what_it_says(tmp_path: Path) -> None:
    world = load_world(
        write(
            tmp_path,
            """
account: {id: 7A31A2F6-3A34-4F1B-9C1B-0C6A3C1D2E3F, name: Acme, plan: ENTERPRISE}
apiKeys: [one, two]
limits: {sessions: 3}
noMatchingChecks: 403
locations: [{region: mars-1}, {region: eu-west-1, name: Ireland}]
privateLocations: [{slug: lab, name: Lab, agents: 0, agentVersion: 1.2.3}]
groups: {Shop: {tags: [shop]}, Empty: }
checks:
  - name: A
    id: 2B1F9D3E-1111-4111-8111-111111111111
    type: BROWSER
    group: Shop
    tags: [x]
    outcome: [failed, passed]
    duration: 2
    byLocation:
      mars-1: {outcome: never}
      eu-west-1: {duration: 9}
    environmentVariables: {URL: https://example.com}
  - {name: B, type: API, group: Empty, networkError: true, failures: 2, outcome: flaky}
faults: ["429:times=1"]
""",
        )
    )

    first, second = world.checks
    assert (world.account_name, world.plan, world.api_keys) == (
        "Acme",
        "ENTERPRISE",
        ("one", "two"),
    )
    assert world.account_id == "7a31a2f6-3a34-4f1b-9c1b-0c6a3c1d2e3f"
    assert (world.session_limit, world.no_matching_checks) == (3, 403)
    assert [(loc.region, loc.name) for loc in world.locations] == [
        ("mars-1", "mars-1"),
        ("eu-west-1", "Ireland"),
    ]
    assert first.id == "2b1f9d3e-1111-4111-8111-111111111111"
    assert first.all_tags == {"x", "shop"}
    assert (first.group_id, second.group_id) == (1, 2)
    assert [first.ending.outcome(n) for n in range(3)] == ["failed", "passed", "passed"]
    assert first.ending_at("mars-1").outcome(0) == "never"
    assert first.ending_at("eu-west-1").duration == 9
    assert first.ending_at("eu-west-1").outcomes == ("failed", "passed")
    assert second.group_tags == ()
    assert world.faults[0].kind == "429"


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("checks:\n  - name: A\n    type: MAGIC\n", 3, "MAGIC"),
        ("checks:\n  - name: A\n", 2, '"type" is a required property'),
        ("checks:\n  - name: A\n    type: API\n    tag: [x]\n", 2, "'tag' was unexpected"),
        ("account:\n  id: nope\n", 2, "uuid"),
        ("a: 1\nchecks: 2\n", 1, "'a' was unexpected"),
        ("- 1\n", 1, "mapping"),
        ("checks:\n  - {name: A, type: API}\n  - {name: A, type: API}\n", 3, "same id or name"),
        ("checks:\n  - {name: A, type: API, group: Nope}\n", 2, "no group of this name: Nope"),
        ("faults:\n  - 429\n  - '42'\n", 2, "string"),
        ("faults:\n  - '429'\n  - '42'\n", 3, "unknown fault '42'"),
        ("privateLocations:\n  - slug: a\n  - slug: a\n", 3, "is given twice"),
        ("checks: [\n", 2, ""),
        ("", 1, "empty"),
    ],
)
def test_a_mistake_is_told_by_file_line_and_reason(
    tmp_path: Path, text: str, line: int, reason: str
) -> None:
    path = write(tmp_path, text)

    with pytest.raises(WorldError) as caught:
        load_world(path)

    assert (caught.value.file, caught.value.line) == (str(path), line)
    assert reason in caught.value.reason
    assert str(caught.value).startswith(f"{path}:{line}: ")


@pytest.mark.parametrize("text", ["TOKEN=hunter2\n", "hunter2\n", "- hunter2\n", "[hunter2]"])
def test_a_file_that_is_no_world_is_not_quoted(tmp_path: Path, text: str) -> None:
    with pytest.raises(WorldError, match="a world must be a mapping") as caught:
        load_world(write(tmp_path, text))
    assert "hunter2" not in str(caught.value)


def test_a_missing_file_is_an_error_without_a_line(tmp_path: Path) -> None:
    with pytest.raises(WorldError, match=r"nowhere\.yaml: No such file") as caught:
        load_world(tmp_path / "nowhere.yaml")

    assert caught.value.line == 0
