"""Fingerprints of secrets: they show whether a secret changed and reveal nothing of its value."""

import hashlib
import hmac
import json


class Fingerprinter:
    """Makes fingerprints with one key.

    Attributes:
        key_id: Identifies the key of a fingerprint, so that a rotated key is noticed.
    """

    def __init__(self, key: str) -> None:
        """Derive the keys from ``key`` (HKDF with SHA-256, RFC 5869)."""
        self._key = _hkdf(key.encode(errors="surrogateescape"), b"fingerprint")
        self.key_id = _hkdf(key.encode(errors="surrogateescape"), b"key id")[:8].hex()

    def fingerprint(self, value: str, context: str) -> str:
        """The fingerprint that may be stored for a secret.

        Args:
            value: The secret.
            context: What it is used for; equal secrets differ in another context.

        Returns:
            The key's id and an HMAC, in hexadecimal: ``0123456789abcdef:…``.
        """
        message = json.dumps([context, value]).encode()
        digest = hmac.new(self._key, message, hashlib.sha256).hexdigest()
        return f"{self.key_id}:{digest}"

    def __repr__(self) -> str:
        return f"Fingerprinter({self.key_id})"


def _hkdf(key: bytes, purpose: bytes) -> bytes:
    """32 bytes derived from ``key`` for one purpose (RFC 5869, one block of output)."""
    extracted = hmac.new(b"checkly-sessions-runner", key, hashlib.sha256).digest()
    return hmac.new(extracted, purpose + b"\x01", hashlib.sha256).digest()
