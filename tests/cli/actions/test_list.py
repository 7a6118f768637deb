"""``runner list``: what a selection holds, without a plan."""

import json

import pytest

from tests.cli.conftest import Shell

FILE = """\
version: 1
profiles:
  base: {abstract: true, runLocation: eu-west-1, target: all}
  smoke:
    extends: base
    name: Smoke $<matrix.n>
    description: After a deploy
    labels: {team: web}
    matrix: {n: [1, 2]}
  nightly: {extends: base, labels: {team: shop}, needs: smoke}
  plain: {extends: base}
"""


@pytest.fixture
def file(shell: Shell) -> Shell:
    (shell.folder / "checkly-sessions.yaml").write_text(FILE)
    return shell


@pytest.mark.parametrize(
    ("arguments", "held"),
    [
        ([], "smoke[1] smoke[2] nightly plain"),
        (["smoke"], "smoke[1] smoke[2]"),
        (["nightly"], "nightly"),
        (["-l", "team=web"], "smoke[1] smoke[2]"),
        (["-l", "team!=web"], "nightly plain"),
        (["-l", "team!=web", "-l", "team!=shop"], "plain"),
        (["--exclude", "smoke"], "nightly plain"),
        (["--exclude", "smoke[1]"], "smoke[2] nightly plain"),
        (["--exclude", "*l*"], "smoke[1] smoke[2]"),
        (["smoke", "nightly", "--exclude", "nightly"], "smoke[1] smoke[2]"),
    ],
)
def test_the_instances_of_a_selection(arguments: list[str], held: str, file: Shell) -> None:
    code, out, err = file("list", *arguments)
    assert (code, out.split(), err) == (0, held.split(), "")


def test_as_json(file: Shell) -> None:
    found = json.loads(file("list", "smoke", "--format", "json")[1])
    assert found["formatVersion"] == 1
    assert found["instances"][0] == {
        "instance": "smoke[1]",
        "profile": "smoke",
        "matrix": {"n": "1"},
        "description": "After a deploy",
        "labels": {"team": "web"},
        "needs": [],
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["smok"], "'smok' matches no profile of the file."),
        (["--exclude", "smok"], "'smok' matches no profile of the file."),
        (["-l", "=web"], "'=web' is not a label."),
        (["smoke", "-l", "team!=web"], "No selected instance matches the label 'team!=web'."),
        (["-f", "a.yaml", "-f", "b.yaml"], "--file is given twice: a.yaml and b.yaml."),
    ],
)
def test_what_matches_nothing_is_an_error(arguments: list[str], said: str, file: Shell) -> None:
    code, _, err = file("list", *arguments)
    assert code == 2
    assert said in err


def test_a_file_before_and_after_the_command_is_given_twice(file: Shell) -> None:
    code, _, err = file("-f", "a.yaml", "list", "-f", "b.yaml")
    assert (code, "--file is given twice: a.yaml and b.yaml." in err) == (2, True)


def test_what_is_excluded_is_not_pulled_in_again(file: Shell) -> None:
    out = file("plan", "--offline", "nightly")[1]
    assert "needed by what was selected" in out
    out = file("plan", "--offline", "nightly", "--exclude", "smoke")[1]
    assert "smoke" not in out.replace('needs: ["smoke"]', "")


def test_a_removed_record_that_is_excluded_is_not_removed(file: Shell) -> None:
    assert file("apply", "plain", "--emulator", "-q")[0] in {0, 1}
    (file.folder / "checkly-sessions.yaml").write_text(FILE.replace("  plain:", "  other:"))
    assert "- plain  removed" in file("plan", "--emulator")[1]
    assert "plain" not in file("plan", "--emulator", "--exclude", "nightly")[1]
