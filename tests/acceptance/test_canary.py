"""A secret goes over the wire, and is found nowhere else: in no output, file or log."""

import base64
import html
import json
import shlex
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from runner.cli.app import runner
from runner.cli.console import Console
from runner.cli.error_handler import run
from runner.emulator.server import Emulator
from runner.emulator.world.world import default_world

CANARIES = {
    "SHORT": "x7Qz!9",
    "LONG": "L" + "0ng-canary-" * 30,
    "LINES": "-----BEGIN KEY-----\nMIIcanaryLine1==\nMIIcanaryLine2==\n-----END KEY-----\n",
    "QUOTES": """it's "quoted" \\ `cmd` $HOME & <b>canary</b>""",
    "UNICODE": "pässwörd-ключ-🔑-canary",
    "PERCENT": "100%41 canary+plus%2Fslash/=?&#",
}
FILE = """\
version: 1
variables: {header: "Bearer $<env.LONG>"}
defaults:
  runLocation: eu-west-1
  target: {matchTags: [[smoke]]}
profiles:
  smoke:
    name: Smoke $<run.id>
    environmentVariables:
      HEADER: {value: $<var.header>, secret: true}
"""
FILE += "".join(f"      {name}: {{value: $<env.{name}>, secret: true}}\n" for name in CANARIES)


def traces(secret: str) -> Iterator[str]:
    """What would give ``secret`` away: itself or a line of it, in the encodings there are."""
    for part in {secret, secret.strip(), *secret.strip().splitlines()}:
        if len(part) < 6 or part.startswith("-----"):
            continue
        yield part
        yield from (quote(part), quote(part, safe=""), quote_plus(part))
        yield quote(part, safe="").lower()
        yield from (json.dumps(part)[1:-1], json.dumps(part, ensure_ascii=False)[1:-1])
        yield json.dumps(json.dumps(part))[3:-3]
        yield from (html.escape(part), html.escape(part, quote=False))
        yield from (shlex.quote(part), shlex.quote(part).strip("'"), repr(part)[1:-1])
        for shift in range(3):
            encoded = base64.b64encode(b"\0" * shift + part.encode()).decode()
            core = encoded[4 * (shift > 0) :].rstrip("=")[:-1]
            yield from (core, core.replace("+", "-").replace("/", "_"))


TRACES = {trace for secret in CANARIES.values() for trace in traces(secret) if len(trace) >= 6}


def leaks(text: str) -> list[str]:
    return sorted(trace for trace in TRACES if trace in text)


