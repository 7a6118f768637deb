"""Checkly Sessions Runner: declarative Checkly test sessions."""

from runner._version import __version__

__all__ = ["__version__"]
