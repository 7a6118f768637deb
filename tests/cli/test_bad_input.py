"""What cannot be read ends soon, in little memory, with a diagnostic and exit 2."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

NAME = "checkly-sessions.yaml"
SECONDS = 2.0
MEGABYTES = 300

HEAD = "version: 1\nprofiles:\n"


def bomb() -> str:
    lines = ["x-0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    for level in range(1, 9):
        aliases = ", ".join([f"*a{level - 1}"] * 10)
        lines.append(f"x-{level}: &a{level} [{aliases}]")
    return "\n".join(lines)


def merge_bomb() -> str:
    lines = ["x-0: &a0 {" + ", ".join(f"k{key}: 1" for key in range(100)) + "}"]
    lines += [f"x-{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}]}}" for i in range(1, 30)]
    return "\n".join(lines)


def huge(path: Path) -> None:
    with path.open("wb") as stream:
        stream.truncate(50 * 1024 * 1024)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def outside(path: Path) -> None:
    (path.parent.parent / "secret.yaml").write_text("password: swordfish\n")
    path.symlink_to("../secret.yaml")


def include_through_a_link(path: Path) -> None:
    outside(path.parent / "p.yaml")
    path.write_text("include: [p.yaml]\n" + HEAD)


def text(content: str | bytes) -> Callable[[Path], None]:
    data = content.encode() if isinstance(content, str) else content

    def write(path: Path) -> None:
        path.write_bytes(data)

    return write


IN_ORDER = "version: 1\ndefaults: {runLocation: x, target: all}\nprofiles:\n"


def template(expression: str) -> Callable[[Path], None]:
    """A file with an expression that must not be worked out."""
    return text(f'{IN_ORDER}  smoke: {{name: "$<{expression}>"}}\n')


def profiles(count: int, body: str) -> Callable[[Path], None]:
    """A file with many profiles; in ``body``, ``#`` is the number of each, ``+`` the next one's."""
    lines = (
        f"  p{i}: {{{body.replace('#', str(i)).replace('+', str((i + 1) % count))}}}\n"
        for i in range(count)
    )
    return text(IN_ORDER + "".join(lines))


def cube(size: int) -> Callable[[Path], None]:
    """A file with a matrix of three axes."""
    values = ", ".join(map(str, range(size)))
    axes = ", ".join(f"{axis}: [{values}]" for axis in "xyz")
    return text(f"{IN_ORDER}  smoke: {{matrix: {{{axes}}}}}\n")


CASES: dict[str, tuple[Callable[[Path], None], str]] = {
    "duplicate keys": (text("version: 1\nversion: 1\n"), "error[duplicate-key]"),
    "many duplicate keys": (text("a: 1\n" * 500_000), "error[too-many-problems]"),
    "tabs": (text(HEAD + "\tsmoke: {}\n"), "error[tab]"),
    "aliases that explode": (text(bomb()), "error[too-many-aliases]"),
    "merges that explode": (text(merge_bomb()), "error[too-many-aliases]"),
    "a merge of itself": (text("a: &a\n  <<: *a\n"), "error[recursive-alias]"),
    "a merge of text": (text("a: {<<: b}\n"), "error[bad-merge]"),
    "deep lists": (text("a: " + "[" * 10_000), "error[too-deep]"),
    "deep mappings": (text("a: " + "{b: " * 10_000), "error[too-deep]"),
    "50 MB": (huge, "is larger than 16 MiB"),
    "NUL": (text("version: \0 1\n"), "error[control-character]"),
    "invalid UTF-8": (text(b"version: \xff\n"), "error[not-utf-8]"),
    "UTF-16": (text("version: 1\n".encode("utf-16")), "error[not-utf-8]"),
    "several documents": (text("version: 1\n---\nversion: 1\n"), "error[several-documents]"),
    "a tag": (text("a: !!python/object/apply:os.system [x]\n"), "error[custom-tag]"),
    "include outside": (text("include: [../x.yaml]\n" + HEAD), "error[include-outside]"),
    "include of itself": (text(f"include: [{NAME}]\n" + HEAD), "error[include-of-itself]"),
    "include of nothing": (text("include: [p/*.yaml]\n" + HEAD), "error[include-matches-nothing]"),
    "include through a link": (include_through_a_link, "error[unreadable-include]"),
    "a link that leads out": (outside, "leads out of the repository"),
    "a device": (device, "leads out of the repository"),
    "a pipe": (os.mkfifo, "is a pipe, not a file"),
    "a folder": (Path.mkdir, "is a folder, not a file"),
    "a long cycle": (profiles(5_000, "extends: p+"), "error[extends-cycle]"),
    "a long cycle of needs": (profiles(5_000, "needs: p+"), "error[needs-cycle]"),
    "layers that add up": (
        profiles(2_500, "extends: [p+], labels: {a#: b, c#: d}"),
        "error[too-large]",
    ),
    "a million instances": (
        cube(100),
        "This matrix has 1,000,000 combinations, more than the limit of 1,000",
    ),
    "a long axis": (cube(10_000), "error[matrix-size]"),
    "many unknown keys": (
        text(f"{IN_ORDER}  smoke:\n" + "".join(f"    key{n}: 1\n" for n in range(20_000))),
        "error[unknown-key]",
    ),
    "many unknown variables": (
        text(
            "variables:\n"
            + "".join(f"  v{n}: 1\n" for n in range(2_000))
            + f"{IN_ORDER}  smoke:\n    labels:\n"
            + "".join(f"      k{n}: $<var.w{n}>\n" for n in range(2_000))
        ),
        "error[bad-template]: unknown variable",
    ),
    "many typos": (profiles(3_000, "extends: q#"), "error[unknown-profile]"),
    "a megabyte": (template("1 + " * 250_000 + "1"), "error[bad-template]"),
    "nothing": (text(""), "error[empty-file]"),
    "one long line": (text("a: [" + "x:y, " * 100_000), "error[yaml-syntax]"),
}


