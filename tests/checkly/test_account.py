"""Credentials and addresses, as the Checkly CLI takes them."""

import pytest

from runner.checkly.account import (
    Credentials,
    Settings,
    address,
    credentials,
    is_loopback,
    missing_credentials,
)
from runner.errors import UsageError

GOOD = {"CHECKLY_API_KEY": "cu_1234567890", "CHECKLY_ACCOUNT_ID": "acc-1"}


def test_the_environment_gives_key_account_and_address() -> None:
    found = credentials(Settings(GOOD))
    assert (found.account_id, found.url) == ("acc-1", "https://api.checklyhq.com")
    assert (found.host, found.is_loopback) == ("api.checklyhq.com", False)
    assert not missing_credentials(GOOD)


def test_the_key_does_not_show_itself() -> None:
    assert "cu_1234567890" not in repr(credentials(Settings(GOOD)))


def test_a_line_break_at_the_end_of_a_ci_secret_does_not_matter() -> None:
    assert credentials(Settings(GOOD | {"CHECKLY_API_KEY": "cu_1\n"})).api_key == "cu_1"


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({}, "CHECKLY_API_KEY and CHECKLY_ACCOUNT_ID are not set"),
        ({"CHECKLY_API_KEY": "k"}, "CHECKLY_ACCOUNT_ID is not set"),
        ({"CHECKLY_API_KEY": " ", "CHECKLY_ACCOUNT_ID": "a"}, "CHECKLY_API_KEY is not set"),
    ],
)
def test_what_is_missing_is_named(environ: dict[str, str], said: str) -> None:
    assert missing_credentials(environ)
    with pytest.raises(UsageError, match=said) as raised:
        credentials(Settings(environ))
    assert raised.value.exit_code == 2


@pytest.mark.parametrize("key", ["two words", "smart’quote", "line\nbreak", "tab\tbed"])
def test_a_key_that_can_be_none_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(UsageError) as raised:
        credentials(Settings(GOOD | {"CHECKLY_API_KEY": key}))
    assert key not in f"{raised.value.message} {raised.value.hint}"


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({}, "https://api.checklyhq.com"),
        ({"CHECKLY_ENV": ""}, "https://api.checklyhq.com"),
        ({"CHECKLY_ENV": "production"}, "https://api.checklyhq.com"),
        ({"CHECKLY_ENV": "staging"}, "https://api-test.checklyhq.com"),
        ({"CHECKLY_ENV": "development"}, "https://api-dev.checklyhq.com"),
        ({"CHECKLY_ENV": "local"}, "http://127.0.0.1:3000"),
        ({"CHECKLY_ENV": "local", "CHECKLY_API_URL": "http://[::1]:1/"}, "http://[::1]:1"),
        (
            {"CHECKLY_API_URL": "https://checkly.example.com/api/"},
            "https://checkly.example.com/api",
        ),
    ],
)
def test_the_address_is_named_or_stood_for(environ: dict[str, str], url: str) -> None:
    assert address(environ) == url


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"CHECKLY_ENV": "prod"}, "'prod', which is not a Checkly environment"),
        ({"CHECKLY_API_URL": "http://api.checklyhq.com"}, "is not encrypted"),
        ({"CHECKLY_API_URL": "http://127.0.0.1.example.com"}, "is not encrypted"),
        ({"CHECKLY_API_URL": "ftp://example.com"}, "not a web address"),
        ({"CHECKLY_API_URL": "example.com"}, "not a web address"),
        ({"CHECKLY_API_URL": "https://"}, "not a web address"),
        ({"CHECKLY_API_URL": "https://[::1"}, "not a web address"),
        ({"CHECKLY_API_URL": "https://example.com:99999"}, "not a web address"),
        ({"CHECKLY_API_URL": "https://exa\nmple.com"}, "not a web address"),
        ({"CHECKLY_API_URL": "https://user:pass@example.com"}, "a plain address"),
        ({"CHECKLY_API_URL": "https://example.com/?key=1"}, "a plain address"),
    ],
)
def test_an_address_that_is_none_or_not_safe_is_refused(environ: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        address(environ)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.8.9.10", "::1"])
def test_this_machine_is_told_by_its_addresses(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "128.0.0.1", "0.0.0.0", "localhost.example.com", "10.0.0.1"])
def test_other_machines_are_no_loopback(host: str) -> None:
    assert not is_loopback(host)


def test_the_host_keeps_its_port() -> None:
    assert Credentials("k", "a", "http://LOCALHOST:80").host == "localhost:80"
