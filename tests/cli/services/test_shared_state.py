"""On a CI machine, a state that ends with the machine is told of, or refused."""

from pathlib import Path

import pytest

from tests.cli.conftest import Shell

FILE = "version: 1\nprofiles: {smoke: {runLocation: eu-west-1, target: all}}\n"
WARNING = "Warning: The state is a folder on this machine"
READERS = [
    ["plan", "--offline"],
    ["status"],
    ["history"],
    ["checks"],
    ["quarantine", "suggest"],
    ["dashboard", "--out", "page.html"],
    ["wait"],
    ["cancel"],
    ["apply", "--exclude", "smoke"],
    ["state", "list"],
    ["state", "show", "smoke"],
    ["state", "prune", "--keep", "1", "--yes"],
    ["state", "compact"],
    ["state", "export"],
    ["state", "import", "none.jsonl"],
    ["state", "mv", "a", "b"],
    ["state", "forget", "smoke", "--yes"],
    ["state", "unlock", "--yes"],
    ["state", "claim", "--yes"],
]
every_reader = pytest.mark.parametrize("command", READERS, ids=" ".join)


@pytest.fixture
def in_ci(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("CHECKLY_API_KEY", "key-of-the-test")
    monkeypatch.setenv("CHECKLY_ACCOUNT_ID", "acc")
    monkeypatch.setenv("CHECKLY_API_URL", "http://127.0.0.1:9")
    (shell.folder / "checkly-sessions.yaml").write_text(FILE)
    (shell.folder / "none.jsonl").touch()
    return shell


@every_reader
def test_each_command_warns_once_of_the_default_folder(in_ci: Shell, command: list[str]) -> None:
    _, _, err = in_ci(*command)
    assert err.count(WARNING) == 1
    assert "Name a bucket with --state or CHECKLY_SESSIONS_STATE" in err


@every_reader
def test_a_folder_can_be_refused_by_each(in_ci: Shell, command: list[str]) -> None:
    code, out, err = in_ci(*command, "--require-shared-state")
    assert code == 3
    assert "Error: The state is a folder on this machine" in err
    assert WARNING not in err
    assert out == ""
    assert not (in_ci.folder / ".runner").exists()
    assert not (in_ci.folder / "page.html").exists()


@every_reader
def test_nothing_is_said_outside_of_ci(
    in_ci: Shell, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.setenv("CI", "false")
    _, _, err = in_ci(*command, "--require-shared-state")
    assert "folder on this machine" not in err


def test_a_folder_that_was_chosen_is_no_surprise_but_can_be_refused(
    in_ci: Shell, tmp_path: Path
) -> None:
    where = f"file://{tmp_path}/mounted"
    assert in_ci("status", "--state", where)[2].count(WARNING) == 0
    code, _, err = in_ci("status", "--state", where, "--require-shared-state")
    assert (code, "Error: The state is a folder on this machine" in err) == (3, True)


def test_before_the_command_and_with_what_the_file_says(in_ci: Shell) -> None:
    file = in_ci.folder / "checkly-sessions.yaml"
    file.write_text(f"{FILE}state: file://shared\n")
    assert in_ci("--require-shared-state", "status")[0] == 3
    assert WARNING not in in_ci("status")[2]


@pytest.mark.parametrize("command", [["validate"], ["list"], ["fmt", "--check"], ["show", "smoke"]])
def test_who_reads_no_state_says_nothing(in_ci: Shell, command: list[str]) -> None:
    code, _, err = in_ci(*command, "--require-shared-state")
    assert (code, "folder on this machine" in err) == (0, False)


def test_the_emulators_state_ends_anyway(in_ci: Shell) -> None:
    code, _, err = in_ci("status", "--emulator", "--require-shared-state")
    assert (code, "folder on this machine" in err) == (0, False)
