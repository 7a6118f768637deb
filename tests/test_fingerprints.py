"""Whether a secret changed is told without keeping it."""

from runner.fingerprints import Fingerprinter


def test_a_fingerprint_tells_a_change_and_nothing_else() -> None:
    made = Fingerprinter("key")
    stored = made.fingerprint("hunter22", "smoke/TOKEN")
    assert stored.startswith(made.key_id + ":")
    assert "hunter22" not in stored
    assert made.fingerprint("hunter22", "smoke/TOKEN") == stored
    assert made.fingerprint("hunter23", "smoke/TOKEN") != stored
    assert made.fingerprint("hunter22", "other/TOKEN") != stored
    assert Fingerprinter("another").key_id != made.key_id


def test_the_key_is_derived_by_hkdf() -> None:
    """As the package ``cryptography`` derives it, salt and purpose being the runner's."""
    assert Fingerprinter("key").key_id == "c72da3e5fc137ffc"


def test_the_key_can_not_be_read_off_its_id() -> None:
    assert b"api-key-value".hex() not in Fingerprinter("api-key-value").key_id
    assert len(Fingerprinter("x").key_id) == 16
