"""Names, labels and messages from outside forge no line, no command and no movement."""

import io
import json
import re
import subprocess
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
from runner.emulator.world.world import default_world
from tests.reports.test_hostile import forbidden

#: Everything at once: a line of its own, commands of three CI systems, movements and directions.
HOSTILE = (
    "x\nFORGED\r\n::error file=app.js::forged\r##[error]forged\u2028##vso[task.complete]"
    "\x1b[2J\x1b[31m\x9b1A\u202eforged\u2066\x07\u200b::add-mask::x\udcff"
)
YAML = json.dumps(HOSTILE)[:-1].replace("\\udcff", "") + '"'


def harmless(said: str, *, annotations: bool = False) -> None:
    """``said`` can go to any terminal and log, and no line of it is the text's own."""
    assert not forbidden(said.replace("\t", "")), said
    for line in said.split("\n"):
        assert not re.search(r"##\w*\[", line), line
        assert not line.lstrip().startswith(("FORGED", "\\::error file")), line
        if line.lstrip().startswith("::"):
            assert annotations, line
            assert re.match(r"::(error|warning|notice)(?! file=app.js)( [^:]*)?::", line), line


class Shell:
    """Commands in this process, in a folder that is a repository."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.monkeypatch = monkeypatch

    def __call__(self, *arguments: str, annotations: bool = False) -> tuple[int, str]:
        console = Console(io.StringIO(), io.StringIO())
        self.monkeypatch.setattr(Console, "_process", console)
        code = run(runner, arguments)
        assert isinstance(console.out, io.StringIO)
        assert isinstance(console.err, io.StringIO)
        out, err = console.out.getvalue(), console.err.getvalue()
        harmless(out, annotations=annotations)
        harmless(err, annotations=annotations)
        assert code != 70, err
        if arguments[-2:] == ("--format", "json") and out:
            json.loads(out)  # what makes it harmless leaves it JSON
        if arguments[:2] == ("state", "export"):
            assert [json.loads(line) for line in out.splitlines()]
        return code, out + err

    def write(self, text: str) -> None:
        (self.folder / "checkly-sessions.yaml").write_text(text, encoding="utf-8")


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    subprocess.run(["git", "init", "-q", "-b", "main", tmp_path], check=True)
    monkeypatch.chdir(tmp_path)
    return Shell(tmp_path, monkeypatch)


PROFILE = "version: 1\nprofiles:\n  smoke:\n    runLocation: eu-west-1\n    target: all\n"
FILES = {
    "a label": f"{PROFILE}    labels: {{team: {YAML}}}\n",
    "the key of a label": f"{PROFILE}    labels: {{? {YAML} : web}}\n",
    "a description": f"{PROFILE}    description: {YAML}\n",
    "a name": f"{PROFILE}    name: {YAML}\n",
    "the name of a profile": f"version: 1\nprofiles:\n  {YAML}: {{target: all}}\n",
    "a parent": f"{PROFILE}    extends: {YAML}\n",
    "a need": f"{PROFILE}    needs: {YAML}\n",
    "an axis": f"{PROFILE}    matrix: {{? {YAML} : [a]}}\n",
    "a value of a matrix": f"{PROFILE}    matrix: {{a: [{YAML}]}}\n    name: $<matrix.a>\n",
    "an unknown key": f"{PROFILE}    {YAML}: 1\n",
    "a tag": PROFILE.replace("all", f"{{matchTags: [[{YAML}]]}}"),
    "a check": PROFILE.replace("all", f"{{checkId: {YAML}}}"),
    "a location": PROFILE.replace("eu-west-1", YAML),
    "a variable": f"{PROFILE}    environmentVariables: {{A: {YAML}}}\n",
    "the key of a variable": f"{PROFILE}    environmentVariables: {{? {YAML} : a}}\n",
    "metadata": f"{PROFILE}    metadata: {{environment: {YAML}}}\n",
    "a quarantine": f"{PROFILE}    quarantine: [{{check: {YAML}, reason: {YAML}, owner: {YAML},"
    " until: 2030-01-01}]\n",
    "checks to expect": f"{PROFILE}    expectChecks: {{include: [{YAML}]}}\n",
    "the address of a state": f"state: {YAML}\n{PROFILE}",
    "a bucket": f"state: {YAML.replace('x', 's3://x', 1)}\n{PROFILE}",
    "a file to include": f"include: [{YAML}]\n{PROFILE}",
    "an expression": f"{PROFILE}    name: {YAML.replace('x', 'x$<var.y + ', 1)}\n",
    "a project": f"project: {YAML}\n{PROFILE}",
    "no YAML": f"{PROFILE}    name: [\n{HOSTILE[:-1]}\n",
}


@pytest.mark.parametrize("where", FILES)
def test_a_file(where: str, shell: Shell) -> None:
    shell.write(PROFILE)
    commit = ["git", "-c", "user.name=a", "-c", "user.email=b", "commit", "-qm", "x", "-a"]
    subprocess.run(["git", "add", "."], check=True)
    subprocess.run(commit, check=True)
    shell.write(FILES[where])
    for arguments in (
        ("validate",),
        ("validate", "--format", "json"),
        ("show", "smoke"),
        ("show", "smoke", "--format", "json"),
        ("show", "smoke", "--format", "curl"),
        ("plan", "--offline"),
        ("plan", "--offline", "-v", "smoke*"),
        ("plan", "--offline", "--format", "json"),
        ("plan", "--offline", "--format", "markdown"),
        ("plan", "-l", "team=web"),
        ("plan", "--base", "main", "-l", "team=x"),
        ("plan", "--base", "main"),
        ("apply", "-l", "team=web"),
        ("status", "-l", "team=web"),
        ("history", "-l", "team=web"),
        ("fmt", "--diff"),
        ("state", "unlock"),
    ):
        shell(*arguments)
    shell("validate", "--format", "github", annotations=True)


@pytest.mark.parametrize(
    "arguments",
    [
        (HOSTILE,),
        (f"--{HOSTILE}",),
        ("show", HOSTILE),
        ("show", f"{HOSTILE}*"),
        ("plan", "-f", HOSTILE.replace("\udcff", "")),
        ("plan", "-l", HOSTILE),
        ("plan", "-l", f"a={HOSTILE}"),
        ("plan", "--base", HOSTILE),
        ("plan", "--state", f"s3://{HOSTILE}"),
        ("plan", "--state", HOSTILE),
        ("plan", "--scope", HOSTILE),
        ("plan", "--var", f"{HOSTILE}=1"),
        ("plan", "--env-file", HOSTILE),
        ("plan", "--out", f"nowhere/{HOSTILE}"),
        ("apply", "smoke", "--plan", HOSTILE),
        ("apply", "smoke", "--report", HOSTILE),
        ("apply", "smoke", "--report", f"json=nowhere/{HOSTILE}"),
        ("history", HOSTILE),
        ("history", "--since", HOSTILE),
        ("history", "--verdict", HOSTILE),
        ("status", HOSTILE),
        ("wait", HOSTILE),
        ("cancel", HOSTILE),
        ("import", HOSTILE),
        ("import", f"npx checkly trigger --{HOSTILE}"),
        ("state", "forget", HOSTILE),
        ("state", "unlock", HOSTILE),
        ("state", HOSTILE),
        ("state", "prune", "--older-than", HOSTILE),
        ("emulator", "--world", HOSTILE),
        ("emulator", "--fault", HOSTILE),
    ],
    ids=lambda words: " ".join(word if len(word) < 15 else "…" for word in words),
)
def test_an_argument(arguments: tuple[str, ...], shell: Shell) -> None:
    shell.write(PROFILE)
    code, said = shell(*arguments)
    assert code in {0, 2, 3}, said


@pytest.mark.parametrize(
    "variable",
    [
        *("CHECKLY_API_URL", "CHECKLY_ENV", "CHECKLY_ACCOUNT_ID", "CHECKLY_API_KEY"),
        *("CHECKLY_SESSIONS_STATE", "CHECKLY_SESSIONS_SCOPE", "CHECKLY_SESSIONS_VAR_HOST"),
        *("CHECKLY_SESSIONS_LEASE_SECONDS", "CHECKLY_SESSIONS_ENV_ALLOW", "HTTPS_PROXY"),
        *("GITHUB_SHA", "GITHUB_REF_NAME", "GITHUB_ACTOR", "GITHUB_RUN_ID"),
    ],
)
def test_a_variable_of_the_environment(
    variable: str, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.write(PROFILE + "    description: $<var.HOST>\nvariables: {HOST: 5}\n")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("CHECKLY_API_KEY", "cu_key_1")
    monkeypatch.setenv("CHECKLY_ACCOUNT_ID", "0e5bd9ae-1f35-4bb5-a4cc-d62f4ad69b2a")
    monkeypatch.setenv("CHECKLY_API_URL", "http://127.0.0.1:9")
    monkeypatch.setenv(variable, HOSTILE)
    for arguments in (("plan", "--offline"), ("status",), ("history",), ("state", "unlock")):
        shell(*arguments, annotations=True)


def _hostile(value: Any) -> Any:
    """An answer of the API with every text that names nothing made hostile."""
    if isinstance(value, list):
        return [_hostile(item) for item in value]
    if isinstance(value, dict):
        kept = {"status", "resultType", "checkType", "region", "slugName", "runLocation"}
        return {
            key: item
            if key in kept or key.endswith("At") or key == "testSessionId"
            else _spoil(item)
            for key, item in value.items()
        }
    return value


def _spoil(item: Any) -> Any:
    return f"{item} {HOSTILE}" if isinstance(item, str) else _hostile(item)


def spoilt(reply: Reply) -> Reply:
    return replace(reply, body=json.dumps(_hostile(json.loads(reply.body))).encode())


def refused(reply: Reply) -> Reply:
    error = {"message": HOSTILE, "error": HOSTILE, "errorCode": HOSTILE}
    return replace(reply, status=400, body=json.dumps(error).encode())


@pytest.mark.parametrize("change", [spoilt, refused])
def test_an_answer_of_the_api(
    change: Callable[[Reply], Reply], shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = Exchange.send

    async def spoiling(self: Exchange, question: Question, seconds: float) -> Reply:
        return change(await send(self, question, seconds))

    monkeypatch.setattr(Exchange, "send", spoiling)
    shell.write(PROFILE.replace("target: all", "target: {matchTags: [[nightly]]}"))
    with Emulator(default_world(), virtual_time=True) as emulator:
        for name, value in emulator.environment.items():
            monkeypatch.setenv(name, value)
        for arguments in (
            ("plan", "-v"),
            ("plan", "--format", "json"),
            ("plan", "--format", "markdown"),
            ("apply", "smoke", "-v"),
            ("apply", "smoke", "--report", "json"),
            ("apply", "smoke", "--report", "junit"),
            ("apply", "smoke", "--report", "markdown"),
            ("apply", "smoke", "--report", "html"),
            ("wait",),
            ("cancel", "smoke"),
            ("status",),
            ("status", "--format", "json"),
            ("history",),
            ("history", "--format", "json"),
            ("state", "export", "-"),
            ("state", "list", "--format", "json"),
            ("state", "show", "smoke", "--format", "json"),
        ):
            shell(*arguments)
        monkeypatch.setenv("GITHUB_ACTIONS", "true")
        shell("apply", "smoke", annotations=True)


def test_a_plan_file(shell: Shell) -> None:
    shell.write(PROFILE)
    path = shell.folder / "saved.plan"
    assert shell("plan", "--offline", "--out", str(path))[0] == 0
    document = json.loads(path.read_text())
    keys = [key for key, value in document.items() if isinstance(value, str)]
    assert keys
    for key in keys:
        path.write_text(json.dumps(document | {key: HOSTILE}))
        code, _ = shell("apply", "--plan", str(path))
        assert code in {2, 3}, key
