"""Variables over which the library would panic, and print, are refused before it sees them."""

import sys
from pathlib import Path

import pytest

from runner.errors import StateError
from runner.state.store.address import open_store

BAD_ADDRESSES = ["", " ", "x", "localhost:9000", "http://", "http://[", "http://x:99999", "://"]
BAD_ADDRESSES += ["\n", "é", "ht tp://x", "/x", "//x", "http://x/\x01", "http://x/a b", "http://é"]
BAD_ADDRESSES += ["http://xn--www.xn--/", 'http://x/"<>', "http://[fe80::1%25lo]:1", " http://x"]
BAD_ADDRESSES += ["http://x ", "http://x\\y", "http:x:1", "http:/x:1", "ftp://x", "http://:1"]
BAD_ADDRESSES += ["http://x/\n", "http://x:0", "http://x:١"]
GOOD_ADDRESSES = ["http://127.0.0.1:9000", "https://minio.example.com", "http://[::1]:1/a/b"]
GOOD_ADDRESSES += ["HTTP://x", "http://a_b:1", "http://u:p@x:1", "https://xn--bcher-kva.example/"]
ADDRESSES = ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT", "AWS_METADATA_ENDPOINT"]
ADDRESSES += ["GOOGLE_BASE_URL", "AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"]
ADDRESSES += ["AZURE_AUTHORITY_HOST", "AZURE_IDENTITY_ENDPOINT"]
PLACES = {"AWS": "s3://bucket/x", "GOO": "gs://bucket/x", "STO": "gs://bucket/x", "AZU": "az://b/x"}
BAD_TEXTS = {
    "AWS_REGION": [" ", "eu west", "eu-west-1\n", "é", "http://x", "\x7f"],
    "AWS_ACCESS_KEY_ID": ["\n", "AKIA\r\nx: y", "\x7f", "é"],
    "AWS_SESSION_TOKEN": ["a b", "a\n"],
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": ["x", "/a b", "/\x01"],
    "AZURE_STORAGE_ACCOUNT_NAME": ["a\n", "\x01"],
}


def refusal(name: str, value: str, tmp_path: Path) -> str:
    with pytest.raises(StateError) as raised:
        open_store(PLACES[name[:3]], folder=tmp_path, environment={name: value})
    assert raised.value.hint == f"Correct or unset {name}."
    return raised.value.message


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize("value", BAD_ADDRESSES)
def test_an_address_that_is_none(name: str, value: str, tmp_path: Path) -> None:
    message = refusal(name, value, tmp_path)
    assert message == f"{name} is not an address that starts with https:// or http://."


@pytest.mark.parametrize("value", ["a b", "[", "x:99999", "xn--www.xn--"])
def test_an_emulator_s_address(value: str, tmp_path: Path) -> None:
    assert refusal("STORAGE_EMULATOR_HOST", value, tmp_path).startswith("STORAGE_EMULATOR_HOST is")


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in BAD_TEXTS.items() for value in values]
)
def test_a_text_that_fits_no_header(name: str, value: str, tmp_path: Path) -> None:
    assert refusal(name, value, tmp_path).startswith(f"{name} has a character that does not belong")


@pytest.mark.parametrize("value", GOOD_ADDRESSES)
def test_what_is_right_and_what_other_stores_read(value: str, tmp_path: Path) -> None:
    others = {"AZURE_AUTHORITY_HOST": "x", "GOOGLE_BASE_URL": "", "AWS_PROFILE_NOTE": "a\nb"}
    environment = {"AWS_ENDPOINT_URL": value, "AWS_ACCESS_KEY_ID": "AKIA", **others}
    store = open_store(PLACES["AWS"], folder=tmp_path, environment=environment)
    assert store.where() == PLACES["AWS"]


# ---------------------------------------------------------------- profiles of ~/.aws


def open_with(profile: str | None, home: Path, **more: str) -> None:
    named = {"AWS_PROFILE": profile} if profile else {}
    environment = {"HOME": str(home), "AWS_REGION": "eu-west-1", **named, **more}
    open_store("s3://bucket", folder=home, environment=environment)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text(
        "[shop]\naws_access_key_id = AKIA\naws_secret_access_key = canary\n"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / ".aws" / "credentials"))
    return tmp_path


def test_a_profile_that_is_there_opens_the_store(home: Path) -> None:
    open_with("shop", home)


def test_a_profile_that_is_not_there_is_told_where_it_is_needed(home: Path) -> None:
    with pytest.raises(StateError, match="The AWS profile 'other' gives no credentials") as raised:
        open_with("other", home)
    assert "aws sso login" in str(raised.value.hint)
    open_with("other", home, AWS_ACCESS_KEY_ID="AKIA")


def test_a_profile_needs_a_library(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(StateError, match=r"the library .* is not installed"):
        open_with("shop", home)
    open_with(None, home)
