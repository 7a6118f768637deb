"""Levels of verbosity while an apply runs."""

from enum import IntEnum


class Verbosity(IntEnum):
    """``-q``, neither, or ``-v``."""

    QUIET = 0
    """Warnings and the summary."""
    NORMAL = 1
    """What happens to sessions and checks."""
    VERBOSE = 2
    """Each request to the API as well."""
