"""What every command gets from the one composition: warnings, and instances that are not known."""

import json

import pytest

from tests.cli.conftest import Shell

UNMARKED = """\
version: 1
profiles:
  smoke:
    target: all
    runLocation: eu-west-1
    environmentVariables:
      API_TOKEN: "$<env.SHOP_TOKEN>"
"""
PER_REGION = """\
version: 1
profiles:
  smoke:
    target: all
    runLocation: eu-west-1
    name: Smoke $<matrix.region>
    matrix: {region: ["$<env.REGION>"]}
  other: {target: all, runLocation: eu-west-1}
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["validate", "--format", "text"],
        ["show", "smoke"],
        ["plan", "--offline"],
        ["plan", "--offline", "--format", "json"],
        ["apply", "smoke", "--emulator", "-q"],
        ["status"],
    ],
    ids=" ".join,
)
def test_every_command_tells_the_warnings_of_the_file_in_the_same_words(
    arguments: list[str], shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "shop-token-of-the-environment")
    (shell.folder / "checkly-sessions.yaml").write_text(UNMARKED)
    _, out, err = shell(*arguments)
    told = err + (out if arguments[0] == "validate" else "")
    assert told.count("warning[looks-secret]") == 1
    assert "checkly-sessions.yaml:7:7: warning[looks-secret]" in told


def test_instances_of_a_matrix_that_is_not_set_are_not_removed(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shell.folder / "checkly-sessions.yaml").write_text(PER_REGION)
    monkeypatch.setenv("REGION", "emea")
    assert shell("apply", "--emulator", "--yes", "-q")[0] in {0, 1}
    monkeypatch.delenv("REGION")
    code, out, err = shell("plan", "--emulator")
    assert code == 0
    assert "smoke[emea]" not in out
    assert "0 removed" in out
    assert "REGION" in err
    profiles = json.loads(shell("plan", "--emulator", "--format", "json")[1])["profiles"]
    assert [profile["profile"] for profile in profiles] == ["other"]


def test_a_profile_that_is_gone_is_removed_beside_one_whose_matrix_is_not_set(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = shell.folder / "checkly-sessions.yaml"
    file.write_text(PER_REGION)
    monkeypatch.setenv("REGION", "emea")
    assert shell("apply", "--emulator", "--yes", "-q")[0] in {0, 1}
    monkeypatch.delenv("REGION")
    file.write_text(PER_REGION.partition("  other:")[0])
    _, out, _ = shell("plan", "--emulator")
    assert "- other  removed" in out
    assert "1 removed" in out
