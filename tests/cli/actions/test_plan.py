"""``runner plan``, as a user calls it: what it says beside the plan."""

import json

import pytest

from tests.cli.conftest import Shell

FILE = """\
version: 1
profiles:
  smoke: {target: all, runLocation: eu-west-1}
"""
NOTE = "Planned offline: without credentials neither locations nor matching checks are known.\n"


@pytest.fixture
def smoke(shell: Shell) -> Shell:
    (shell.folder / "checkly-sessions.yaml").write_text(FILE)
    return shell


@pytest.mark.parametrize(
    ("set_", "missing"),
    [
        ("CHECKLY_API_KEY", "CHECKLY_ACCOUNT_ID"),
        ("CHECKLY_ACCOUNT_ID", "CHECKLY_API_KEY"),
    ],
)
def test_half_of_the_credentials_is_told(
    set_: str, missing: str, smoke: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(set_, "cu_0123456789abcdef")
    monkeypatch.setenv(missing, "")
    for quiet in ([], ["-q"]):
        code, out, err = smoke("plan", "--format", "json", *quiet)
        assert (code, json.loads(out)["summary"]["create"]) == (0, 1)
        assert err.startswith(f"Warning: {missing} is not set, so this plan was made offline.\n")
    assert smoke("plan", "--offline")[2] == ""


def test_without_credentials_a_note_says_so(smoke: Shell) -> None:
    code, out, err = smoke("plan")
    assert (code, err) == (0, NOTE)
    assert out == smoke("plan", "--offline")[1]
    assert smoke("plan", "--offline")[2] == ""
    assert smoke("-q", "plan")[2] == ""


def test_with_strict_an_unset_variable_is_an_error(smoke: Shell) -> None:
    (smoke.folder / "checkly-sessions.yaml").write_text(
        FILE.replace("eu-west-1}", "eu-west-1, name: $<env.NOT_SET>}")
        + "  other: {target: all, runLocation: eu-west-1}\n"
    )
    for options, severity, code in (([], "warning", 0), (["--strict"], "error", 2)):
        ended, out, err = smoke("plan", "--offline", *options)
        assert ended == code
        assert f"{severity}[unset]: `env.NOT_SET` is not set" in err
        assert bool(out) is not bool(code)
    assert smoke("plan", "--offline", "--strict", "other")[0] == 0
    assert smoke("plan", "--offline", "--strict", "--detailed-exitcode")[0] == 1


def test_quietly_only_the_summary_is_printed(smoke: Shell) -> None:
    assert smoke("apply", "smoke", "--emulator")[0] in {0, 1}
    assert "= smoke  rerun, last " in smoke("plan", "--emulator")[1]
    summary = "Plan: 0 to create, 0 to update, 1 to rerun, 0 removed.\n"
    assert smoke("plan", "--emulator", "-q")[1] == summary
    assert json.loads(smoke("plan", "--emulator", "-q", "--format", "json")[1])["summary"] == {
        "create": 0,
        "update": 0,
        "rerun": 1,
        "removed": 0,
        "blocked": 0,
        "warnings": 0,
    }


def test_drift_of_the_checks_counts_where_it_is_asked_for(smoke: Shell) -> None:
    def world(*names: str) -> list[str]:
        checks = "".join(f"  - {{name: {name}, type: API}}\n" for name in names)
        (smoke.folder / "world.yaml").write_text(f"checks:\n{checks}")
        return ["--world", "world.yaml"]

    assert smoke("apply", "smoke", "--yes", *world("A"))[0] == 0
    assert smoke("plan", "--detailed-exitcode=checks", *world("A"))[0] == 0
    assert "2 match (+1: B)" in smoke("plan", *world("A", "B"))[1]
    assert smoke("plan", "--detailed-exitcode", *world("A", "B"))[0] == 0
    assert smoke("plan", "--detailed-exitcode=changes", *world("A", "B"))[0] == 0
    assert smoke("plan", "--detailed-exitcode=checks", *world("A", "B"))[0] == 2
    assert smoke("plan", "smok", "--detailed-exitcode=checks", *world("A"))[0] == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["apply", "--report", "xlsx"], "There is no report format 'xlsx'."),
        (["wait", "--report", "xlsx"], "There is no report format 'xlsx'."),
        (
            ["apply", "--report", "json", "--report", "html", "--report", "junit"],
            "--report json, --report html and --report junit would all go to standard output.",
        ),
        (["apply", "-l", "team"], "'team' is not a label."),
        (["validate", "-l", "team"], "'team' is not a label."),
        (["status", "-l", "team"], "'team' is not a label."),
        (["plan", "--var", "host"], "A --var is not NAME=VALUE."),
        (["plan", "--var", "=host"], "A --var is not NAME=VALUE."),
        (["plan", "--head", "main"], "--head needs --base."),
        (
            ["plan", "--strict", "--base", "main"],
            "--base does not read the environment: leave --strict out.",
        ),
    ],
)
def test_a_mistake_on_the_command_line_is_told_without_a_file(
    arguments: list[str], said: str, shell: Shell
) -> None:
    code, out, err = shell(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith(f"Error: {said}\n")
