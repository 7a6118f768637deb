"""``--prune``: records of what the file does not declare any more are archived."""

import json
from collections.abc import Sequence

import pytest

from tests.cli.conftest import Shell

FILE = """\
version: 1
defaults: {runLocation: eu-west-1, target: {matchTags: [[production, smoke, "!flaky"]]}}
profiles:
"""
BOTH = FILE + "  keep: {}\n  other: {}\n  old: {matrix: {runLocation: [eu-west-1, us-east-1]}}\n"
BOTH = BOTH.replace("runLocation: eu-west-1, target", "target").replace(
    "{}", "{runLocation: eu-west-1}"
)
WITHOUT = BOTH[: BOTH.index("  old")]


@pytest.fixture
def shop(shell: Shell) -> Shell:
    """A folder where everything was applied, and one profile is gone since."""
    write(shell, BOTH)
    assert shell("apply", "--emulator", "--yes", "-q")[0] == 0
    write(shell, WITHOUT)
    return shell


def write(shell: Shell, text: str) -> None:
    (shell.folder / "checkly-sessions.yaml").write_text(text)


def actions(shell: Shell, *arguments: str) -> dict[str, str]:
    code, out, err = shell("plan", "--emulator", "--format", "json", *arguments)
    assert code == 0, err
    return {one["profile"]: one["action"] for one in json.loads(out)["profiles"]}


OLD = {"old[eu-west-1]": "removed", "old[us-east-1]": "removed"}


def test_a_plan_of_named_profiles_tells_what_is_removed_only_with_prune(shop: Shell) -> None:
    assert actions(shop, "keep") == {"keep": "rerun"}
    assert actions(shop, "keep", "--prune") == {"keep": "rerun", **OLD}
    assert actions(shop) == {"keep": "rerun", "other": "rerun", **OLD}
    assert actions(shop, "--exclude", "other", "--prune") == {"keep": "rerun", **OLD}


def test_an_apply_with_prune_archives_what_is_removed_and_nothing_else(shop: Shell) -> None:
    code, out, _ = shop("apply", "keep", "--prune", "--emulator")
    assert code == 0
    assert "Plan: 0 to create, 0 to update, 1 to rerun, 2 removed." in out
    assert actions(shop) == {"keep": "rerun", "other": "rerun"}
    listed = shop("state", "list", "--emulator")[1]
    assert listed.count("archived") == 2
    assert "other  passed" in listed
    write(shop, BOTH)  # back again: a new start
    assert actions(shop, "old") == {"old[eu-west-1]": "create", "old[us-east-1]": "create"}


def test_the_hint_names_the_command_that_forgets(shop: Shell) -> None:
    out = shop("plan", "--emulator", "-f", "checkly-sessions.yaml", "--scope", "default")[1]
    command = (
        "runner state forget -f checkly-sessions.yaml --scope default --emulator"
        " 'old[eu-west-1]' 'old[us-east-1]'"
    )
    assert command in out
    code, out, _ = shop(
        *("state", "forget", "-f", "checkly-sessions.yaml", "--scope", "default"),
        *("--emulator", "old[eu-west-1]", "old[us-east-1]", "--yes"),
    )
    assert code == 0
    assert "state forget" not in shop("plan", "--emulator")[1]


def test_another_scope_is_left_alone(shop: Shell) -> None:
    assert shop("apply", "keep", "--prune", "--emulator", "--scope", "pr-1")[0] == 0
    assert actions(shop, "keep", "--prune") == {"keep": "rerun", **OLD}


@pytest.mark.parametrize(
    ("flags", "started"),
    [(["--changed"], []), (["--failed"], []), (["--failed-checks"], []), ([], ["keep"])],
)
def test_prune_goes_with_the_flags_that_narrow(
    flags: Sequence[str], started: list[str], shop: Shell
) -> None:
    code, out, _ = shop("apply", "keep", "--prune", "--emulator", *flags)
    assert code == 0
    assert f"{len(started)} to rerun, 2 removed" in out
    assert actions(shop, "keep", "--prune") == {"keep": "rerun"}


def test_a_matrix_that_is_not_known_is_never_removed(
    shop: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = WITHOUT + '  old: {matrix: {runLocation: ["$<env.REGION>"]}}\n'
    write(shop, text)
    code, out, _ = shop("plan", "keep", "--prune", "--emulator")
    assert code == 0
    assert "0 removed" in out
    assert "The instances of old are not known, so none of them is planned or removed." in out
    monkeypatch.setenv("REGION", "eu-west-1")
    assert actions(shop, "keep", "--prune") == {"keep": "rerun", "old[us-east-1]": "removed"}


@pytest.mark.parametrize("broken", ["profiles: [", "profiles: {old: 5}", "profiles: {old: {a: 1}}"])
def test_nothing_is_removed_where_a_part_of_the_file_has_errors(broken: str, shop: Shell) -> None:
    write(shop, WITHOUT.replace("version: 1", "version: 1\ninclude: [team.yaml]"))
    (shop.folder / "team.yaml").write_text(broken + "\n")
    assert shop("plan", "keep", "--emulator")[0] == 0
    code, out, err = shop("apply", "keep", "--prune", "--emulator")
    assert code == 2
    assert "team.yaml:" in out + err
    write(shop, WITHOUT)
    assert actions(shop, "keep", "--prune") == {"keep": "rerun", **OLD}


def test_a_saved_plan_prunes_as_it_says(shop: Shell) -> None:
    assert shop("plan", "keep", "--prune", "--emulator", "--out", "p.json")[0] == 0
    assert shop("apply", "--plan", "p.json", "--prune", "--emulator")[0] == 2
    code, _, err = shop("apply", "--plan", "p.json", "--emulator")
    assert code == 0, err
    assert actions(shop, "keep", "--prune") == {"keep": "rerun"}


def test_prune_asks_no_commits(shop: Shell) -> None:
    code, _, err = shop("plan", "--prune", "--base", "main")
    assert code == 2
    assert "leave --prune out" in err


def test_prune_without_any_state_removes_nothing(shell: Shell) -> None:
    write(shell, WITHOUT)
    assert actions(shell, "keep", "--prune") == {"keep": "create"}
    assert not (shell.folder / ".runner").exists()
