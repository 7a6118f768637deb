"""httpx, without the command-line program that is in it."""

import sys

# Where rich is installed httpx loads it, and a highlighter of source code, for a program of its
# own: half of the time that its import takes. A module that is None can't be imported, and
# without this one httpx does as if rich were not there.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type] # typed as modules alone

import httpx  # noqa: E402 # after the line above

__all__ = ["httpx"]
