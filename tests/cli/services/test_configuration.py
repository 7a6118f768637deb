"""What every command that reads the configuration makes of files and of the machine."""

import os
from pathlib import Path

import pytest

from tests.cli.conftest import Shell

FILE = "checkly-sessions.yaml"
PROFILE = "version: 1\nprofiles: {{a: {{target: all, runLocation: eu-west-1, name: {}}}}}\n"


def test_the_process_wins_over_env_files_and_the_last_of_them_over_the_others(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shell.folder / FILE).write_text(PROFILE.format("$<env.A>-$<env.B>-$<env.C>"))
    (shell.folder / "one.env").write_text("A=one\nB=one\nC=one\n")
    (shell.folder / "two.env").write_text("B=two\nC=two\n")
    monkeypatch.setenv("C", "process")
    code, out, _ = shell("show", "a", "--env-file", "one.env", "--env-file", "two.env")
    assert code == 0
    assert "name: one-two-process\n" in out


def test_a_file_of_something_else_is_not_quoted(shell: Shell) -> None:
    (shell.folder / ".env").write_text("TOKEN: hunter2\nb: [\n")
    code, out, err = shell("validate", "-f", ".env")
    assert code == 2
    assert "hunter2" not in out + err


@pytest.mark.parametrize("command", ["validate", "show", "plan"])
def test_a_folder_that_git_does_not_trust_is_told(
    command: str, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shell.folder / FILE).write_text(PROFILE.format("a $<git.sha or '?'>"))
    git = tmp_path / "bin/git"
    git.parent.mkdir()
    git.write_text("#!/bin/sh\necho 'fatal: detected dubious ownership' >&2\nexit 128\n")
    git.chmod(0o755)
    monkeypatch.setenv("PATH", f"{git.parent}{os.pathsep}{os.environ['PATH']}")
    code, out, err = shell(command, *(["a"] if command == "show" else []))
    assert code == 0
    assert "warning[git-untrusted]: The commit is not known" in out + err
    assert f"git config --global --add safe.directory {shell.folder}" in out + err
