"""Environment variables that are switches."""

from collections.abc import Mapping

_OFF = frozenset({"", "0", "false", "no", "off"})


def is_on(environ: Mapping[str, str], name: str) -> bool:
    """Whether a switch is on: set, and to something that does not say no."""
    return environ.get(name, "").strip().lower() not in _OFF
