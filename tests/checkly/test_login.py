"""Credentials of env files, and of the login of the official CLI."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from runner.checkly.account import Settings, credentials
from runner.checkly.login import account_settings, login_folder
from runner.errors import UsageError
from tests.official_cli import installed_program

KEY, ACCOUNT = "CHECKLY_API_KEY", "CHECKLY_ACCOUNT_ID"


@pytest.fixture
def login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which a login has been, with nothing set elsewhere."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    folder = login_folder(os.environ)
    folder.mkdir(parents=True)
    write(folder, "cu_of_the_login", "account-of-the-login")
    return folder


def write(folder: Path, key: object, account: object) -> None:
    (folder / "auth.json").write_text(json.dumps({"apiKey": key}))
    document = {"accountId": account, "accountName": "Shop"}
    (folder / "config.json").write_text(json.dumps(document, indent="\t"))


def found(env_file: dict[str, str] | None = None, *names: str) -> Settings:
    return account_settings(os.environ, env_file or {}, names)


def problem_of(settings: Settings) -> str:
    with pytest.raises(UsageError) as raised:
        credentials(settings)
    return f"{raised.value.message} {raised.value.hint}"


@pytest.mark.usefixtures("login")
def test_the_login_of_the_official_cli_is_used() -> None:
    who = credentials(found())
    assert (who.api_key, who.account_id) == ("cu_of_the_login", "account-of-the-login")
    assert who.url == "https://api.checklyhq.com"


@pytest.mark.usefixtures("login")
def test_each_source_comes_before_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    file = {KEY: "cu_of_the_file"}
    assert credentials(found(file)).api_key == "cu_of_the_file"
    monkeypatch.setenv(KEY, "cu_of_the_process")
    assert credentials(found(file)).api_key == "cu_of_the_process"
    monkeypatch.setenv(KEY, " ")  # CI systems pass an absent secret as empty text
    assert credentials(found(file)).api_key == "cu_of_the_file"
    assert credentials(found({KEY: ""})).api_key == "cu_of_the_login"
    assert credentials(found(file)).account_id == "account-of-the-login"


def test_nothing_is_read_of_the_login_where_it_is_not_needed(login: Path) -> None:
    (login / "auth.json").write_text("{")
    settings = found({KEY: "cu_1234567890", ACCOUNT: "a"}, "ci.env")
    assert settings.looked_at == ("the environment", "ci.env")
    assert settings.advice == ""


@pytest.mark.usefixtures("login")
def test_an_env_file_names_an_address_only_for_its_own_key(monkeypatch: pytest.MonkeyPatch) -> None:
    file = {"CHECKLY_API_URL": "https://elsewhere.example"}
    assert credentials(found(file)).url == "https://api.checklyhq.com"
    own = file | {KEY: "cu_of_the_file"}
    assert credentials(found(own)).url == "https://elsewhere.example"
    monkeypatch.setenv(KEY, "cu_of_the_process")
    assert credentials(found(own)).url == "https://api.checklyhq.com"


@pytest.mark.usefixtures("login")
def test_each_environment_of_checkly_has_a_login_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CHECKLY_ENV", "staging")
    assert "not set" in problem_of(found())
    write_to = login_folder(os.environ)
    write_to.mkdir(parents=True)
    write(write_to, "cu_of_staging", "a")
    assert credentials(found()).api_key == "cu_of_staging"


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
@pytest.mark.parametrize("environment", ["", "staging"])
def test_the_official_cli_looks_in_the_same_folder(
    platform: str, environment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHECKLY_ENV", environment)
    module = installed_program().resolve().parents[1] / "dist" / "services" / "config.js"
    script = (
        f"Object.defineProperty(process, 'platform', {{value: '{platform}'}});"
        f"const found = await import({json.dumps(module.as_uri())});"
        "process.stdout.write(found.default.auth.path + '\\n' + found.default.data.path)"
    )
    for folder in ("XDG_CONFIG_HOME", "APPDATA"):
        done = subprocess.run(
            ["node", "--input-type=module", "-e", script],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        ours = login_folder(os.environ, platform)
        assert done.stdout.splitlines() == [str(ours / "auth.json"), str(ours / "config.json")]
        monkeypatch.setenv(folder, str(tmp_path / folder))


@pytest.mark.parametrize(
    "content",
    [
        b'{"apiKey": "cu_secret_12345',
        b'["cu_secret_12345"]',
        b'"cu_secret_12345"',
        b'{"apiKey": ["cu_secret_12345"]}',
        b'{"apiKey": {"cu_secret_12345": 1}}',
        b"cu_secret_12345\xff",
        b"[" * 60_000,
        b'{"x": "' + b"x" * 70_000 + b'", "apiKey": "cu_secret_12345"}',
        b"",
    ],
)
def test_a_damaged_login_is_named_and_not_quoted(content: bytes, login: Path) -> None:
    (login / "auth.json").write_bytes(content)
    said = problem_of(found())
    assert str(login / "auth.json") in said
    assert "run `npx checkly login` again" in said
    assert "secret" not in said


def test_a_login_that_is_not_a_file_is_not_waited_for(login: Path) -> None:
    (login / "auth.json").unlink()
    os.mkfifo(login / "auth.json")
    assert "auth.json is damaged" in problem_of(found())
    (login / "config.json").unlink()
    (login / "config.json").mkdir()
    assert "config.json is damaged" in problem_of(found())


@pytest.mark.usefixtures("login")
def test_a_login_that_may_not_be_read_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", refuse)
    assert "config.json can't be read: permission denied." in problem_of(found())


def test_a_damaged_account_does_not_matter_where_it_is_set(
    login: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (login / "config.json").write_text("nonsense")
    monkeypatch.setenv(ACCOUNT, "account-1")
    assert credentials(found()).api_key == "cu_of_the_login"


def test_who_has_logged_out_has_no_credentials(login: Path) -> None:
    for name in ("auth.json", "config.json"):
        (login / name).write_text("{}")
    said = problem_of(found({}, "ci.env", "b.env"))
    assert "CHECKLY_API_KEY and CHECKLY_ACCOUNT_ID are not set" in said
    assert f"ci.env, b.env and the login of `npx checkly login` ({login})." in said
    assert "Run `npx checkly login`, or create a key" in said


def test_the_login_is_shown_as_seen_from_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    said = problem_of(account_settings({}, {}, ()))
    assert f"~{os.sep}.config{os.sep}@checkly{os.sep}cli)" in said or os.name != "posix"


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("CHECKLY_API_KEY=cu_1\nCHECKLY_ACCOUNT_ID=a\n", "CHECKLY_API_KEY and CHECKLY_ACCOUNT_ID"),
        ("A=1\n  export CHECKLY_API_KEY = 'cu_1'\n", "CHECKLY_API_KEY"),
        ('CHECKLY_ACCOUNT_ID="a"', "CHECKLY_ACCOUNT_ID"),
    ],
)
def test_a_key_that_stands_unused_in_a_dotenv_file_is_told(
    text: str, there: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(text)
    said = problem_of(found())
    assert f".env sets {there}: pass --env-file .env to use it." in said
    assert "cu_1" not in said


@pytest.mark.parametrize(
    "text",
    [
        "#CHECKLY_API_KEY=cu_1",
        "CHECKLY_API_KEY=\nB=1",
        "CHECKLY_API_KEY=''",
        "MY_CHECKLY_API_KEY=1",
    ],
)
def test_a_dotenv_file_without_a_key_is_not_mentioned(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(text)
    assert ".env" not in problem_of(found())
