"""``runner checks``, ``quarantine suggest`` and ``dashboard``: history as a user looks at it."""

import json
import re

import pytest

from runner.emulator.server import Emulator
from runner.emulator.world.world import load_world
from tests.cli.conftest import Shell

FILE = """\
version: 1
defaults: {runLocation: eu-west-1}
profiles:
  flaky:
    labels: {team: web}
    target: {matchTags: [[flaky]]}
    retryStrategy: {type: FIXED, baseBackoffSeconds: 1, maxRetries: 1}
  fine: {target: {matchTags: [[production, smoke]]}}
"""
WORLD = """\
checks:
  - {name: Recommendations, type: BROWSER, tags: [flaky], duration: 0.05, outcome: flaky}
  - {name: Home, type: API, tags: [production, smoke], duration: 0.05}
"""


@pytest.fixture
def applied(shell: Shell) -> Shell:
    """Two applies; one of the checks is flaky in each."""
    (shell.folder / "checkly-sessions.yaml").write_text(FILE)
    (shell.folder / "world.yaml").write_text(WORLD)
    for _ in range(2):
        code, _, err = shell("apply", "--emulator", "--world", "world.yaml", "--yes")
        assert code == 0, err
    return shell


def test_history_is_told_check_by_check(applied: Shell) -> None:
    code, out, _ = applied("checks", "--emulator")
    assert code == 0
    assert "Recommendations  100% of 2 runs passed  100% flaky" in out
    assert "Home" in out
    _, flaky, _ = applied("checks", "--emulator", "--flaky", "--format", "json")
    assert [check["name"] for check in json.loads(flaky)["checks"]] == ["Recommendations"]
    assert "Recommendations" not in applied("checks", "fine", "--emulator")[1]


def test_a_quarantine_is_suggested_that_can_be_pasted(applied: Shell) -> None:
    code, out, err = applied("quarantine", "suggest", "--emulator")
    assert (code, err) == (0, "")
    assert out.startswith("---  # Put each list into its profile")
    assert "  flaky:\n    quarantine:\n    - check: Recommendations\n" in out
    assert "reason: 'flaky: 2 of 2 runs (100%)'\n      owner: web\n      until: '" in out
    entry = out.partition("    quarantine:")[2]
    file = applied.folder / "checkly-sessions.yaml"
    file.write_text(FILE.replace("    labels:", f"    quarantine:{entry}    labels:"))
    assert applied("validate")[0] == 0
    assert "No check is flaky enough" in applied("quarantine", "suggest", "--emulator")[2]


@pytest.mark.parametrize(
    "name",
    [
        "Pay $<var.x>",
        "$$<a $<b",
        "a: b # c",
        "'quoted' \"twice\" \\",
        "x ##[error]y ::z",
        "\u202egnp \x1b[2J",
        "- [a, {b: c}] &d *e !f",
        "yes",
        "x" * 300,
        "\U0001f6d2 Gr\u00f6\u00dfe",
    ],
)
def test_a_suggestion_is_valid_and_forgives_what_it_names_whatever_that_is_called(
    shell: Shell, name: str
) -> None:
    (shell.folder / "checkly-sessions.yaml").write_text(FILE)
    check = {"name": name, "type": "BROWSER", "tags": ["flaky"], "duration": 0.05}
    world = {"checks": [check | {"outcome": "flaky"}]}
    (shell.folder / "world.yaml").write_text(json.dumps(world, ensure_ascii=False))
    for _ in range(2):
        code, _, err = shell("apply", "flaky", "--emulator", "--world", "world.yaml", "--yes")
        assert code == 0, err
    code, out, _ = shell("quarantine", "suggest", "--emulator")
    assert code == 0
    entry = out.partition("    quarantine:")[2]
    file = shell.folder / "checkly-sessions.yaml"
    file.write_text(FILE.replace("    labels:", f"    quarantine:{entry}    labels:"))
    code, said, err = shell("validate")
    assert code == 0, said + err
    assert "No check is flaky enough" in shell("quarantine", "suggest", "--emulator")[2]


def test_a_suggestion_keeps_what_is_quarantined_already(applied: Shell) -> None:
    entry = "{check: Old, reason: 'costs $$<5', owner: me, until: 2099-01-01}"
    file = applied.folder / "checkly-sessions.yaml"
    file.write_text(FILE.replace("defaults: {", f"defaults: {{quarantine: [{entry}], "))
    out = applied("quarantine", "suggest", "--emulator")[1]
    assert out.index("check: Old") < out.index("check: Recommendations")
    assert "reason: costs $$<5\n      owner: me\n      until: '2099-01-01'\n" in out


def test_a_profile_without_owner_gets_one_to_fill_in(applied: Shell) -> None:
    file = applied.folder / "checkly-sessions.yaml"
    file.write_text(FILE.replace("    labels: {team: web}\n", ""))
    assert "owner: unassigned" in applied("quarantine", "suggest", "--emulator")[1]


QUARANTINED = """\
version: 1
defaults:
  runLocation: eu-west-1
  quarantine: [{check: Home, reason: r, owner: o, until: 2099-01-01}]
profiles:
  shop:
    target: all
    retryStrategy: {type: FIXED, baseBackoffSeconds: 1, maxRetries: 1}
    quarantine:
    - {check: Home, reason: r, owner: o, until: 2099-01-01}
    - {check: Recommendations, reason: r, owner: o, until: 2099-01-01}
    - {check: Never run, reason: r, owner: o, until: 2099-01-01}
"""


def test_validate_knows_a_quarantine_that_has_nothing_left_to_do(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = shell.folder / "checkly-sessions.yaml"
    file.write_text(QUARANTINED)
    (shell.folder / "world.yaml").write_text(WORLD)
    with Emulator(load_world(shell.folder / "world.yaml"), virtual_time=True) as emulator:
        for name, value in emulator.environment.items():
            monkeypatch.setenv(name, value)
        assert shell("validate")[1] == "checkly-sessions.yaml is valid: 1 instance.\n"
        for _ in range(3):
            assert "quarantine-idle" not in shell("validate")[1]  # too few runs to tell
            code, _, err = shell("apply", "--yes")
            assert code == 0, err
    code, out, err = shell("validate")  # without the network
    assert (code, err) == (0, "")
    assert re.findall(r"yaml:(\d+):\d+: warning\[quarantine-idle\]: (.*)", out) == [
        (line, "The quarantine of `Home` is no longer needed: every run passed")
        for line in ("4", "10")
    ]
    file.write_text("ignore: [quarantine-idle]\n" + QUARANTINED)
    assert "quarantine-idle" not in shell("validate")[1]
    file.write_text(QUARANTINED)
    monkeypatch.setenv("CHECKLY_API_URL", "no address")
    assert shell("validate") == (0, "checkly-sessions.yaml is valid: 1 instance.\n", "")


def test_the_dashboard_is_written_with_the_pages_of_the_runs(applied: Shell) -> None:
    code, out, err = applied("dashboard", "--emulator", "--out", "site", "--runs")
    assert (code, err) == (0, "")
    assert out == "Wrote site/index.html with 2 applies.\n"
    assert len(list((applied.folder / "site").iterdir())) == 3


def test_a_folder_that_can_not_be_written_is_told(applied: Shell) -> None:
    (applied.folder / "site").write_text("")
    code, _, err = applied("dashboard", "--emulator", "--out", "site/below")
    assert code == 2
    assert err.startswith("Error: site/below can't be written: ")
