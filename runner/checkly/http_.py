"""httpx, without the command-line program that is in it."""

import sys

# Where rich is installed, httpx loads it and a syntax highlighter for its command-line program:
# half of its import time. A module that is None can't be imported, and without this one httpx
# behaves as if rich were not installed.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type] # typed as modules alone

import httpx  # noqa: E402 # after the line above

__all__ = ["httpx"]
