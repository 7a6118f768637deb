"""Which key the fingerprints of secrets are made with."""

import pytest

from runner.checkly.account import Credentials
from runner.cli.services.backend import Backend
from runner.cli.services.plan import fingerprint_of
from runner.fingerprints import Fingerprinter

ONLINE = Backend(Credentials("c", "account", "http://127.0.0.1"), "127.0.0.1", emulated=False)
OFFLINE = Backend(None, "127.0.0.1", emulated=False)


@pytest.mark.parametrize(
    ("fingerprint_key", "api_key", "behind", "used"),
    [("f", "a", ONLINE, "f"), ("", "a", ONLINE, "a"), ("", "", ONLINE, "c"), ("", "", OFFLINE, "")],
)
def test_the_fingerprint_key_comes_before_the_api_key(
    fingerprint_key: str,
    api_key: str,
    behind: Backend,
    used: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CHECKLY_SESSIONS_FINGERPRINT_KEY", fingerprint_key)
    monkeypatch.setenv("CHECKLY_API_KEY", api_key)
    made = fingerprint_of(behind)("hunter22")
    assert (made or {}).get("keyId", "") == (Fingerprinter(used).key_id if used else "")
