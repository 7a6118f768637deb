"""Every fenced block of the pages is run, or checked in another way that is named here."""

import itertools
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
import pytest
from ruamel.yaml import YAML

from docs.reference import VARIABLES
from runner.cli.app import runner
from runner.config.document.starter import SCHEMA_NAME
from runner.emulator.server import Emulator
from runner.emulator.world.world import default_world, load_world
from tests.config.pipeline import run_file
from tests.docs.blocks import PAGES, ROOT, Block, Unknown, blocks
from tests.docs.session import (
    NOT_RUN,
    Played,
    Step,
    commands,
    matches,
    not_run,
    play,
    prepare,
    steps,
)

BLOCKS = {page: list(blocks(page)) for page in PAGES}
PLAYED = [page for page, found in BLOCKS.items() if any(isinstance(s, Step) for s in steps(found))]
SHELL = [
    step
    for found in BLOCKS.values()
    for block in found
    if block.kind == "session"
    for step in commands(block)
]
#: What stands around a piece of a profile so that it is a file.
AROUND = """\
version: 1
variables: {host: www.example.com}
defaults: {target: all%s}
profiles:
  smoke-prod: {runLocation: eu-west-1}
  smoke: {}
  slow: {}
  piece:
"""


def of_kind(*kinds: str) -> list[Block]:
    return [block for found in BLOCKS.values() for block in found if block.kind in kinds]


def folder_of(page: Path) -> str:
    """``docs``, ``examples``, or the name of a page at the top."""
    return page.relative_to(ROOT).parts[0]


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator(default_world(), virtual_time=True) as running:
        yield running


@pytest.fixture(scope="module")
def programs() -> Iterator[Path]:
    """A folder with a ``runner`` in it that starts at once."""
    with tempfile.TemporaryDirectory() as name:  # a socket's path has to be short
        folder = Path(name)
        prefork = str(Path(__file__).with_name("prefork.py"))
        call = shlex.join([sys.executable, "-S", "-E", prefork, "call", str(folder / "socket")])
        (folder / "runner").write_text(f'#!/bin/sh\nexec {call} "$@"\n')
        (folder / "runner").chmod(0o755)
        server = subprocess.Popen(
            [sys.executable, prefork, "serve", str(folder / "socket")],
            start_new_session=True,
            stdout=subprocess.DEVNULL,
        )
        while not (folder / "socket").exists():
            assert server.poll() is None
            time.sleep(0.02)
        yield folder
        os.killpg(server.pid, signal.SIGKILL)  # with what pages left running
        server.wait()


@pytest.mark.parametrize("folder", sorted({*map(folder_of, PLAYED)}))
def test_the_commands_do_what_the_pages_show(
    folder: str,
    emulator: Emulator,
    programs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for key, value in {**emulator.environment, "SHOP_API_TOKEN": "t0ken-of-the-shop"}.items():
        monkeypatch.setenv(key, value)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)

    def one(page: Path) -> list[Played]:
        shop = tmp_path / "-".join(page.relative_to(ROOT).parts)
        shop.mkdir()
        prepare(shop, page)
        return play(steps(BLOCKS[page]), shop, os.environ)

    with ThreadPoolExecutor(4) as pool:  # they mostly wait for sessions to end
        pages = pool.map(one, [page for page in PLAYED if folder_of(page) == folder])
    for played in itertools.chain.from_iterable(pages):
        told = f"{played.step.block}: {played.step.command}\n{played.output}"
        assert played.code == played.step.code, told
        if played.step.shown is not None:
            assert matches(played.step.shown, played.output), told


