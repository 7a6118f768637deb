"""Ids of applies: sorted as text they are sorted by time."""

import random
from datetime import UTC, datetime, timedelta

#: Crockford's base 32: no letter that is mistaken for a digit, in ascending order.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RANDOM_BITS = 80


def new_apply_id(now: datetime, rng: random.Random) -> str:
    """An id as ULIDs are made: 48 bits of milliseconds, then 80 random bits, 26 characters."""
    milliseconds = (now - datetime.fromtimestamp(0, UTC)) // timedelta(milliseconds=1)
    number = milliseconds << _RANDOM_BITS | rng.getrandbits(_RANDOM_BITS)
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))
