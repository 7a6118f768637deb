"""Changed command lines and scripts never become a target that is wider than what bash would run.

Bash itself, with nothing on its path but a program that writes down how it was called, tells what
each text runs; a few lines below tell what the official CLI would make of those words.
"""

import json
import os
import random
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, UndefinedError

from runner.errors import UsageError
from runner.importer.find import import_command, import_file

VARIABLES = {"TAGS": "a,b", "MORE": "c", "WORDS": "d e", "FLAGS": "--tags f"}
PIECES = [
    "--tags a", "--tags=a,b", "-t 'a b'", "-ta", '-t "$TAGS"', "--tags $MORE,x", "-t ${TAGS}",
    "-t ${NONE:-a,b}", "--tags a b c", "-t '!a'", "$FLAGS", '"$WORDS"', "-t \"$T\"",
    "--check-id x", "--check-id x,y", "-l eu-west-1", "--retries 1", "-n 'my name'", "-e A=1 B=2",
    "--detach", "-dv", "-e \"C=$TAGS\"", "> /dev/null", "2>&1", "|| true", "\\\n", "-t {a,b}",
    "--env 'D=it''s'", "--", "-t \\$x", '"${A[@]}"', "--no-verbose", "# -t a", "; :", "-t a#b",
    "> f -t z", "2> f -t z", "<<< x", "-t ${T-q}", "-t ${T:=q}", "-t ${T%,*}", "-t ~", "-t a*",
    '"$@"', "-t $1", "'--tags'=a", "-t $'a\\tb'", "$(echo -t x)", '"${A[*]}"', "${A[@]}", "&& :",
    '-t "$TAGS $MORE"', "-t a\\\nb",
]  # fmt: skip
LINES = [
    "# it's checkly trigger", "echo 'checkly trigger'", "cat <<EOF\nit's checkly trigger\nEOF",
    "T=t1,t2", "T=\"$TAGS\"", "A=(-t x)", "A=(-t 'x y' -d)", "A+=(-t z)", "if :; then :; fi",
    "MORE=c,d", "for T in p q; do", "done", "f() {", "}", "f",
    "export T=e", "T=$(echo s)", "(T=s)", "{ T=g; }", ": && T=o", ": || T=o", "T=a | :", "let T=4",
    "((T=3))", "read -r T <<< q", "printf -v T q", "unset T", "set -- -t s", "shift", "IFS=,",
    "eval T=ev", "declare -n R=T", "R=ref", "T=${T:-x}", "T=~", "checkly() { :; }", "A=()",
]  # fmt: skip
#: What is around the command.
WRAPPERS = [
    "{}", "{}", "{}", "({})", "{{ {}\n}}", "if :; then {}\nfi", "[[ x ]] && {}", "true && {} && :",
    "false || {}", "! {}", ": | {}", "{} | :", "{} &\nwait", "case x in x) {}\n;; esac",
    "eval '{}'", "X=$({}\n)", "f() {{ {}\n}}; f -t z", "T=in {}", "for _ in x; do {}\ndone",
    "exec {}",
]  # fmt: skip
CHARACTERS = "-='\"\\ $,;&|#\n(){}<>`*!ta"
VALUES = {"location", "private-location", "config", "timeout", "env-file", "test-session-name",
          "retries"}  # fmt: skip
MANY = {"tags", "check-id", "reporter", "env"}
SWITCHES = {"verbose", "fail-on-no-matching", "record", "refresh-cache", "detach", "no-verbose",
            "no-fail-on-no-matching", "no-record"}  # fmt: skip
SHORT = {"l": "location", "t": "tags", "c": "config", "v": "verbose", "r": "reporter", "e": "env",
         "n": "test-session-name", "d": "detach"}  # fmt: skip

ENVIRONMENT = Environment(autoescape=True)
Filters = tuple[list[frozenset[str]], list[str]]


def filters(words: list[str]) -> Filters | None:  # noqa: C901 # a parser in one piece
    """What the official CLI filters by; ``None`` where it refuses the command line."""
    found: dict[str, list[str]] = {}
    greedy = ""
    waiting = words[::-1]
    while waiting:
        word = waiting.pop()
        if word == "--":
            if waiting:
                return None
            break
        name, equals, value = word[2:].partition("=")
        if word.startswith("-") and not word.startswith("--") and word[1:2] in SHORT:
            name, rest = SHORT[word[1]], word[2:]
            if name in SWITCHES:
                waiting += [f"-{rest}"] if rest else []
                continue
            equals, value = rest, rest.removeprefix("=")
        elif not word.startswith("--"):
            if not greedy or (word.startswith("-") and word != "-"):
                return None
            found[greedy].append(word)
            continue
        if name in SWITCHES and not equals:
            continue
        if name not in VALUES | MANY or (not equals and not waiting):
            return None
        if name in VALUES and name in found:
            return None
        greedy = name if name in MANY else ""
        found.setdefault(name, []).append(value if equals else waiting.pop())
    groups = [frozenset(tags.split(",")) for tags in found.get("tags", [])]
    return groups, [i for ids in found.get("check-id", []) for i in ids.split(",")]


