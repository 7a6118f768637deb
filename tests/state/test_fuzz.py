"""State documents that anybody could have written: a message and an exit code, never a crash."""

import asyncio
import copy
import io
import json
import random
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from runner.cli.app import runner
from runner.cli.console import Console
from runner.cli.error_handler import run
from runner.state.state import State
from runner.state.store.address import open_store
from tests.cli.services.test_state import FILE, fill
from tests.state.conftest import an_attempt, leave

COMMANDS = (
    ("status",),
    ("history",),
    ("checks",),
    ("plan", "--offline"),
    ("state", "list"),
    ("state", "show", "smoke"),
    ("state", "export"),
    ("state", "prune", "--keep", "0", "--yes"),
    ("state", "compact"),
    ("state", "forget", "other", "--yes"),
    ("state", "unlock", "--yes"),
)
ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    1e20,
    1e400,
    10**400,
    "",
    "\ud83d",
    "::error::x\x1b[2J",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999Z",
    "2026-08-01T12:00:00",
    "x" * 5000,
    [],
    {},
    [[[]]],
    {"secret": {"fingerprint": 1}},
    {"volatile": {"template": None}},
    {"unset": 5},
)


def paths_in(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path]
    for key in keys(tree) if isinstance(tree, dict | list) else ():
        found += paths_in(tree[key], (*path, key))
    return found


def changed(data: bytes, rng: random.Random) -> bytes:
    """A document with something wrong in it."""
    if rng.random() < 0.15:
        return data[: rng.randrange(len(data))]
    tree = json.loads(data)
    for _ in range(rng.randint(1, 3)):
        path = rng.choice(paths_in(tree))
        if not path:
            continue
        within = tree
        for key in path[:-1]:
            within = within[key] if isinstance(within, dict | list) and key in keys(within) else {}
        if isinstance(within, dict | list) and path[-1] in keys(within):
            if rng.random() < 0.2:
                del within[path[-1]]
            else:
                within[path[-1]] = copy.deepcopy(rng.choice(ODD))
    return json.dumps(tree).encode()


def keys(tree: Any) -> list[Any]:
    return list(tree) if isinstance(tree, dict) else list(range(len(tree)))


def play(folder: Path, rounds: int, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("CHECKLY_API_KEY", "key-of-the-account")
    monkeypatch.setenv("CHECKLY_ACCOUNT_ID", "acc")
    (folder / "checkly-sessions.yaml").write_text(FILE)
    state = State(
        open_store(None, folder=folder), host="api.checklyhq.com", account="acc", scope="default"
    )
    fill(state)
    asyncio.run(leave(state, an_attempt("other", "01KZZZZZZZZZZZZZZZZZZZZZZZ")))
    shutil.copytree(folder / ".runner", folder / "whole")
    rng = random.Random(seed)
    for number in range(rounds):
        shutil.rmtree(folder / ".runner")
        shutil.copytree(folder / "whole", folder / ".runner")
        documents = sorted((folder / ".runner").rglob("*.json"))
        victim = rng.choice(documents)
        victim.write_bytes(changed(victim.read_bytes(), rng))
        arguments = list(rng.choice(COMMANDS))
        out, err = io.StringIO(), io.StringIO()
        with monkeypatch.context() as patch:
            for name, stream in (("stdout", out), ("stderr", err)):
                patch.setattr(sys, name, stream)
            patch.setattr(Console, "_process", None)
            code = run(runner, arguments)
        printed = out.getvalue() + err.getvalue()
        told = f"seed {seed}, round {number}: {arguments} of {victim}\n{printed}"
        assert code != 70, told
        assert "\x1b" not in printed, told


def test_no_document_makes_it_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    play(tmp_path, 60, 7, monkeypatch)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_none_of_many_documents_makes_it_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(tmp_path, 3000, 8, monkeypatch)
