"""Damaged files, answers, plans and state documents end with a message, never as a bug."""

import asyncio
import io
import json
import os
import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from runner.checkly.exchange import Exchange
from runner.checkly.wire import Question, Reply
from runner.cli.app import runner
from runner.cli.console import Console
from runner.cli.error_handler import run
from runner.emulator.server import Emulator
from runner.emulator.world.world import default_world
from runner.models.clock import Clock
from runner.plan.saved_plan import _integrity

FILE = """\
version: 1
project: shop
variables: {host: www.example.com, retries: 2, none: null}
defaults: &base
  runLocation: eu-west-1
  retryStrategy: {type: LINEAR, baseBackoffSeconds: 10, maxRetries: $<var.retries>}
profiles:
  common: {abstract: true, target: {matchTags: [[smoke, "!flaky"], [nightly]]}}
  smoke:
    extends: common
    labels: {team: web, <<: {tier: "1"}}
    matrix: {runLocation: [eu-west-1, us-east-1], exclude: [{runLocation: us-east-1}]}
    quorum: 1
    name: Smoke $<var.host | upper> from $<matrix.runLocation>
    environmentVariables:
      TOKEN: {value: "$<env.SHOP_TOKEN>", secret: true}
      TEXT: |
        several lines
    metadata: {environment: production}
    expectChecks: {min: 1, include: [Checkout]}
    quarantine: [{check: Search, reason: slow, owner: me, until: 2030-01-01}]
  after: {extends: common, needs: smoke}
"""
TREE = json.dumps(YAML(typ="safe").load(FILE), default=str).encode()
NESTED: Any = None
for _ in range(300):
    NESTED = [{"a": NESTED}]
ODD: list[Any] = [
    *(None, True, -1, 0, 10**400, 1e308, float("nan"), float("-inf"), 2**63, 1e20, 0.1),
    *("", "\ud800", "\x00\x1b[2J", "x" * 100_000, "a/../b", "\u202e", [], {}, [None], NESTED),
    *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999-23:59", "2026-01-01T00:00:00", "12"),
    *("https://xn--www.xn--/", "http://[", {"": {"": ""}}, ["a"] * 1000, "running", "passed"),
]
WORDS = ["$<", ">", "{{", "&a ", "*a", "!!x ", "<<: ", "- ", ": ", "\t", "\u2028", "\x00", "'", '"']
WORDS += ["|\n", "? ", "[", "]", "{", "}", "#", "%YAML 3\n", "---\n", "...\n", "1e999", "0x", "~"]
WORDS += ["$<env.SHOP_TOKEN>", "$<var.host ~ ", "$<range(9)|join>", "null", "2026-13-45", "\udc80"]


def damaged_text(text: str, rng: random.Random) -> bytes:
    for _ in range(rng.randint(1, 4)):
        start = rng.randrange(len(text) + 1)
        end = min(start + rng.choice([0, 0, 1, 3, 20, 200]), len(text))
        text = text[:start] + rng.choice([*WORDS, "", text[end : end + 50]]) + text[end:]
    return text.encode(errors="surrogateescape")


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        yield value, key
        if isinstance(item, dict | list):
            yield from places(item)


def damaged_json(data: bytes, rng: random.Random) -> bytes:
    """``data`` with a value exchanged or taken out, or with other bytes."""
    if rng.random() < 0.15:
        return damaged_text(data.decode(errors="surrogateescape"), rng)
    try:
        document = json.loads(data)
    except ValueError:
        return damaged_text(data.decode(errors="surrogateescape"), rng)
    found = list(places(document)) if isinstance(document, dict | list) else []
    if not found or rng.random() < 0.05:
        document = rng.choice(ODD)
    else:
        for holder, key in rng.sample(found, min(len(found), rng.randint(1, 3))):
            if rng.random() < 0.2 and isinstance(holder, dict):
                holder.pop(key, None)
            else:
                holder[key] = rng.choice(ODD)
    return json.dumps(document).encode()


def with_integrity(plan: bytes) -> bytes:
    """A plan file with the digest that fits it, as whoever forges one would write."""
    try:
        document = json.loads(plan)
        document.pop("integrity", None)
        document["integrity"] = _integrity(document)
    except (ValueError, TypeError, AttributeError, RecursionError):  # no object
        return plan
    return json.dumps(document).encode()


