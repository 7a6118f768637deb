"""Completion in bash, zsh and fish, as the shells ask for it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from runner.reports.progress.listeners import LISTENERS
from runner.reports.progress.reporters import FORMATS

PAGE = Path(__file__).parents[3] / "docs" / "completion.md"
FILE = """\
version: 1
include: [more.yaml]
profiles:
  base: {abstract: true}
  smoke-prod: {target: all, name: $<env.NOTHING>}
  smoke-"quoted: {target: all}
  nightly: {target: all}
"""
MATRIX = """\
version: 1
variables: {regions: [emea, us-east-1], host: null}
defaults: {labels: {team: web}}
profiles:
  base:
    abstract: true
    target: all
    matrix:
      runLocation: $<var.regions>
      version: [1.10, $x]
      exclude: [{runLocation: us-east-1, version: $x}]
  web: {extends: base, labels: {at: $<matrix.runLocation>}, name: $<matrix.version>}
  open: {target: all, labels: {owner: qa, secret: $<env.TOKEN>}}
"""
HEAVY = r"\| +(pydantic|httpx|jinja2|ruamel|obstore|rich)\b"


def runner(
    instruction: str,
    *words: str,
    folder: Path,
    python: tuple[str, ...] = (),
    environment: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    environ = {
        **os.environ,
        "_RUNNER_COMPLETE": instruction,
        "COMP_WORDS": " ".join(("runner", *words)),
        "COMP_CWORD": words[-1] if words else "",
    }
    return subprocess.run(
        [sys.executable, *python, "-m", "runner"],
        env=environ | (environment or {}),
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )


def offered(*words: str, folder: Path, **environment: str) -> list[str]:
    asked = runner("zsh_complete", *words, folder=folder, environment=environment)
    assert asked.stderr == ""
    lines = asked.stdout.splitlines()
    return lines[1::3]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "checkly-sessions.yaml").write_text(FILE)
    (tmp_path / "more.yaml").write_text("profiles: {smoke-eu: {target: all}}\n")
    return tmp_path


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell_asks_this_program(shell: str, tmp_path: Path) -> None:
    script = runner(f"{shell}_source", folder=tmp_path).stdout
    assert f"_RUNNER_COMPLETE={shell}_complete" in script
    assert f"_RUNNER_COMPLETE={shell}_source runner" in PAGE.read_text(encoding="utf-8")


def test_each_shell_completes_a_command_in_its_own_way(tmp_path: Path) -> None:
    help_text = "Show what would start, and what changed since the last apply."
    assert runner("bash_complete", "pl", folder=tmp_path).stdout == "plain,plan\n"
    assert runner("zsh_complete", "pl", folder=tmp_path).stdout == f"plain\nplan\n{help_text}\n"
    assert runner("fish_complete", "pl", folder=tmp_path).stdout == f"plain,plan\t{help_text}\n"


def test_options_and_their_choices(tmp_path: Path) -> None:
    assert offered("plan", "--of", folder=tmp_path) == ["--offline"]
    assert offered("plan", "--format", "", folder=tmp_path) == ["text", "json", "markdown"]
    assert offered("state", "ex", folder=tmp_path) == ["export"]


@pytest.mark.parametrize(
    "command",
    [
        *("validate", "list", "show", "plan", "apply", "cancel", "status", "history", "checks"),
        "dashboard",
    ],
)
def test_profiles_that_can_be_named(command: str, project: Path) -> None:
    assert offered(command, "", folder=project) == ["smoke-prod", "nightly", "smoke-eu"]
    assert offered(command, "smoke-p", folder=project) == ["smoke-prod"]


def test_profiles_of_the_file_that_the_command_would_use(project: Path) -> None:
    other = "version: 1\nprofiles: {canary: {target: all}}\n"
    (project / "other.yaml").write_text(other)
    assert offered("plan", "-f", "other.yaml", "", folder=project) == ["canary"]
    assert offered("-f", "other.yaml", "plan", "", folder=project) == ["canary"]


def test_instances_once_the_profile_is_spelt_out(project: Path) -> None:
    (project / "checkly-sessions.yaml").write_text(MATRIX)
    every = ["web[emea,1.10]", "web[emea,$x]", "web[us-east-1,1.10]"]
    assert offered("plan", "we", folder=project) == ["web"]
    assert offered("plan", "web", folder=project) == ["web", *every]
    assert offered("apply", "--exclude", "web[em", folder=project) == every[:2]
    assert offered("state", "forget", "", folder=project) == [*every, "open"]


def test_labels_come_from_every_layer(project: Path) -> None:
    (project / "checkly-sessions.yaml").write_text(MATRIX)
    assert offered("plan", "-l", "", folder=project) == [
        *("team=web", "at=emea", "at=us-east-1", "owner=qa"),
    ]
    assert offered("list", "--label", "team!", folder=project) == ["team!=web"]
    assert offered("list", "--label=at=e", folder=project) == ["--label=at=emea"]


def test_variables_come_without_their_values(project: Path) -> None:
    (project / "checkly-sessions.yaml").write_text(MATRIX)
    assert offered("plan", "--var", "", folder=project) == ["regions=", "host="]
    assert offered("plan", "--var", "host=", folder=project) == []


def test_nothing_is_read_from_the_environment(project: Path) -> None:
    (project / "checkly-sessions.yaml").write_text(MATRIX)
    got = offered("plan", "-l", "secret", folder=project, TOKEN="hunter2-hunter2")
    assert got == []
    assert offered("plan", "open", folder=project, TOKEN="hunter2-hunter2") == ["open"]


def test_reports_and_their_files(project: Path) -> None:
    offers = offered("apply", "--report", "", folder=project)
    assert sorted(offers) == sorted([*FORMATS, *LISTENERS])
    (project / "out").mkdir()
    assert offered("wait", "--report", "html=o", folder=project) == ["html=out/"]
    assert offered("wait", "--report=html=o", folder=project) == ["--report=html=out/"]


@pytest.mark.parametrize("option", ["-f", "--env-file", "--var-file"])
def test_files_are_left_to_the_shell(option: str, project: Path) -> None:
    assert runner("bash_complete", "plan", option, "c", folder=project).stdout == "file,c\n"


@pytest.mark.parametrize("where", ["default", "option", "variable", "file"])
def test_scopes_instances_and_applies_of_a_state_in_a_folder(where: str, project: Path) -> None:
    folder = project / (".runner" if where == "default" else "sta te")
    for scope, name, apply_id in (("pr-1", "gone[a]", "01A"), ("default", "smoke-prod", "01B")):
        scoped = folder / "api.checklyhq.com" / "account" / "default" / scope
        for part in ("records", "applies"):
            (scoped / part).mkdir(parents=True)
        (scoped / "records" / "0000000001.json").write_text('{"records": {"old": {}}}')
        (scoped / "records" / "0000000002.json").write_text(json.dumps({"records": {name: {}}}))
        (scoped / "applies" / f"{apply_id}.json").write_text("{}")
    words: tuple[str, ...] = ()
    environment = {}
    if where == "option":
        words = ("--state", "file://sta%20te")
    elif where == "variable":
        environment = {"CHECKLY_SESSIONS_STATE": "file://sta%20te"}
    elif where == "file":
        (project / "checkly-sessions.yaml").write_text("state: file://sta%20te\n" + FILE)

    def asked(*more: str) -> list[str]:
        return offered(
            *(word.replace(" ", "\\ ") for word in words), *more, folder=project, **environment
        )

    assert asked("plan", "--scope", "") == ["default", "pr-1"]
    assert asked("state", "show", "") == ["smoke-prod"]
    assert asked("--scope", "pr-1", "state", "forget", "") == ["gone[a]"]
    assert asked("state", "mv", "--scope", "pr-1", "g") == ["gone[a]"]
    assert asked("wait", "") == ["01B", "01A"]


def test_a_state_in_a_bucket_is_not_asked(project: Path) -> None:
    bucket = ("--state", "s3://bucket/prefix")
    assert offered(*bucket, "plan", "--scope", "", folder=project) == []
    assert offered(*bucket, "state", "forget", "n", folder=project) == ["nightly"]


@pytest.mark.parametrize("words", [("nosuch", ""), ("plan", "-f", "no", "")])
def test_a_wrong_command_line_offers_nothing(words: tuple[str, ...], project: Path) -> None:
    asked = runner("bash_complete", *words, folder=project)
    assert (asked.stdout.strip(), asked.stderr) == ("", "")


@pytest.mark.parametrize("text", ["version: [", "profiles: []", "{}", None])
def test_a_file_that_cannot_be_read_offers_nothing(text: str | None, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    if text is not None:
        (tmp_path / "checkly-sessions.yaml").write_text(text)
    asked = runner("bash_complete", "plan", "", folder=tmp_path)
    assert (asked.stdout.strip(), asked.stderr) == ("", "")


@pytest.mark.parametrize("words", [("pl",), ("plan", "--o"), ("apply", "--report", "")])
def test_a_key_press_imports_nothing_heavy(words: tuple[str, ...], project: Path) -> None:
    asked = runner("bash_complete", *words, folder=project, python=("-X", "importtime"))
    assert "click.shell_completion" in asked.stderr
    assert re.findall(HEAVY, asked.stderr) == []


def test_names_of_commands_come_without_their_modules(project: Path) -> None:
    asked = runner("bash_complete", "", folder=project, python=("-X", "importtime"))
    assert "emulator" in asked.stdout
    assert "runner.cli.commands.emulator" not in asked.stderr
