"""The shared options: variables from files, and what goes before what."""

import json
import shlex

import pytest

from runner.cli.options.common import Common
from tests.cli.conftest import Shell

FILE = """\
version: 1
variables: {host: www, retries: 1, zone: eu}
profiles:
  smoke:
    target: all
    runLocation: eu-west-1
    name: $<var.host> $<var.zone>
    retryStrategy: {type: FIXED, maxRetries: $<var.retries>}
"""


@pytest.fixture
def file(shell: Shell) -> Shell:
    (shell.folder / "checkly-sessions.yaml").write_text(FILE)
    (shell.folder / "one.yaml").write_text("host: one\nretries: 3\nzone: 012\n")
    (shell.folder / "two.yaml").write_text("# later\nhost: two\n")
    return shell


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["--var-file", "one.yaml"], "one 012"),
        (["--var-file", "one.yaml", "--var-file", "two.yaml"], "two 012"),
        (["--var", "host=x", "--var-file", "one.yaml"], "x 012"),
    ],
)
def test_variables_come_from_files(arguments: list[str], name: str, file: Shell) -> None:
    shown = json.loads(file("show", "smoke", "--format", "json", *arguments)[1])
    assert shown["name"] == name
    assert shown["retryStrategy"]["maxRetries"] == 3
    before = file(*arguments, "show", "smoke", "--format", "json")[1]
    assert json.loads(before) == shown


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("host: [a]\n", "vars.yaml:1 can't be used: a variable must be a single value."),
        ("host: null\n", "vars.yaml:1 can't be used: a variable must have a value."),
        ("other: ''\nhost:\n", "vars.yaml:2 can't be used: a variable must have a value."),
        ("host: hunter2-canary: x\n", "vars.yaml:1 can't be used: "),
        ("- hunter2-canary\n", "vars.yaml"),
        ("", "vars.yaml"),
        ("nothing: x\n", "nothing"),
    ],
)
def test_a_file_that_can_not_be_used_is_not_quoted(text: str, said: str, file: Shell) -> None:
    (file.folder / "vars.yaml").write_text(text)
    code, out, err = file("validate", "--var-file", "vars.yaml")
    assert code == 2
    assert said in out + err
    assert "canary" not in out + err


def test_a_file_that_is_not_there_is_told(file: Shell) -> None:
    code, _, err = file("validate", "--var-file", "missing.yaml")
    assert (code, err) == (
        2,
        "Error: The --var-file missing.yaml can't be read: there is no such file or folder.\n",
    )


def test_a_saved_plan_keeps_the_variables_of_files(file: Shell) -> None:
    assert file("plan", "--offline", "--var-file", "two.yaml", "--out", "p.json")[0] == 0
    assert json.loads((file.folder / "p.json").read_text())["variables"] == {"host": "two"}


def test_the_next_command_gets_the_same_file_state_and_credentials() -> None:
    common = Common(file="shop.yaml", state="s3://b", env_files=(".env", "/dev/fd/63", "ci env"))
    assert shlex.join(common.as_given) == (
        "-f shop.yaml --state s3://b --env-file .env --env-file 'ci env'"
    )


@pytest.mark.parametrize("command", ["plan", "apply", "state list", "quarantine suggest", "fmt"])
def test_the_version_can_be_asked_for_behind_a_command(
    command: str, shell: Shell, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shell("--version")[0] == 0
    version = capsys.readouterr().out
    assert version.startswith("runner ")
    assert shell(*command.split(), "--version")[0] == 0
    assert capsys.readouterr().out == version
