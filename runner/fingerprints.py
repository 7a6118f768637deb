"""Tells whether a secret changed, without its value being kept anywhere."""

import hashlib
import hmac
import json


class Fingerprinter:
    """Tells whether a secret changed, without its value being kept anywhere.

    Attributes:
        key_id: Says which key made a fingerprint, so that a rotated key is noticed.
    """

    def __init__(self, key: str) -> None:
        """Derive the keys from ``key`` (HKDF with SHA-256, RFC 5869)."""
        self._key = _hkdf(key.encode(errors="surrogateescape"), b"fingerprint")
        self.key_id = _hkdf(key.encode(errors="surrogateescape"), b"key id")[:8].hex()

    def fingerprint(self, value: str | None, context: str) -> str:
        """What may be stored for a secret.

        Args:
            value: The secret; ``None`` for null.
            context: Where it belongs (account, instance, variable), so that equal secrets in
                two places do not show as equal.

        Returns:
            The key's id and an HMAC, in hexadecimal: ``0123456789abcdef:…``.
        """
        message = json.dumps([context, value]).encode()
        digest = hmac.new(self._key, message, hashlib.sha256).hexdigest()
        return f"{self.key_id}:{digest}"

    def same(self, stored: str, value: str | None, context: str) -> bool | None:
        """Whether ``value`` is the secret a stored fingerprint was made of.

        Returns:
            ``None`` if that can't be told: it was made with another key.
        """
        if stored.partition(":")[0] != self.key_id:
            return None
        return hmac.compare_digest(stored.encode(), self.fingerprint(value, context).encode())

    def __repr__(self) -> str:
        return f"Fingerprinter({self.key_id})"


def _hkdf(key: bytes, purpose: bytes) -> bytes:
    """32 bytes derived from ``key`` for one purpose (RFC 5869, one block of output)."""
    extracted = hmac.new(b"checkly-sessions-runner", key, hashlib.sha256).digest()
    return hmac.new(extracted, purpose + b"\x01", hashlib.sha256).digest()
