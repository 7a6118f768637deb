"""Completion in bash, zsh and fish, as the shells ask for it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

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
HEAVY = r"\| +(pydantic|httpx|jinja2|ruamel|obstore|rich)\b"


def runner(
    instruction: str, *words: str, folder: Path, python: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    environ = {
        **os.environ,
        "_RUNNER_COMPLETE": instruction,
        "COMP_WORDS": " ".join(("runner", *words)),
        "COMP_CWORD": words[-1] if instruction.startswith("fish") and words else str(len(words)),
    }
    return subprocess.run(
        [sys.executable, *python, "-m", "runner"],
        env=environ,
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )


def offered(*words: str, folder: Path) -> list[str]:
    lines = runner("bash_complete", *words, folder=folder).stdout.splitlines()
    return [line.partition(",")[2] for line in lines]


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
    help_text = "Show what would start, and what changed since it last did."
    assert runner("bash_complete", "pl", folder=tmp_path).stdout == "plain,plan\n"
    assert runner("zsh_complete", "pl", folder=tmp_path).stdout == f"plain\nplan\n{help_text}\n"
    assert runner("fish_complete", "pl", folder=tmp_path).stdout == f"plain,plan\t{help_text}\n"


def test_options_and_their_choices(tmp_path: Path) -> None:
    assert offered("plan", "--of", folder=tmp_path) == ["--offline"]
    assert offered("plan", "--format", "", folder=tmp_path) == ["text", "json", "markdown"]
    assert offered("state", "ex", folder=tmp_path) == ["export"]


@pytest.mark.parametrize("command", ["validate", "show", "plan", "apply", "cancel"])
def test_profiles_that_can_be_named(command: str, project: Path) -> None:
    assert offered(command, "", folder=project) == ["smoke-prod", "nightly", "smoke-eu"]
    assert offered(command, "smoke-p", folder=project) == ["smoke-prod"]


def test_profiles_of_the_file_that_the_command_would_use(project: Path) -> None:
    other = "version: 1\nprofiles: {canary: {target: all}}\n"
    (project / "other.yaml").write_text(other)
    assert offered("plan", "-f", "other.yaml", "", folder=project) == ["canary"]
    assert offered("-f", "other.yaml", "plan", "", folder=project) == ["canary"]


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
