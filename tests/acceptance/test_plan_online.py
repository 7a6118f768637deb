"""``runner plan`` with credentials: what the account says of a plan before anything starts."""

import asyncio
import json
from subprocess import CompletedProcess
from typing import Any

import pytest

from runner.emulator.server import Emulator
from runner.emulator.world.world import default_world
from tests.acceptance.conftest import Project
from tests.checkly.scripted import answer, scripted

FILE = """\
version: 1
profiles:
  smoke:
    target: {{matchTags: [[production, smoke, "!flaky"]]}}
    runLocation: {place}
    {more}
"""


def planned(project: Project, *arguments: str) -> dict[str, Any]:
    done = project.run("plan", "--format", "json", *arguments)
    assert done.returncode in {0, 1}, done.stderr  # 1: something is blocked
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def smoke(project: Project, *, place: str = "eu-west-1", more: str = "") -> dict[str, Any]:
    project.write(FILE.format(place=place, more=more))
    (found,) = planned(project)["profiles"]
    assert isinstance(found, dict)
    return found


def test_targets_are_resolved_and_drift_is_told(online: Project) -> None:
    first = smoke(online)["checks"]
    assert first["complete"]
    assert "Home page" in first["matched"]
    assert (first["added"], first["removed"]) == ([], [])
    assert online.run("apply", "smoke", "--settle-time", "0").returncode in {0, 1}
    now = smoke(online, more="labels: {a: b}")
    assert (now["action"], now["checks"]["added"], now["checks"]["removed"]) == ("rerun", [], [])
    text = FILE.format(place="eu-west-1", more="").replace("smoke, ", "")
    online.write(text)
    (wider,) = planned(online)["profiles"]
    assert wider["action"] == "update"
    assert "Payment gateway" in wider["checks"]["added"]


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("office-berlin", None),
        ("warehouse", "No agent of the private location 'warehouse' is connected"),
        ("eu-vest-1", "The account has no location 'eu-vest-1'"),
    ],
)
def test_locations_are_checked_before_anything_starts(
    online: Project, emulator: Emulator, place: str, told: str | None
) -> None:
    blocked = smoke(online, place=place)["checks"]["blocked"]
    assert blocked is None if told is None else blocked.startswith(told)
    if told is not None:
        done = online.run("apply", "smoke")
        assert done.returncode == 1
        assert told in " ".join(done.stdout.split())
        assert list(emulator.sessions) == []


def test_expected_checks_stop_an_apply(online: Project, emulator: Emulator) -> None:
    blocked = smoke(online, more="expectChecks: {include: [Nothing]}")["checks"]["blocked"]
    assert blocked == "It breaks expectChecks: without Nothing."
    assert online.run("apply", "smoke").returncode == 1
    assert list(emulator.sessions) == []


def test_offline_nothing_is_asked(online: Project, emulator: Emulator) -> None:
    online.write(FILE.format(place="nowhere", more=""))
    before = len(emulator.requests)
    (found,) = planned(online, "--offline")["profiles"]
    assert found["checks"] is None
    assert len(emulator.requests) == before


def test_the_detailed_exit_code_says_whether_something_would_change(online: Project) -> None:
    other = "  other: {target: {matchTags: [[nightly]]}, runLocation: eu-west-1}\n"
    online.write(FILE.format(place="eu-west-1", more="") + "\n" + other)
    assert online.run("plan", "--detailed-exitcode").returncode == 2
    assert online.run("apply", "smoke", "other").returncode in {0, 1}
    assert online.run("plan", "--detailed-exitcode").returncode == 0
    online.write(f"version: 1\nprofiles:\n{other}")
    assert online.run("plan", "--detailed-exitcode").returncode == 2, "one would be removed"
    assert online.run("plan", "nothing", "--detailed-exitcode").returncode == 1


def test_each_list_is_asked_for_once(online: Project) -> None:
    online.write(FILE.format(place="eu-west-1", more="matrix: {n: [1, 2, 3]}"))
    done = online.run("plan", "-v")
    assert done.stderr.count("GET ") == 4


def test_an_api_that_is_away_is_a_warning(online: Project) -> None:
    online.write(FILE.format(place="eu-west-1", more=""))
    online.environment["CHECKLY_API_URL"] = "http://127.0.0.1:9"
    done = online.run("plan")
    assert done.returncode == 0
    said = " ".join(done.stdout.split())
    assert (
        "warning: The account's locations, private locations and checks could not be read" in said
    )
    assert "1 to create" in said


def test_what_could_not_be_read_is_told_in_the_same_order_whatever_failed_first(
    online: Project,
) -> None:
    online.write(FILE.format(place="eu-west-1", more=""))
    late = ["latency:on=locations,seconds=0.5", "latency:on=private-locations,seconds=0.2"]
    broken = [f"not-json:on={what}" for what in ("locations", "private-locations", "checks")]
    with Emulator(default_world(), faults=[*late, *broken]) as emulator:
        online.environment.update(emulator.environment)
        done = online.run("plan")
    assert done.returncode == 0
    said = " ".join(done.stdout.split())
    assert "The account's locations, private locations and checks could not be read: GET" in said
    assert "read: GET /v1/locations:" in said


