"""``runner checks``, ``quarantine suggest`` and ``dashboard``: history as a user looks at it."""

import json

import pytest

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
    assert out.startswith("---  # Add to the file")
    assert "  flaky:\n    quarantine:\n    - check: Recommendations\n" in out
    assert "reason: 'flaky: 2 of 2 runs (100%)'\n      owner: web\n      until: '" in out
    entry = out.partition("    quarantine:")[2]
    file = applied.folder / "checkly-sessions.yaml"
    file.write_text(FILE.replace("    labels:", f"    quarantine:{entry}    labels:"))
    assert applied("validate")[0] == 0
    assert "No check flakes" in applied("quarantine", "suggest", "--emulator")[2]


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