class Shell:
    """Commands in this process, none of which may end as a bug."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.monkeypatch = monkeypatch
        (folder / ".git").mkdir()
        (folder / "checkly-sessions.yaml").write_text(FILE)
        monkeypatch.setenv("SHOP_TOKEN", "hunter2-hunter2")
        monkeypatch.setattr(tempfile, "tempdir", str(folder))  # crash files
        monkeypatch.chdir(folder)

    def __call__(self, words: str, seed: int) -> int:
        console = Console(io.StringIO(), io.StringIO())
        self.monkeypatch.setattr(Console, "_process", console)
        code = run(runner, words.split())
        assert isinstance(console.err, io.StringIO)
        crashes = [path.read_text() for path in self.folder.glob("runner-crash-*")]
        assert code != 70, (words, seed, crashes, console.err.getvalue())
        return code


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(tmp_path, monkeypatch)


@pytest.fixture
def emulator(shell: Shell) -> Iterator[Emulator]:
    with Emulator(default_world(), virtual_time=True) as running:
        for name, value in running.environment.items():
            shell.monkeypatch.setenv(name, value)
        yield running


pytestmark = pytest.mark.timeout(900)  # a busy machine is slow
#: So many documents of each kind; with ``make slow``, 5,000 in all.
SHORT = range(12)
LONG = [
    pytest.param(range(start, start + 125), marks=pytest.mark.slow)
    for start in range(25, 1275, 125)
]
SEEDS = pytest.mark.parametrize("seeds", [SHORT, *LONG], ids=lambda seeds: str(seeds[0]))


@SEEDS
def test_a_file(seeds: range, shell: Shell) -> None:
    for seed in seeds:
        rng = random.Random(seed)
        # Half of them as JSON, which is YAML: what is damaged there still parses.
        damaged = damaged_json(TREE, rng) if seed % 2 else damaged_text(FILE, rng)
        (shell.folder / "checkly-sessions.yaml").write_bytes(damaged)
        for words in ("validate --strict", "fmt --diff", "plan --offline", "show smoke"):
            assert shell(words, seed) in {0, 1, 2, 3}


@SEEDS
@pytest.mark.usefixtures("emulator")
def test_an_answer(seeds: range, shell: Shell) -> None:
    send = Exchange.send
    rng, left = random.Random(), [0]

    async def damaging(self: Exchange, question: Question, seconds: float) -> Reply:
        reply = await send(self, question, seconds)
        left[0] -= 1
        if left[0] != 0:
            return reply
        status = rng.choice([reply.status] * 6 + [400, 404, 409])
        return replace(reply, status=status, body=damaged_json(reply.body, rng))

    shell.monkeypatch.setattr(Exchange, "send", damaging)
    shell.monkeypatch.setattr(Clock, "monotonic", lambda _: 50 * time.monotonic())
    shell.monkeypatch.setattr(Clock, "sleep", lambda _, seconds: asyncio.sleep(seconds / 50))
    for seed in seeds:
        rng.seed(seed)
        left[0] = rng.randint(1, 8)  # the answer that is damaged
        shell("apply smoke --settle-time 0 --grace-period 0 -q", seed)
        shutil.rmtree(shell.folder / ".runner", ignore_errors=True)


@SEEDS
def test_a_plan_file(seeds: range, shell: Shell, emulator: Emulator) -> None:
    path = shell.folder / "saved.plan"
    assert shell("plan --out saved.plan -q", -1) == 0
    whole = path.read_bytes()
    for seed in seeds:
        path.write_bytes(with_integrity(damaged_json(whole, random.Random(seed))))
        shell("apply --plan saved.plan -q", seed)
    assert len(emulator.sessions) <= 2  # one apply of the two instances


@SEEDS
def test_a_document_of_the_state(seeds: range, shell: Shell, emulator: Emulator) -> None:
    assert shell("apply smoke -q", -1) in {0, 1}
    assert shell("apply smoke -q -d", -1) == 0
    state, copy = shell.folder / ".runner", shell.folder / "copy"
    shutil.copytree(state, copy)
    for seed in seeds:
        rng = random.Random(seed)
        documents = sorted(path for path in state.rglob("*.json") if path.is_file())
        for path in rng.sample(documents, min(2, len(documents))):
            path.write_bytes(damaged_json(path.read_bytes(), rng))
        if rng.random() < 0.1:
            os.truncate(rng.choice(documents), rng.randrange(20))
        command = rng.choice(
            ["plan", "apply smoke -q", "wait -q", "cancel", "state forget smoke -y"]
        )
        for words in (
            command,
            "status",
            "history --format json",
            "state export -",
            "state unlock -y",
        ):
            shell(words, seed)
        shutil.rmtree(state)
        shutil.copytree(copy, state)
    assert emulator.sessions