def test_an_api_that_refuses_the_key_is_an_error(online: Project) -> None:
    online.write(FILE.format(place="eu-west-1", more=""))
    online.environment["CHECKLY_API_KEY"] = "cu_wrong"
    done = online.run("plan")
    assert (done.returncode, done.stdout) == (3, "")
    assert "the API key is not valid" in done.stderr
    assert online.run("plan", "--detailed-exitcode").returncode == 1


@pytest.mark.parametrize("status", [402, 403, 404])
@pytest.mark.parametrize("refused", ["locations", "checks"])
def test_a_list_that_is_refused_is_a_warning(online: Project, status: int, refused: str) -> None:
    online.write(FILE.format(place="eu-west-1", more=""))
    with Emulator(default_world(), faults=[f"status:on={refused},status={status}"]) as emulator:
        online.environment.update(emulator.environment)
        done = online.run("plan")
    assert done.returncode == 0, done.stderr
    assert f"warning: The account's {refused} could not be read" in done.stdout
    assert "1 to create, 0 to update, 0 to rerun, 0 removed, 1 warning." in done.stdout


def test_an_account_without_a_readable_name_is_told_by_its_id(online: Project) -> None:
    online.write(FILE.format(place="eu-west-1", more=""))
    with Emulator(default_world(), faults=["status:on=account,status=403"]) as emulator:
        online.environment.update(emulator.environment)
        done = online.run("plan")
    assert done.returncode == 0
    assert f"Account:  {emulator.account_id} at 127.0.0.1:" in done.stdout
    assert "warning" not in done.stdout


def test_a_blocked_instance_is_in_the_summary_and_the_exit_code(online: Project) -> None:
    online.write(FILE.format(place="eu-west1", more=""))
    for arguments in ([], ["--format", "json"], ["--format", "markdown"], ["-q"]):
        assert online.run("plan", *arguments).returncode == 1
    assert online.run("plan", "--detailed-exitcode").returncode == 1
    done = online.run("plan")
    assert "has no location 'eu-west1'. Did you mean 'eu-west-1'?" in done.stdout
    assert "0 removed, 1 blocked." in done.stdout


def test_misspelt_tags_and_checks_are_noticed_with_the_nearest(online: Project) -> None:
    entry = "{check: Chekout, reason: r, owner: o, until: 2099-12-31}"
    more = f"quarantine: [{entry}]\n    expectChecks: {{exclude: [Loginn, Retired check]}}"
    found = smoke(online, more=more)
    assert [warning for warning in found["warnings"] if "has that name" in warning] == [
        (
            "quarantine names 'Chekout', but no check of the account has that name."
            " Did you mean 'Checkout'?"
        ),
        "expectChecks excludes 'Loginn', but no check has that name. Did you mean 'Login'?",
    ]
    online.write(FILE.format(place="eu-west-1", more="").replace("smoke, ", "smoek, "))
    (found,) = planned(online)["profiles"]
    assert found["warnings"] == [
        (
            "no check of the account matches its target: none has the tag 'smoek'."
            " Did you mean 'smoke'?"
        )
    ]


@pytest.mark.parametrize("broken", [None, 7, "x", []])
def test_an_entry_that_can_not_be_read_costs_only_itself(online: Project, broken: Any) -> None:
    def check(number: int) -> dict[str, Any]:
        name = f"Check {number}"
        return {"id": name, "name": name, "activated": True, "tags": ["production", "smoke"]}

    pages = {
        n: [check(100 * n + each) for each in range(min(100, 250 - 100 * n))] for n in range(3)
    }
    pages[0][4] = pages[2][4] = broken

    def script(request: str) -> bytes:
        _, path, *_ = request.split()
        if "/checks" in path:
            return answer(pages[int(path.partition("page=")[2].partition("&")[0]) - 1])
        return answer([{"region": "us-east-1"}, broken] if path == "/v1/locations" else [])

    async def main() -> CompletedProcess[str]:
        async with scripted(script) as server:
            online.environment["CHECKLY_API_URL"] = server.url
            return await asyncio.to_thread(online.run, "plan")

    # The location may be the one that can't be read, and so may the check that is missing.
    more = "expectChecks: {min: 250, include: [Check 4, Check 240]}"
    online.write(FILE.format(place="eu-west-1", more=more))
    done = asyncio.run(main())
    assert done.returncode == 0, done.stdout
    assert "checks: at least 248 match" in done.stdout
    assert "blocked" not in done.stdout
    for what in ("checks: entry 5", "checks: entry 205", "locations: entry 2"):
        assert f"warning: GET /v1/{what} can't be read" in done.stderr
