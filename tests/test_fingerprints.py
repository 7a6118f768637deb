"""Whether a secret changed is told without keeping it."""

from runner.fingerprints import Fingerprinter


def test_a_fingerprint_tells_a_change_and_nothing_else() -> None:
    made = Fingerprinter("key")
    stored = made.fingerprint("hunter22", "smoke/TOKEN")
    assert stored.startswith(made.key_id + ":")
    assert "hunter22" not in stored
    assert made.same(stored, "hunter22", "smoke/TOKEN") is True
    assert made.same(stored, "hunter23", "smoke/TOKEN") is False
    assert made.same(stored, None, "smoke/TOKEN") is False
    assert made.same(stored, "hunter22", "other/TOKEN") is False
    assert Fingerprinter("another").same(stored, "hunter22", "smoke/TOKEN") is None
    assert made.same("nonsense", "hunter22", "smoke/TOKEN") is None


def test_the_key_can_not_be_read_off_its_id() -> None:
    assert b"api-key-value".hex() not in Fingerprinter("api-key-value").key_id
    assert len(Fingerprinter("x").key_id) == 16
