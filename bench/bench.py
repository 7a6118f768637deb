"""``make bench``: each promise of speed as a ratio against its yardstick, taken in one run.

Requests to a store are counted, not timed. Prints a table, and writes the same as JSON to
``bench/results.json``. What the machine lacks (npm for the official command line) is reported as
not measured.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from bench.limiter import usage_and_worst_window
from bench.measure import PAIRS, Usage, ratio, run
from bench.profiles import write_profiles
from runner.emulator.server import Emulator
from runner.emulator.world.world import load_world
from tests.official_cli import installed_program
from tests.state.stub_s3 import StubS3, serving

ROOT = Path(__file__).parents[1]
RUNNER = [str(Path(sys.executable).with_name("runner"))]
LIBRARIES = "import click, pydantic, ruamel.yaml, jinja2"
LOAD = "import sys, yaml; yaml.load(open(sys.argv[1], 'rb'), yaml.CSafeLoader)"
SESSIONS = 200
SECONDS_PER_SESSION = 2
STATE = "s3://bucket"
#: At the limit of an account, one run would wait for those before it.
HURRIED = ("apply", "--yes", "--concurrency", "200", "--requests-per-minute", "6000", "-f")


@dataclass(frozen=True)
class Row:
    """One promise, and what was measured."""

    what: str
    goal: str
    measured: float | None
    reached: bool | None


def at_most(what: str, limit: float, measured: float) -> Row:
    """A figure that may not be above ``limit``."""
    return Row(what, f"≤ {limit:g}", round(measured, 3), measured <= limit)


def at_least(what: str, limit: float, measured: float) -> Row:
    """A figure that may not be below ``limit``."""
    return Row(what, f"≥ {limit:g}", round(measured, 3), measured >= limit)


def not_measured(what: str, goal: str) -> Row:
    """A figure for which the machine lacks something."""
    return Row(what, goal, None, None)


class Bench:
    """Everything that is measured, in one folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "SHOP_API_TOKEN": "not-a-real-token",
        }
        shutil.copy(ROOT / "checkly-sessions.yaml", folder)

    def ratio(self, command: list[str], yardstick: list[str], pairs: int = PAIRS) -> Usage:
        """See ``bench.measure.ratio``."""
        return ratio(command, yardstick, self.environment, str(self.folder), pairs)

    def start_up(self) -> Iterator[Row]:
        """How soon it is there; the runs are short, so there are more of them."""
        python = [sys.executable, "-c"]
        version = self.ratio([*RUNNER, "--version"], [*python, "pass"], PAIRS * 3)
        yield at_most("`runner --version` / `python -c pass`", 5, version.wall)
        validate = self.ratio([*RUNNER, "validate"], [*python, LIBRARIES], PAIRS * 3)
        yield at_most(
            "`runner validate` of the sample / importing its libraries", 1.1, validate.wall
        )
        what = "`runner plan --offline` of the sample / `checkly --version`"
        checkly = self.official()
        if checkly is None:
            yield not_measured(what, "≤ 0.6")
        else:
            plan = self.ratio([*RUNNER, "plan", "--offline"], [*checkly, "--version"], PAIRS * 3)
            yield at_most(what, 0.6, plan.wall)

    def bulk(self) -> Iterator[Row]:
        """How long ten thousand profiles take."""
        files = {count: str(write_profiles(self.folder, count)) for count in (10_000, 20_000)}
        once, twice = ([*RUNNER, "validate", "-f", path] for path in files.values())
        load = [sys.executable, "-c", LOAD, files[10_000]]
        bulk = self.ratio(once, load)
        yield at_most("`validate` of 10,000 profiles / PyYAML's load of the file", 0.6, bulk.cpu)
        yield at_most("peak memory / PyYAML's", 0.6, bulk.peak)
        yield at_most("20,000 profiles / 10,000 profiles", 2.2, self.ratio(twice, once).cpu)
        many = str(write_profiles(self.folder, 5_000, matrix=True))
        self.past(many, 1)
        plan = self.ratio(
            [*RUNNER, "plan", "--offline", "-f", many], [*RUNNER, "validate", "-f", many]
        )
        yield at_most("`plan --offline` of 20,000 instances with records / `validate`", 3, plan.cpu)
        yield at_most("peak memory / that of `validate`", 3, plan.peak)

    def apply(self) -> Iterator[Row]:
        """How long sessions take beyond their own time."""
        world = write_world(self.folder)
        one, many = self.sessions(1), self.sessions(SESSIONS)
        with Emulator(load_world(world)) as emulator:
            self.environment |= emulator.environment
            apply = [*RUNNER, *HURRIED]
            taken = self.ratio([*apply, many], [*apply, one])
            yield at_most(f"`apply` of {SESSIONS} sessions / of one", 1.35, taken.wall)
            yield self.detached(apply)

    def detached(self, apply: list[str]) -> Row:
        """Starting and leaving, against the official command line."""
        what = "20 × `checkly trigger --detach` / starting 20 sessions and leaving"
        checkly = self.official()
        if checkly is None:
            return not_measured(what, "≥ 25")
        twenty = [*apply, self.sessions(20), "--detach"]
        trigger = [*checkly, "trigger", "--tags", "all", "--location", "eu-west-1", "--detach"]
        environment = self.environment | {"CHECKLY_ENV": "local"}
        ratios = []
        for number in range(PAIRS):
            theirs = sum(run(trigger, environment, str(self.folder)).wall for _ in range(20))
            # A scope of its own: what was left behind last time would be settled first.
            ours = run([*twenty, "--scope", f"run-{number}"], self.environment, str(self.folder))
            ratios.append(theirs / ours.wall)
        return at_least(what, 25, statistics.median(ratios))

    def limit(self) -> Iterator[Row]:
        """The limiter on its own, by a clock that does not make anybody wait."""
        worst, used = usage_and_worst_window()
        yield at_most("requests in the fullest 60 s", 600, worst)
        yield at_least("share of the limit that is used when there is work", 0.95, used)

    def state(self) -> Iterator[Row]:
        """How often an apply and the history go to a store, by what a bucket of our own counts."""
        with Emulator(load_world(write_world(self.folder))) as emulator, serving(StubS3()) as stub:
            self.environment |= {
                **emulator.environment,
                "AWS_ENDPOINT_URL": stub.url,
                "AWS_ACCESS_KEY_ID": "none",
                "AWS_SECRET_ACCESS_KEY": "none",
                "AWS_REGION": "us-east-1",
            }
            for count, most in ((4, 24), (SESSIONS, 64)):
                command = [*HURRIED, self.sessions(count)]
                taken = max(self.requests(stub, command) for _ in range(3))
                yield at_most(f"store requests of an `apply` of {count} sessions", most, taken)
            file = self.sessions(5)
            self.past(file, 400, "5", STATE)
            taken = self.requests(stub, ["history", "-n", "20", "session-3", "-f", file])
            yield at_most(
                "store requests of `history -n 20` of a profile among 400 applies", 40, taken
            )

    def requests(self, stub: StubS3, command: list[str]) -> int:
        """How many requests to the store a command makes."""
        before = len(stub.requests)
        run([*RUNNER, "--state", STATE, *command], self.environment, str(self.folder))
        return len(stub.requests) - before

    def past(self, file: str, applies: int, *more: str) -> None:
        """Put into the state what applies of a file leave; see ``bench.past``."""
        command = [sys.executable, "-m", "bench.past", file, str(applies), *more]
        environment = self.environment | {"PYTHONPATH": str(ROOT)}
        subprocess.run(command, env=environment, cwd=self.folder, check=True)

    def official(self) -> list[str] | None:
        """The official command line, installed once; ``None`` where that is not possible."""
        try:
            return [str(installed_program())]
        except pytest.skip.Exception:
            return None

    def sessions(self, count: int) -> str:
        """A file of ``count`` sessions, each of one check."""
        text = "version: 1\nproject: bench\n"
        text += "defaults: {runLocation: eu-west-1, target: {matchTags: [[all]]}}\n"
        text += "profiles:\n" + "".join(f"  session-{number}: {{}}\n" for number in range(count))
        folder = f"sessions-{count}"
        (self.folder / folder).mkdir(exist_ok=True)
        return self.write(f"{folder}/checkly-sessions.yaml", text)

    def write(self, name: str, text: str) -> str:
        """Write a file; returns its path."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)


def write_world(folder: Path) -> Path:
    """Write a world with one check that takes its time; returns its path."""
    path = folder / "world.yaml"
    path.write_text(
        "locations: [{region: eu-west-1, name: Ireland}]\n"
        "checks: [{name: Home page, type: API, tags: [all], "
        f"duration: {SECONDS_PER_SESSION}}}]\n"
    )
    return path


@contextmanager
def bench() -> Iterator[Bench]:
    """A bench in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="runner-bench-") as folder:
        yield Bench(Path(folder))


def line(row: Row) -> str:
    """A row of the table, in Markdown."""
    verdict = {True: "reached", False: "MISSED", None: "not measured"}[row.reached]
    measured = "–" if row.measured is None else f"{row.measured:g}"
    return f"| {row.what} | {row.goal} | {measured} | {verdict} |"


def main() -> int:
    """Measure what is asked for; the exit code says whether every goal was reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parts = ("start_up", "bulk", "apply", "limit", "state")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(parts)}")
    asked = parser.parse_args().parts or parts
    rows = []
    print("| figure | goal | measured | |\n|---|---|---|---|", flush=True)
    with bench() as running:
        for part in asked:
            for row in getattr(running, part)():
                rows.append(row)
                print(line(row), flush=True)
    result = {
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "pairs": PAIRS,
        "rows": [asdict(row) for row in rows],
    }
    (ROOT / "bench" / "results.json").write_text(json.dumps(result, indent=2) + "\n")
    return int(any(row.reached is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
