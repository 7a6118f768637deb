"""Plays a page in a shell, from top to bottom, as its reader would.

A folder of the page's own holds the sample file under git, and what a reader who comes to the page
would have. A whole file on the page takes the sample's place. The API is an emulator; what the
page says about credentials is left out.
"""

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.docs.blocks import ROOT, Block

#: What a reader of some page has in the folder already.
FILES = {
    ".github/workflows/smoke.yml": "jobs:\n  production-smoke:\n    steps:\n"
    "      - run: npx checkly trigger --tags=production\n",
    ".env": "SHOP_PASSWORD=from-the-env-file\n",
}
#: Lines that are not run, and why. What can be said about them is asserted by test_blocks.py.
NOT_RUN = {
    r"(pip|pipx|uv tool) install ": "installs from an index; tests/test_package.py does",
    r"export .*…": "sets credentials of the reader's own",
    r"schemathesis run ": "takes minutes; tests/emulator/test_fuzz.py does the same",
}
#: What an example that was tried out leaves behind.
_STATE = shutil.ignore_patterns(".runner")
_COMMAND = re.compile(r"^\$ ((?:.*\\\n)*.*)\n?", re.MULTILINE)


@dataclass(frozen=True)
class Step:
    """A command of a page.

    Attributes:
        command: What the shell is given.
        shown: What the page shows of its output, ``None`` where it shows nothing.
        code: The exit code that it has to end with.
    """

    block: Block
    command: str
    shown: str | None
    code: int = 0


@dataclass(frozen=True)
class Played:
    """What came of a step."""

    step: Step
    code: int
    output: str


def commands(block: Block) -> list[Step]:
    """The commands of a console block, each with the output below it."""
    pieces = _COMMAND.split(block.text)
    assert not pieces[0], f"{block} does not begin with a command"
    steps = []
    for command, shown in zip(pieces[1::2], pieces[2::2], strict=True):
        code = re.search(r"# exit code (\d+)", command)
        steps.append(Step(block, command, shown.strip("\n") or None, int(code[1]) if code else 0))
    return steps


def not_run(command: str) -> bool:
    """Whether a command is on the list of those that can't run here."""
    return any(re.match(start, command) for start in NOT_RUN)


def steps(page: Iterable[Block]) -> list[Step | Block]:
    """What a page does, in order: commands, and files that it shows."""
    found: list[Step | Block] = []
    for block in page:
        if block.kind == "session":
            found += commands(block)
        elif block.kind == "file":
            found.append(block)
        elif block.kind in {"hidden", "script"}:
            found.append(Step(block, block.text.rstrip("\n"), None))
        elif block.kind == "output":
            last = found.pop()
            assert isinstance(last, Step)
            found.append(Step(block, last.command, block.text.strip("\n"), last.code))
    return [one for one in found if isinstance(one, Block) or not not_run(one.command)]


def play(todo: list[Step | Block], folder: Path, environment: Mapping[str, str]) -> list[Played]:
    """Run the steps in one shell in ``folder``."""
    logs = folder.parent / f"{folder.name}-logs"
    logs.mkdir()
    script = ["trap 'kill $(jobs -p) 2>/dev/null' EXIT"]
    for number, step in enumerate(todo):
        if isinstance(step, Block):
            (logs / f"{number}.yaml").write_text(step.text, encoding="utf-8")
            script.append(f"cp {shlex.quote(str(logs / f'{number}.yaml'))} checkly-sessions.yaml")
            continue
        out = shlex.quote(str(logs / f"{number}.out"))
        script.append(_line(step.command, out))
        script.append(f"echo $? > {shlex.quote(str(logs / f'{number}.code'))}")
    done = subprocess.run(
        ["bash", "-c", "\n".join(script)],
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    last = next(number for number in reversed(range(len(todo))) if isinstance(todo[number], Step))
    assert (logs / f"{last}.code").exists(), done.stderr
    return [
        Played(
            step,
            int((logs / f"{number}.code").read_text()),
            (logs / f"{number}.out").read_text(encoding="utf-8").strip("\n"),
        )
        for number, step in enumerate(todo)
        if isinstance(step, Step)
    ]


def _line(command: str, out: str) -> str:
    """A line of the script: ``command``, with all that it prints written to ``out``."""
    if command.startswith("runner emulator"):
        command = re.sub(r"--port \d+", "--port 0", command)  # that one may be taken
        ready = f"until grep -q API_KEY {out}.live; do sleep 0.05; done"
        return f"{command} > {out}.live 2>&1 &\n{ready}\ncp {out}.live {out}"
    return f"{{ {command}\n}} > {out} 2>&1"


def prepare(folder: Path, page: Path) -> None:
    """Make the folder in which a page is played: a repository with a commit on ``main``."""
    shutil.copy(ROOT / "checkly-sessions.yaml", folder)
    shutil.copytree(ROOT / "schemas", folder / "schemas")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    if "examples" in page.parts:
        shutil.copytree(ROOT / "examples", folder / "examples", ignore=_STATE)
        if page.with_name("checkly-sessions.yaml").exists():
            shutil.copytree(page.parent, folder, dirs_exist_ok=True, ignore=_STATE)
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    for words in (["init", "-qb", "main"], ["add", "."], ["commit", "-qm", "Sell gift cards"]):
        subprocess.run(["git", *who, *words], cwd=folder, check=True)


_NORMAL = {
    r"\(process \d+\)": "(PROCESS)",
    r"https?://\S+/test-sessions/\S+|https://app\.checklyhq\.com/…": "LINK",
    r"127\.0\.0\.1:\d+": "HOST",
    r"\b01[0-9A-HJKMNP-TV-Z]{8}(?:[0-9A-HJKMNP-TV-Z]{16}|…)": "ID",
    r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)? UTC": "TIME",
    r"^\d\d:\d\d:\d\dZ": "CLOCK",
    r"just now|\b\d+ (s|min|h|days?) ago": "AGO",
    r"\b([0-9a-f]{7}|[0-9a-f]{12})\b": "COMMIT",
    r"\b\d+(\.\d+)? (min( \d+ s)?|s)\b": "DURATION",
    r"\bby \w+ on [\w.-]+": "by WHO",
    r"[▁▂▃▄▅▆▇█]+": "BARS",
    r" {2,}": "  ",
}


def normal(text: str) -> list[str]:
    """The lines of a text without what differs from run to run."""
    for pattern, word in _NORMAL.items():
        text = re.sub(pattern, word, text, flags=re.MULTILINE)
    return [line.rstrip() for line in text.splitlines()]


def matches(shown: str, real: str) -> bool:
    """Whether a page shows ``real``.

    A line ``…`` on the page stands for any lines, a ``…`` in a line for any text.
    """
    if shown.startswith("{"):
        return bool(json.loads(shown) == json.loads(real))
    pattern = ""
    for line in normal(shown):
        pattern += r"(?:.*\n)*?" if line.strip() == "…" else _pattern(line) + "\n"
    lines = "".join(f"{line}\n" for line in normal(real))
    return re.fullmatch(pattern, lines) is not None


def _pattern(line: str) -> str:
    return ".*".join(map(re.escape, line.split("…")))