class Bench:
    """A folder with the file, and the command run inside this process."""

    def __init__(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.folder = folder
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        (folder / "checkly-sessions.yaml").write_text(FILE)
        for name, value in CANARIES.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("COLUMNS", "80")
        monkeypatch.setattr(tempfile, "tempdir", str(folder))  # crash files
        monkeypatch.chdir(folder)

    def use(self, emulator: Emulator) -> None:
        for name, value in emulator.environment.items():
            self._monkeypatch.setenv(name, value)

    def run(self, command: str) -> tuple[int, str]:
        """Run a command; whatever it prints or writes is looked through."""
        self._monkeypatch.setattr(Console, "_process", None)
        code = run(runner, shlex.split(command))
        captured = self._capsys.readouterr()
        said = captured.out + captured.err
        assert leaks(said) == [], command
        for path in self.folder.rglob("*"):
            if path.is_file():
                assert leaks(path.read_bytes().decode(errors="replace")) == [], (command, path)
                assert leaks(str(path)) == [], command
        return code, said


@pytest.fixture
def bench(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Bench:
    return Bench(tmp_path, monkeypatch, capsys)


REPORTS = " ".join(
    f"--report {form}=report.{form}" for form in ("text", "json", "junit", "markdown", "html")
)


def test_the_search_finds_what_it_looks_for() -> None:
    for secret in CANARIES.values():
        assert leaks(f"a {secret} b")
        assert leaks(json.dumps({"a": secret}))
        assert leaks(f"https://x?y={quote_plus(secret)}")
        assert leaks(base64.b64encode(b"Basic " + secret.encode()).decode())
    assert not leaks("(secret #1)")


def test_every_command_and_format(bench: Bench) -> None:
    with Emulator(default_world(), virtual_time=True, record=bench.folder / "traffic") as emulator:
        bench.use(emulator)
        for command in (
            "validate",
            "validate --strict --format json",
            "validate --format github",
            "show smoke",
            "show smoke --format json",
            "show smoke --format curl",
            "schema",
            "fmt --check",
            "fmt --diff",
            "plan -v",
            "plan --format json",
            "plan --format markdown",
            "plan --offline",
            "plan --out saved.plan",
            "apply --plan saved.plan",
            f"apply smoke -v -v {REPORTS}",
            "apply smoke -d",
            "wait",
            "status",
            "status --format json",
            "history",
            "history --format json",
            "state export exported.json",
            "plan -v",
            "cancel smoke",
            "apply smoke -q --report json",
        ):
            code, said = bench.run(command)
            assert code in {0, 1}, (command, said)
        sent = emulator.sessions[0]["body"]["environmentVariables"]
        assert {one["key"]: one["value"] for one in sent} == {
            "HEADER": f"Bearer {CANARIES['LONG']}",
            **CANARIES,
        }
        assert "(secret #" in bench.run("show smoke")[1]


@pytest.mark.parametrize(
    "fault",
    [
        "echo:on=trigger",
        "echo:on=trigger,status=500",
        "echo:on=trigger,status=402",
        "html:on=trigger",
        "truncated:on=trigger",
        "no-id:on=trigger",
        "not-json:on=completion,times=2",
        "reset-after:on=trigger,times=1",
        "status:on=trigger,status=401",
        "status:on=trigger,status=404,code=ERR_NO_MATCHING_CHECKS",
    ],
)
def test_every_failure(bench: Bench, fault: str) -> None:
    with Emulator(default_world(), virtual_time=True, faults=[fault]) as emulator:
        bench.use(emulator)
        _, said = bench.run(f"apply smoke -v --settle-time 0 {REPORTS}")
        assert "smoke" in said
        bench.run("status")
        bench.run("plan -v")


def test_a_bug(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(f"a bug with {CANARIES!r} and {CANARIES['QUOTES']}")

    with Emulator(default_world(), virtual_time=True) as emulator:
        bench.use(emulator)
        monkeypatch.setattr(sys.modules["runner.reports.plan.text"], "render", broken)
        code, said = bench.run("plan")
        assert code == 70
        assert "runner-crash-" in said
        (crash,) = bench.folder.glob("runner-crash-*")
        assert "(secret #" in crash.read_text()


@pytest.mark.parametrize(
    "more",
    [
        "    refreshCache: $<env.SHORT>\n",
        "    name: $<env.QUOTES>\n",
        "    labels: {a: $<env.LINES>}\n",
        "    retryStrategy: {type: $<env.LONG>}\n",
        "    quorum: $<env.PERCENT>\n",
        "    description: $<env.UNICODE | nofilter>\n",
        "    matrix: {size: [$<env.UNICODE>]}\n",
        "    needs: $<env.UNICODE>\n",
    ],
)
def test_mistakes(bench: Bench, more: str) -> None:
    text = FILE.replace("    name: Smoke $<run.id>\n", more)
    (bench.folder / "checkly-sessions.yaml").write_text(text)
    for command in ("validate", "validate --format json", "plan --offline", "show smoke"):
        code, _ = bench.run(command)
        assert code == 2, command


@pytest.mark.parametrize("name", ["LINES", "QUOTES"])
@pytest.mark.parametrize(
    "more",
    [
        '    matrix: {size: ["$<env.%s>", b], exclude: [{size: c}]}\n',
        '    matrix: {size: ["$<env.%s | upper>", "$<env.%s>"]}\n',
        "    matrix: {size: [a, b]}\n    labels: {size: $<matrix.size>, secret: $<env.%s>}\n",
        "    matrix: {size: [$<var.list | first>]}\n    labels: {size: $<var.list | last>}\n",
    ],
)
def test_a_mistake_before_the_secret_is_rendered(bench: Bench, more: str, name: str) -> None:
    more = more.replace("%s", name)
    text = FILE.replace("    name: Smoke $<run.id>\n", more)
    text = text.replace("header:", f'list: [a, "$<env.{name}>"], header:')
    (bench.folder / "checkly-sessions.yaml").write_text(text)
    for selected in ("smoke", "smoke[c]", "-l size=c", "-l secret!=c"):
        for command in ("validate", "plan --offline", "status"):
            assert bench.run(f"{command} {selected}")[0] in {0, 2}


def test_a_variable_set_outside(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    text = FILE.replace("variables: {", 'variables: {number: 5, token: "", ')
    text += "      TOKEN: {value: $<var.token>, secret: true}\n"
    (bench.folder / "checkly-sessions.yaml").write_text(text)
    monkeypatch.setenv("CHECKLY_SESSIONS_VAR_token", CANARIES["QUOTES"])
    assert bench.run("show smoke --format json")[0] == 0
    monkeypatch.setenv("CHECKLY_SESSIONS_VAR_number", CANARIES["QUOTES"])
    assert bench.run("show smoke --format json")[0] == 2
    quoted = shlex.quote(f"number={CANARIES['SHORT']}")
    assert bench.run(f"show smoke --var {quoted}")[0] == 2
    assert bench.run(f"show smoke --var {shlex.quote(CANARIES['SHORT'])}")[0] == 2


def test_what_the_api_says_of_its_own(
    bench: Bench, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The API may know the secret by now: a check's name could tell it."""
    name = json.dumps(f"Checkout with {CANARIES['QUOTES']}")
    world = tmp_path_factory.mktemp("world") / "world.yaml"
    world.write_text(f"""\
checks:
  - {{name: {name}, type: BROWSER, tags: [smoke], outcome: failed}}
""")
    code, said = bench.run(f"apply smoke -v {REPORTS} --emulator --world {world}")
    assert code == 1, said
    assert "Checkout with (secret #" in said
    for command in (f"plan --emulator --world {world}", "status", "history --format json"):
        bench.run(command)
