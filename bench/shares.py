"""What an apply spends its time on: ``python -m bench.shares FILE``, a row of Markdown a package.

The API that the environment names is asked; the time that the loop has nothing to do is left out.
"""

import contextlib
import cProfile
import os
import pstats
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from runner.cli.app import runner
from runner.cli.error_handler import run

HTTP = {"anyio", "certifi", "h11", "httpcore", "httpx", "idna", "sniffio"}
WAITING = "<method 'poll' of 'select.epoll' objects>"
LEAST = 0.01
_PACKAGE = re.compile(r".*/(?:site-packages|runner)/([^/.]+)")

Function = tuple[str, int, str]


def shares(profile: cProfile.Profile) -> dict[str, float]:
    """The part of the time of each package, or of Python itself, the greatest first."""
    taken: Counter[str] = Counter()
    stats: dict[Function, Any] = pstats.Stats(profile).stats  # type: ignore[attr-defined] # no stub
    for function, (_, _, own, _, callers) in stats.items():
        if function[2] == WAITING:
            continue
        if function[0] != "~":
            taken[package(function)] += own
        for caller, (_, _, part, _) in callers.items() if function[0] == "~" else ():
            taken[package(caller)] += part
    return {name: each / taken.total() for name, each in taken.most_common()}


def package(function: Function) -> str:
    """Whose a function is."""
    path = function[0]
    if "/asyncio/" in path:
        return "the event loop"
    if "importlib" in path:
        return "imports"
    found = _PACKAGE.match(path)
    if found is None:
        return "the rest of Python's library"
    if "/site-packages/" not in path:
        return f"runner/{found[1]}"
    return "httpx, and what it stands on" if found[1] in HTTP else found[1]


def main() -> None:
    """Apply all of a file, and print the shares."""
    profile = cProfile.Profile()
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        code = profile.runcall(run, runner, ["apply", "--yes", *sys.argv[1:]])
    for name, share in shares(profile).items():
        if share >= LEAST:
            print(f"| {name} | {share:.0%} |")
    sys.exit(code)


if __name__ == "__main__":
    main()