@pytest.mark.parametrize("block", of_kind("file", "file piece", "profile piece"), ids=str)
def test_every_file_is_valid(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = block.text
    if block.kind == "file piece":
        text = f"version: 1\n{text}"
    elif block.kind == "profile piece":
        axis = "matrix" in text and "matrix:" not in text
        own = "runLocation" in text or axis
        text = AROUND % ("" if own else ", runLocation: eu-west-1")
        text += "".join(f"    {line}\n" for line in block.text.splitlines())
        text += "    matrix: {runLocation: [eu-west-1]}\n" if axis else ""
        text = text.replace("  smoke: {}", "  smoke: {abstract: true}")
        text = text.replace("  slow: {}", "  slow: {abstract: true}")
    file = tmp_path / "checkly-sessions.yaml"
    file.write_text(text, encoding="utf-8")
    outcome = run_file(file, monkeypatch, {})
    assert set(outcome.codes) <= {"unset"}, outcome.text


@pytest.mark.parametrize("block", of_kind("world"), ids=str)
def test_every_world_loads(block: Block, tmp_path: Path) -> None:
    path = tmp_path / "world.yaml"
    path.write_text(block.text, encoding="utf-8")
    assert load_world(path).checks


@pytest.mark.parametrize("block", of_kind("steps"), ids=str)
def test_every_step_of_a_workflow_fits_the_action(block: Block) -> None:
    action = YAML(typ="safe").load(ROOT / "action.yml")
    known = {variable for group in VARIABLES.values() for variable in group}
    for step in block.data:
        assert "/checkly-sessions-runner@" in step["uses"]
        assert step["with"].keys() <= action["inputs"].keys()
        names = {re.sub(r"(?<=_SESSIONS_VAR_)\w+", "NAME", name) for name in step["env"]}
        assert names <= known
        words = [
            "apply",
            *step["with"]["profiles"].split(),
            *step["with"].get("options", "").split(),
        ]
        parse(words)


def test_every_python_block_is_a_test_that_passes(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (block,) = of_kind("python")
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    prepare(tmp_path, block.page)
    for title, text in re.findall(
        r"^# (\w+\.py)\n(.*?)(?=^# \w+\.py$|\Z)", block.text, re.MULTILINE | re.DOTALL
    ):
        (tmp_path / title).write_text(text, encoding="utf-8")
    monkeypatch.setenv("SHOP_API_TOKEN", "t0ken-of-the-shop")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "--rootdir=."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_the_state_is_laid_out_as_told(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (block,) = of_kind("layout")
    lines = [(line, re.split(r"\s{2,}", line.strip())[0]) for line in block.text.splitlines()]
    top = next(shape for _, shape in lines if shape.endswith("/"))
    told = [f"{top}{shape}" if line.startswith(" ") else shape for line, shape in lines]
    told.remove(top)
    monkeypatch.setenv("SHOP_API_TOKEN", "t0ken-of-the-shop")
    for key, value in emulator.environment.items():
        monkeypatch.setenv(key, value)
    prepare(tmp_path, block.page)
    arguments = [sys.executable, "-m", "runner", "apply", "smoke-prod"]
    subprocess.run(arguments, cwd=tmp_path, check=True, capture_output=True)
    shapes = {line: re.sub("<[^>]+>", "[^/]+", line) for line in told}
    found = set()
    for path in (tmp_path / ".runner").rglob("*.json"):
        name_ = path.relative_to(tmp_path / ".runner").as_posix()
        fits = {line for line, shape in shapes.items() if re.fullmatch(shape, name_)}
        assert fits, f"{name_} is not told"
        found |= fits
    # A journal goes when its apply ends; the rest comes with many requests or applies.
    kinds = {"project.json", "locks/<n>.json", "records/<n>.json", "applies/<apply id>.json"}
    assert {line for line in told if line.endswith(tuple(kinds))} == found


@pytest.mark.parametrize("block", of_kind("editor"), ids=str)
def test_every_setting_of_an_editor_names_what_there_is(block: Block) -> None:
    settings = json.loads(block.text)
    for schema in settings.get("yaml.schemas", {}):
        assert schema == f"./{SCHEMA_NAME}"
    for command in settings.get("emeraldwalk.runonsave", {}).get("commands", ()):
        assert re.search(command["match"], "checkly-sessions.yaml")
        parse(command["cmd"].split()[1:])


@pytest.mark.parametrize(
    "command",
    sorted(set(re.findall(r"`runner ([^`…]+)`", (ROOT / "docs/agents.md").read_text("utf-8")))),
)
def test_every_command_that_agents_are_told_of_exists(command: str) -> None:
    parse(shlex.split(command))


@pytest.mark.parametrize("block", of_kind("zsh", "fish"), ids=str)
def test_every_line_for_another_shell_gets_a_script(block: Block) -> None:
    found = re.search(r"_RUNNER_COMPLETE=(\w+)_source runner", block.text)
    assert found
    assert found[1] == block.language
    done = subprocess.run(
        ["sh", "-c", f'PATH="{Path(sys.executable).parent}:$PATH"; {found[0]}'],
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"_RUNNER_COMPLETE={block.language}_complete" in done.stdout


def parse(words: list[str]) -> None:
    """Let click read the words of a command line, without running anything."""
    context = runner.make_context("runner", words)
    group: click.Command = runner
    while isinstance(group, click.Group):
        rest = [*context._protected_args, *context.args]
        found, command, words = group.resolve_command(context, rest)
        assert command is not None
        context = command.make_context(found, words, parent=context)
        group = command


INLINE = sorted(
    {
        found
        for page in PAGES
        for found in re.findall(r"`runner ([a-z][^`]+)`", page.read_text(encoding="utf-8"))
    }
)


@pytest.mark.parametrize("line", INLINE)
def test_every_command_in_the_prose_is_one(line: str) -> None:
    line = line.replace("\\|", "|").partition(" | ")[0]
    line = line.replace("--keep N", "--keep 5").replace("state import FILE", "state import -")
    words = shlex.split(re.sub(r"[\[\]…]", " ", line))
    try:
        parse([*words, "prune"] if words == ["state"] else words)
    except (click.MissingParameter, click.BadOptionUsage):
        assert not line.startswith("apply")  # what else is needed is told around it


def test_what_is_not_run_is_right_all_the_same() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    known = {variable for group in VARIABLES.values() for variable in group}
    left_out = [step.command for step in SHELL if not_run(step.command)]
    for command in left_out:
        program, *words = shlex.split(command.replace("\\\n", ""))
        if program in {"pip", "pipx", "uv"}:
            package, _, extra = words[-1].rstrip("]").partition("[")
            assert package == "."  # a checkout
            assert set(filter(None, extra.split(","))) <= set(project["optional-dependencies"])
        elif program == "export":
            assert {word.partition("=")[0] for word in words} <= known | {"SHOP_API_TOKEN"}
        else:
            assert (ROOT / words[1]).exists()
    for start in NOT_RUN:
        assert any(re.match(start, command) for command in left_out), f"{start} occurs nowhere"


def test_a_block_of_no_kind_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "new.md"
    for block in ("```\nwhat is this?\n```", "```yaml\nunheard: of\n```", "```text\nhm\n```"):
        page.write_text(block, encoding="utf-8")
        with pytest.raises(Unknown):
            list(blocks(page))


def test_there_are_blocks_of_every_kind() -> None:
    assert len(PLAYED) > 10
    assert {block.kind for found in BLOCKS.values() for block in found} == {
        "editor", "file", "file piece", "fish", "hidden", "layout", "made", "output", "plan",
        "profile piece", "python", "script", "session", "steps", "world", "zsh",
    }  # fmt: skip
