"""Breaks the pure core on purpose, line by line, and counts the changes that no test notices.

``python -m bench.mutants [MODULE…]`` (``make mutants``, ``make mutants MODULES="limiter diff"``)
runs mutmut with the settings in ``pyproject.toml`` and prints the share of survivors by module, and
each survivor with the reason in ``survivors.toml`` why no test can notice it. Results are kept in
``mutants/``, so that a second run only tries what has changed.
"""

import re
import subprocess
import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

_RESULT = re.compile(r"^\s*(\S+)\.(x\S+__mutmut_\d+): (.+)$", re.MULTILINE)
#: A change that makes a test run for ever is noticed; one that no test reaches is not.
_NOTICED = {"killed", "timeout", "suspicious", "segfault", "caught by type check"}
_LEFT_OUT = {"not checked", "skipped"}
_REASONS = Path(__file__).with_name("survivors.toml")


def count(results: str) -> dict[str, Counter[str]]:
    """The number of changes by module and by what came of them, from mutmut's list."""
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for module, _, status in _RESULT.findall(results):
        if status not in _LEFT_OUT:
            counted[module]["noticed" if status in _NOTICED else "survived"] += 1
    return counted


def table(counted: Mapping[str, Counter[str]]) -> Iterator[str]:
    """A line for each module, and one for all of them."""
    rows = [*sorted(counted.items()), ("all", sum(counted.values(), Counter[str]()))]
    yield f"{'module':<36} {'changes':>8} {'survived':>9} {'share':>7}"
    for module, by_status in rows:
        changes, survived = by_status.total(), by_status["survived"]
        share = f"{survived / changes:.1%}" if changes else "-"
        yield f"{module:<36} {changes:>8} {survived:>9} {share:>7}"


def reason(module: str, shown: str) -> str:
    """Why a change need not be noticed, by the line that it writes in mutmut's diff."""
    known: dict[str, str] = tomllib.loads(_REASONS.read_text(encoding="utf-8")).get(module, {})
    written = re.findall(r"^\+(?!\+\+ )\s*(.*)$", shown, re.MULTILINE)
    return next((known[line] for line in written if line in known), "no reason is known")


def _mutmut(*arguments: str) -> subprocess.CompletedProcess[str]:
    run = [sys.executable, "-m", "mutmut", *arguments]
    return subprocess.run(run, check=False, capture_output=True, text=True)


def main() -> int:
    """Run mutmut on the modules named, else on all of the pure core."""
    names = [f"*.{name.removesuffix('.py')}.*" for name in sys.argv[1:]]
    done = _mutmut("run", *names)
    results = _mutmut("results", "--all", "true").stdout
    if not (counted := count(results)):
        print(done.stdout, done.stderr, file=sys.stderr)
        return 1
    for module, mutant, status in _RESULT.findall(results):
        if status not in _NOTICED | _LEFT_OUT:
            name = f"{module}.{mutant}"
            print(f"{status}: {name}: {reason(module, _mutmut('show', name).stdout)}")
    print("\n".join(table(counted)))
    print("`.venv/bin/mutmut show NAME` shows a change.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
