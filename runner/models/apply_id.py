"""Ids of applies: sorted as text they are sorted by time."""

import random
from datetime import UTC, datetime, timedelta
from functools import reduce

#: Crockford's base 32: no letter that is mistaken for a digit, in ascending order.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RANDOM_BITS = 80
_TIME_CHARACTERS = 10


def new_apply_id(now: datetime, rng: random.Random) -> str:
    """Make an id as ULIDs are made: 48 bits of milliseconds, then 80 random bits."""
    milliseconds = (now - datetime.fromtimestamp(0, UTC)) // timedelta(milliseconds=1)
    number = milliseconds << _RANDOM_BITS | rng.getrandbits(_RANDOM_BITS)
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def time_of(apply_id: str) -> datetime | None:
    """Return when the apply of an id began, to the millisecond; ``None`` for a foreign id."""
    try:
        digits = map(_ALPHABET.index, apply_id[:_TIME_CHARACTERS])
        milliseconds = reduce(lambda number, digit: number << 5 | digit, digits, 0)
        return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=milliseconds)
    except (ValueError, OverflowError):
        return None