def wanted(target: Any) -> Filters:
    """What an imported target filters by, where the variables are what they are in bash.

    Raises:
        UndefinedError: It reads a variable that is not set, which stops an apply.
    """

    def value(item: Any) -> Any:
        if isinstance(item, str) and item.startswith("$<") and item.endswith(">"):
            return ENVIRONMENT.compile_expression(item[2:-1])(env=VARIABLES)
        return [part.replace("$$<", "$<") for part in item]

    if target == "all":
        return [], []
    groups = [frozenset(value(group)) for group in target.get("matchTags", [])]
    ids = target.get("checkId", [])
    return groups, [ids] if isinstance(ids, str) else ids


def is_wider(ours: Filters, theirs: Filters) -> bool:
    """Whether a check could match ours and not theirs."""
    groups = theirs[0] and not (
        ours[0] and all(any(their <= our for their in theirs[0]) for our in ours[0])
    )
    return bool(groups) or bool(theirs[1] and not (ours[1] and set(ours[1]) <= set(theirs[1])))


def text_of(choose: random.Random) -> tuple[str, bool]:
    """A script, and whether it has something around the command that may keep it from running."""
    lines = choose.choices(LINES, k=choose.choice([0, 0, 0, 1, 2, 3]))
    command = " ".join(["checkly trigger", *choose.choices(PIECES, k=choose.randrange(5))])
    wrapped = choose.choice(WRAPPERS).format(command)
    lines.insert(choose.randrange(len(lines) + 1), wrapped)
    text = "\n".join(lines)
    for _ in range(choose.choice([0, 0, 1, 1, 2, 3])):
        at = choose.randrange(len(text) + 1)
        text = text[:at] + choose.choice([*CHARACTERS, ""]) + text[at + choose.randrange(2) :]
    return text, wrapped != command


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    program = tmp_path / "bin" / "checkly"
    program.parent.mkdir()
    program.write_text('#!/bin/bash\nprintf "%s\\0" "$@" $\'\\1\' >> "$LOG"\n', encoding="utf-8")
    program.chmod(0o755)
    return tmp_path


def runs(text: str, folder: Path) -> list[list[str]]:
    """The words of each call that bash makes."""
    log = folder / "log"
    log.unlink(missing_ok=True)
    shutil.rmtree(folder / "cwd", ignore_errors=True)
    (folder / "cwd").mkdir()
    (folder / "script").write_text(text, encoding="utf-8")
    subprocess.run(
        [shutil.which("bash") or "bash", folder / "script"],
        cwd=folder / "cwd",
        env=VARIABLES | {"PATH": str(folder / "bin"), "LOG": str(log)},
        capture_output=True,
        check=False,
        timeout=5,
        stdin=subprocess.DEVNULL,
    )
    calls = log.read_bytes().split(b"\1\0") if log.exists() else []
    return [[os.fsdecode(word) for word in call.split(b"\0")[:-1]] for call in calls[:-1]]


def targets(text: str, name: str = "") -> list[Any]:
    try:
        found = import_file(name, text) if name else import_command(text)
    except UsageError:
        return []
    return [profile.values.get("target") for profile in found.profiles]


def judge(seeds: Iterable[int], folder: Path) -> None:
    written = 0
    for seed in seeds:
        text, is_wrapped = text_of(random.Random(seed))
        imported = [target for target in targets(text) if target]
        workflow = json.dumps({"on": "push", "jobs": {"a": {"steps": [{"run": text}]}}})
        assert [t for t in targets(workflow, "ci.yml") if t] == imported, (seed, text)
        written += len(imported)
        # A matrix is several runs; a variable with blanks makes several words outside of quotes.
        if not imported or re.search(r"matrix\.|env\.(WORDS|FLAGS)", str(imported)):
            continue
        called = [words[1:] for words in runs(text, folder) if words[:1] == ["trigger"]]
        theirs = [found for words in called if (found := filters(words)) is not None]
        for target in imported if theirs else ():
            try:
                ours = wanted(target)
            except UndefinedError:
                continue
            assert not all(is_wider(ours, other) for other in theirs), (seed, text, target, called)
        # Nothing may have called a function, and a file may be missing.
        if (
            not (theirs or is_wrapped)
            and "f() {" not in text
            and "<" not in text
            and ">" not in text
        ):
            assert "all" not in imported, (seed, text, called)
    assert written


def test_what_is_imported_is_never_wider(folder: Path) -> None:
    judge(range(150), folder)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_what_is_imported_is_never_wider_in_ten_thousand_texts(folder: Path) -> None:
    judge(range(1000, 11_000), folder)
