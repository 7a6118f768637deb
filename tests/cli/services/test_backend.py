"""Credentials from elsewhere than the environment, in commands."""

import json
import os
from collections.abc import Iterator

import pytest

from runner.checkly.login import login_folder
from runner.emulator.server import Emulator
from runner.emulator.world.world import default_world
from tests.cli.conftest import Shell

FILE = "version: 1\nprofiles: {smoke: {target: all, runLocation: eu-west-1}}\n"


@pytest.fixture
def emulator(shell: Shell) -> Iterator[Emulator]:
    """An API to which an env file leads."""
    (shell.folder / "checkly-sessions.yaml").write_text(FILE)
    with Emulator(default_world(), port=0) as emulator:
        values = {
            "CHECKLY_API_URL": emulator.url,
            "CHECKLY_API_KEY": emulator.api_key,
            "CHECKLY_ACCOUNT_ID": emulator.account_id,
        }
        text = "".join(f"{name}={value}\n" for name, value in values.items())
        (shell.folder / ".env").write_text(text)
        yield emulator


def test_an_env_file_gives_the_credentials(shell: Shell, emulator: Emulator) -> None:
    code, out, err = shell("plan", "--env-file", ".env")
    assert (code, err) == (0, "")
    assert emulator.account_id in out
    assert "match" in out  # the account was asked
    assert emulator.url in shell("show", "smoke", "--env-file", ".env", "--format", "curl")[1]


def test_the_login_gives_the_credentials(
    shell: Shell, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHECKLY_API_URL", emulator.url)
    folder = login_folder(os.environ)
    folder.mkdir(parents=True)
    (folder / "auth.json").write_text(json.dumps({"apiKey": emulator.api_key}))
    (folder / "config.json").write_text(json.dumps({"accountId": emulator.account_id}))
    code, out, err = shell("plan")
    assert (code, err) == (0, "")
    assert emulator.account_id in out


@pytest.mark.parametrize("arguments", [["--env-file", ".env"], ["-q", "--env-file", ".env"]])
def test_a_key_of_an_env_file_is_masked(
    arguments: list[str], shell: Shell, emulator: Emulator
) -> None:
    named = FILE.replace("target: all", f"target: all, name: {emulator.api_key}")
    (shell.folder / "checkly-sessions.yaml").write_text(named)
    for command in (["plan"], ["show", "smoke"], ["validate"]):
        _, out, err = shell(*command, *arguments)
        assert emulator.api_key not in out + err


def test_a_host_in_capitals_has_the_same_state(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shell.folder / "checkly-sessions.yaml").write_text(FILE)
    monkeypatch.setenv("CHECKLY_API_URL", "https://API.example.com")
    assert "api.example.com" in shell("plan")[1]


@pytest.mark.parametrize("command", ["apply", "cancel", "plan"])
def test_an_unknown_name_is_told_without_credentials_too(command: str, shell: Shell) -> None:
    (shell.folder / "checkly-sessions.yaml").write_text(FILE)
    code, _, err = shell(command, "smkoe")
    assert (code, err) == (
        2,
        "Error: 'smkoe' matches no profile of the file.\n  Did you mean 'smoke'?\n",
    )


@pytest.mark.usefixtures("emulator")
def test_a_key_that_stands_unused_is_told_by_the_name_of_its_file(shell: Shell) -> None:
    advice = ".env sets CHECKLY_API_KEY and CHECKLY_ACCOUNT_ID: pass --env-file .env to use it."
    code, _, err = shell("apply", "smoke")
    assert code == 2
    assert "No credentials: CHECKLY_API_KEY and CHECKLY_ACCOUNT_ID are not set." in err
    assert advice in err
    code, _, err = shell("plan")
    assert code == 0
    assert advice in err
    assert shell("plan", "--offline")[2] == ""


@pytest.mark.usefixtures("emulator")
def test_a_damaged_login_stops_no_plan_and_is_told(shell: Shell) -> None:
    folder = login_folder(os.environ)
    folder.mkdir(parents=True)
    (folder / "auth.json").write_text('{"apiKey": "cu_half')
    code, _, err = shell("plan")
    assert code == 0
    assert "auth.json is damaged: run `npx checkly login` again." in err
    assert "cu_half" not in err


def test_an_account_without_a_key_says_whose_state_is_meant(
    shell: Shell, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHECKLY_ACCOUNT_ID", emulator.account_id)
    _, out, _ = shell("plan", "--offline", "--format", "json")
    assert json.loads(out)["context"]["account"]["id"] == emulator.account_id
