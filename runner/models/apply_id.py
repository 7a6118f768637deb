"""Ids of applies: sorted as text they are sorted by time."""

import random
from datetime import UTC, datetime, timedelta

#: Crockford's base 32: no letter that is mistaken for a digit, in ascending order.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RANDOM_BITS = 80
_TIME_CHARACTERS = 10


def new_apply_id(now: datetime, rng: random.Random) -> str:
    """An id as ULIDs are made: 48 bits of milliseconds, then 80 random bits, 26 characters."""
    milliseconds = (now - datetime.fromtimestamp(0, UTC)) // timedelta(milliseconds=1)
    number = milliseconds << _RANDOM_BITS | rng.getrandbits(_RANDOM_BITS)
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def time_of(apply_id: str) -> datetime | None:
    """When the apply of that id began, to the millisecond; ``None`` for an id of another make."""
    number = 0
    for character in apply_id[:_TIME_CHARACTERS]:
        if character not in _ALPHABET:
            return None
        number = number << 5 | _ALPHABET.index(character)
    try:
        return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=number)
    except OverflowError:
        return None
