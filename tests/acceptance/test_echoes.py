"""A server that says a secret again, in each encoding and in each place, is not quoted."""

import json
import re
import shlex
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runner.checkly.exchange import Exchange
from runner.checkly.wire import Question, Reply
from runner.cli.app import runner
from runner.cli.console import Console
from runner.cli.error_handler import run
from runner.emulator.server import Emulator
from runner.emulator.world.world import load_world
from runner.secrets import Redactor
from tests.encodings import ALL

API_KEY = "cu_canary_key_42"
SECRET = "Tok3n+s\u00e9cr\u00e9t&=Va/lue"
NAMES = list(ALL)
COUNT = len(NAMES)

FILE = f"""\
version: 1
defaults:
  runLocation: eu-west-1
  environmentVariables:
    TOKEN: {{value: $<env.SHOP_TOKEN>, secret: true}}
profiles:
  one:
    target: all
  many:
    target: {{matchTags: [[few]]}}
    matrix: {{n: [{", ".join(map(str, range(COUNT)))}]}}
    name: Number $<matrix.n>
"""
WORLD = f"account: {{name: Account 3}}\napiKeys: [{API_KEY}]\nchecks:\n"
WORLD += "".join(
    f"  - {{name: Check {n}, type: BROWSER, tags: [tag-{n}], error: Error {n}, outcome: failed}}\n"
    for n in range(COUNT)
)
WORLD += "  - {name: Few, type: BROWSER, tags: [few]}\n"
WORLD += "privateLocations: [{slug: office, name: Location 5, agents: 1}]\n"


def echo(number: int) -> str:
    """What the server makes of the credentials, in one of the encodings."""
    name = NAMES[number % COUNT]
    return f"<{ALL[name](f'Bearer {API_KEY}')} {ALL[name](f'x{SECRET}y')}>"


def spoilt(value: Any, number: int | None = None) -> Any:
    """An answer with an echo in each text that may be shown, which one its own number says."""
    if isinstance(value, list):
        return [spoilt(item, number) for item in value]
    if not isinstance(value, dict):
        return value
    found = re.fullmatch(r"\w+ ([0-9]+)", str(value.get("name")))
    number = int(found[1]) if found else number
    changed = {key: spoilt(item, number) for key, item in value.items()}
    for key in value.keys() & {"name", "testSessionLink", "testSessionResultLink", "status"}:
        if number is not None and isinstance(value[key], str) and value[key] not in FIXED:
            changed[key] += echo(number)
    for key in value.keys() & {"checkId", "id", "slugName", "message", "errorGroupIds", "tags"}:
        if number is not None and "testSessionId" not in value:
            changed[key] = [echo(number)] if isinstance(value[key], list) else echo(number)
    return changed


ECHOES = [echo(number) for number in range(COUNT)]
FIXED = {"RUNNING", "PASSED", "FAILED", "CANCELLED", "PENDING"}


class Bench:
    """Commands in this process, against a server whose answers are spoilt on their way."""

    def __init__(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.folder = folder
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self._oracle = Redactor([API_KEY, SECRET])
        (folder / "checkly-sessions.yaml").write_text(FILE)
        (folder / ".git").mkdir()
        (folder.parent / "world.yaml").write_text(WORLD)
        monkeypatch.setenv("SHOP_TOKEN", SECRET)
        for name in ("SUMMARY", "OUTPUT"):
            monkeypatch.setenv(f"GITHUB_{'STEP_' * (name == 'SUMMARY')}{name}", f"{folder}/{name}")
        monkeypatch.setenv("GITHUB_ACTIONS", "true")
        monkeypatch.setenv("GITHUB_SERVER_URL", f"https://{API_KEY}.example")
        monkeypatch.setenv("GITHUB_REPOSITORY", "acme/shop")
        monkeypatch.setenv("GITHUB_RUN_ID", ALL["base64"](SECRET))
        monkeypatch.setattr(tempfile, "tempdir", str(folder))  # crash files
        monkeypatch.chdir(folder)

    def spoil(self, change: Callable[[Reply, Any], Reply]) -> None:
        send = Exchange.send

        async def spoiling(self: Exchange, question: Question, seconds: float) -> Reply:
            return change(await send(self, question, seconds), question.body)

        self._monkeypatch.setattr(Exchange, "send", spoiling)

    def use(self, emulator: Emulator) -> None:
        for name, value in emulator.environment.items():
            self._monkeypatch.setenv(name, value)

    def run(self, command: str) -> tuple[int, str]:
        """Run a command; whatever it prints or writes is looked through."""
        self._monkeypatch.setattr(Console, "_process", None)
        code = run(runner, shlex.split(command))
        captured = self._capsys.readouterr()
        self._look(captured.out, command)
        self._look(captured.err, command)
        for path in self.folder.rglob("*"):
            if path.is_file():
                self._look(path.read_bytes().decode(errors="replace"), f"{command}: {path}")
        return code, captured.out + captured.err

    def _look(self, text: str, where: str) -> None:
        assert not any(echo in text for echo in ECHOES), where
        if self._oracle.screen(text) != text:
            assert [line for line in text.splitlines() if self._oracle.screen(line) != line] == []


@pytest.fixture
def bench(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Bench:
    (tmp_path / "shop").mkdir()
    return Bench(tmp_path / "shop", monkeypatch, capsys)


REPORTS = " ".join(
    f"--report {form}=report.{form}" for form in ("text", "json", "junit", "markdown", "html")
)


def json_spoilt(reply: Reply, body: Any) -> Reply:
    found = re.fullmatch(r"Number ([0-9]+)", (body or {}).get("name", ""))
    answer = spoilt(json.loads(reply.body), int(found[1]) if found else None)
    return replace(reply, body=json.dumps(answer, ensure_ascii=False).encode(errors="replace"))


def refused(reply: Reply, body: Any) -> Reply:
    if reply.method != "POST":
        return json_spoilt(reply, body)
    number = int(re.sub(r"\D", "", body["name"]) or 0)
    error = {"statusCode": 400, "error": echo(number), "message": echo(number), "errorCode": "E"}
    return replace(reply, status=(400, 402, 413, 302)[number % 4], body=json.dumps(error).encode())


def test_what_the_server_says_again_is_shown_nowhere(bench: Bench) -> None:
    world = load_world(bench.folder.parent / "world.yaml")
    with Emulator(world, virtual_time=True) as emulator:
        bench.use(emulator)
        bench.spoil(json_spoilt)
        for command in (
            "plan -v",
            "plan --format json",
            "plan --format markdown",
            f"apply many -v --concurrency 100 {REPORTS}",
            f"apply one -v -v {REPORTS}",
            "apply one --report json",
            "status",
            "status --format json",
            "history",
            "history --format json",
            "state export -",
            "state export exported.json",
            "cancel one",
            "wait",
        ):
            code, said = bench.run(command)
            assert code in {0, 1, 3}, (command, said)
        assert len(emulator.sessions) == COUNT + 2
        assert "not shown: it held a secret" in (bench.folder / "report.markdown").read_text()


def test_what_the_server_says_when_it_refuses_is_shown_nowhere(bench: Bench) -> None:
    world = load_world(bench.folder.parent / "world.yaml")
    with Emulator(world, virtual_time=True) as emulator:
        bench.use(emulator)
        bench.spoil(refused)
        code, said = bench.run(f"apply many --concurrency 100 {REPORTS}")
        assert code == 3, said
        assert "not shown: it held a secret" in said
        for command in ("status", "history", "state export -"):
            bench.run(command)
