"""The client of Checkly's API: requests, retries, rate limit."""

import sys

# Where rich is installed, httpx loads it and a syntax highlighter for its command-line program:
# half of its import time. A module that is None can't be imported, and without this one httpx
# behaves as if rich were not installed.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type] # typed as modules alone