#: Runs a program, and writes down its exit code, seconds of processor time and megabytes.
ACCOUNTED = """
import json, resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stderr=subprocess.STDOUT).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open("usage", "w") as file:
    json.dump([code, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024], file)
"""
#: What makes a program measure its coverage, which takes longer than what it does.
MEASURING = frozenset({"COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START"})


def validate(folder: Path, make: Callable[[Path], None]) -> tuple[int, str, float, float]:
    """Exit code, output, seconds of processor time and megabytes of a run on a made file.

    Processor time, for the machine may have other things to do.
    """
    (folder / ".git").mkdir(parents=True)
    make(folder / NAME)
    # By way of a small program: a process starts with the memory of the one it is made from.
    done = subprocess.run(
        [sys.executable, "-c", ACCOUNTED, sys.executable, "-m", "runner", "validate"],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name not in MEASURING},
        capture_output=True,
        text=True,
        check=False,
    )
    code, seconds, megabytes = json.loads((folder / "usage").read_text())
    return code, done.stdout, seconds, megabytes


@pytest.fixture(scope="session")
def usual_seconds(tmp_path_factory: pytest.TempPathFactory) -> float:
    """What a file in order takes, on a machine that may be busy."""
    good = text(HEAD + "  smoke: {target: all, runLocation: eu-west-1}\n")
    code, said, seconds, _ = validate(tmp_path_factory.mktemp("usual") / "repository", good)
    assert code == 0, said
    return seconds


@pytest.mark.parametrize("name", CASES)
def test_bad_input_ends_soon_with_a_diagnostic(
    name: str, tmp_path: Path, usual_seconds: float
) -> None:
    make, expected = CASES[name]
    code, said, seconds, megabytes = validate(tmp_path / "repository", make)
    assert code == 2, said
    assert expected in said
    assert "Traceback" not in said
    assert "swordfish" not in said
    assert seconds < max(SECONDS, SECONDS * usual_seconds)
    assert megabytes < MEGABYTES


ATTACKS = [
    "env",
    "env.items()",
    "env['HOME']",
    "env.CHECKLY_API_KEY",
    "env.GITHUB_TOKEN",
    "''.__class__.__mro__",
    "cycler.__init__.__globals__",
    "'' | attr('__class__')",
    "['a'] | map(attribute='__class__') | list",
    "var.x | map('attr', '__class__') | list",
    "'{0.__class__}'.format('')",
    "'x' * 10**9",
    "range(10**9)",
    "9 ** 9 ** 9 ** 9",
    "range(9999) | map('string') | join * 10**6",
    "[[[[range(9999)] * 9999] * 9999] * 9999] * 9999",
    "'a'.center(10**9)",
    "'a' | replace('', 'b' * 10**6) | replace('', 'c' * 10**6)",
    "lipsum(n=10**6)",
]


def test_templates_that_attack_end_soon_with_a_diagnostic_each(
    tmp_path: Path, usual_seconds: float
) -> None:
    lines = (f'  p{i}: {{name: "$<{attack}>"}}\n' for i, attack in enumerate(ATTACKS))
    code, said, seconds, megabytes = validate(
        tmp_path / "repository", text(IN_ORDER + "".join(lines))
    )
    assert code == 2
    for line in range(4, 4 + len(ATTACKS)):
        assert re.search(rf"^{re.escape(NAME)}:{line}:\d+: error\[", said, re.MULTILINE), line
    assert "Traceback" not in said
    assert seconds < max(SECONDS, SECONDS * usual_seconds)
    assert megabytes < MEGABYTES
