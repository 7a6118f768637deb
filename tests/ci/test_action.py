"""The composite action and the examples for CI systems, run and read as those systems would."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples" / "ci").glob("*.yml"))
BASH = shutil.which("bash")
needs_bash = pytest.mark.skipif(BASH is None, reason="there is no bash")


def loaded(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    return document


ACTION = loaded(ROOT / "action.yml")
STEPS = ACTION["runs"]["steps"]


FILE = "version: 1\nprofiles:\n  all-of-it:\n    target: all\n    runLocation: eu-west-1\n"
SHA = "5" * 40


def test_no_input_reaches_a_script_as_text() -> None:
    for step in STEPS:
        assert "${{" not in step.get("run", "")
        for name, value in step.get("env", {}).items():
            known = (
                r"\$\{\{ (inputs\.[a-z-]+|github\.action_path|steps\.prepare\.outputs\.[a-z]+) \}\}"
            )
            assert re.fullmatch(known, value) or name == "PIP_DISABLE_PIP_VERSION_CHECK", name


def test_each_input_is_used_and_each_output_comes_from_a_step() -> None:
    used = re.findall(r"inputs\.([a-z-]+)", (ROOT / "action.yml").read_text(encoding="utf-8"))
    assert set(used) == set(ACTION["inputs"])
    assert all(given["description"] for given in ACTION["inputs"].values())
    for name, given in ACTION["outputs"].items():
        assert given["value"] == f"${{{{ steps.run.outputs.{name} }}}}"


class Workflow:
    """A job that runs the action's steps with a shell, and GitHub's files and variables."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.temp = folder / "temp"
        self.temp.mkdir()
        self.outputs: dict[str, dict[str, str]] = {}
        self.environ = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),
            "GITHUB_ACTIONS": "true",
            "GITHUB_STEP_SUMMARY": str(folder / "summary"),
            "GITHUB_PATH": str(folder / "path"),
            "GITHUB_REPOSITORY": "acme/shop",
            "GITHUB_EVENT_PATH": str(folder / "event.json"),
            "RUNNER_TEMP": str(self.temp),
            "RUNNER_OS": "Linux",
        }
        (folder / "checkly-sessions.yaml").write_text(FILE, encoding="utf-8")

    def step(self, name: str, **inputs: str) -> "subprocess.CompletedProcess[str]":
        """Run the script of a step."""
        assert BASH
        (step,) = [step for step in STEPS if step["name"] == name]
        given = {name: value["default"] for name, value in ACTION["inputs"].items()} | inputs
        if given["token"].startswith("$"):
            given["token"] = "t0ken"
        values = {f"inputs.{name}": value for name, value in given.items()}
        values["github.action_path"] = str(ROOT)
        for step_id, outputs in self.outputs.items():
            values |= {f"steps.{step_id}.outputs.{name}": text for name, text in outputs.items()}
        environ = {
            name: re.sub(r"\$\{\{ (\S+) \}\}", lambda m: values[m[1]], value)
            for name, value in step["env"].items()
        }
        file = self.folder / "output"
        file.write_text("")
        done = subprocess.run(
            [BASH, "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.folder,
            env=self.environ | environ | {"GITHUB_OUTPUT": str(file)},
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )
        text = file.read_text(encoding="utf-8")
        found = dict(re.findall(r"^([a-z-]+)=(.*)$", text, re.MULTILINE))
        long = re.findall(r"^([a-z-]+)<<(\S+)\n(.*?)\n\2$", text, re.MULTILINE | re.DOTALL)
        self.outputs[step.get("id", name)] = found | {name: value for name, _, value in long}
        return done

    def run(self, **inputs: str) -> "subprocess.CompletedProcess[str]":
        """The steps that read the inputs and act, as after an installation."""
        self.outputs["prepare"] = {"python": sys.executable}
        done = self.step("Read the inputs", **inputs)
        return done if done.returncode else self.step("Run", **inputs)

    @property
    def summary(self) -> str:
        return (self.folder / "summary").read_text(encoding="utf-8")


@pytest.fixture
def workflow(tmp_path: Path) -> Workflow:
    return Workflow(tmp_path)


@needs_bash
def test_it_finds_python_and_a_place_for_packages(workflow: Workflow) -> None:
    assert workflow.step("Prepare").returncode == 0
    found = workflow.outputs["prepare"]
    assert Path(found["python"]).exists()
    assert re.fullmatch(r"checkly-sessions-runner-Linux--[0-9a-f]{20}", found["key"])
    assert found["cache"] == str(workflow.temp / "checkly-sessions-pip")


@needs_bash
def test_too_old_a_python_is_refused_in_words(workflow: Workflow) -> None:
    old = workflow.folder / "old"
    old.write_text(f"#!/bin/sh\nexec {sys.executable} -c \"import sys; sys.exit('needs 3.11')\"\n")
    old.chmod(0o755)
    done = workflow.step("Prepare", python=str(old))
    assert done.returncode == 1
    assert "needs 3.11" in done.stderr


@needs_bash
@pytest.mark.slow  # downloads what it installs
@pytest.mark.timeout(600)
def test_it_installs_what_is_locked(workflow: Workflow) -> None:
    workflow.step("Prepare")
    done = workflow.step("Install")
    assert done.returncode == 0, done.stderr
    (added,) = (workflow.folder / "path").read_text().splitlines()
    version = subprocess.run([f"{added}/runner", "--version"], capture_output=True, check=True)
    assert version.stdout


@needs_bash
def test_apply_runs_and_sets_the_outputs(workflow: Workflow) -> None:
    done = workflow.run(
        profiles="all-of-it\n",
        options="--emulator  # dry run\n--report 'html=a report.html'\n",
    )
    assert done.returncode in {0, 1}, done.stderr
    outputs = workflow.outputs["run"]
    assert outputs["verdict"] in {"passed", "failed"}
    assert sum(json.loads(outputs["counts"]).values()) == 1
    assert outputs["report"] == str(workflow.folder / "a report.html")
    assert outputs["session-ids"]
    assert "Checkly test sessions" in workflow.summary
    report = workflow.folder / "a report.html"
    assert report.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


@needs_bash
def test_profiles_may_stand_on_one_line(workflow: Workflow) -> None:
    (workflow.folder / "checkly-sessions.yaml").write_text(
        FILE + "  another: {target: all, runLocation: eu-west-1}\n"
    )
    workflow.run(profiles="all-of-it another", options="--emulator")
    assert len(workflow.outputs["run"]["session-ids"].splitlines()) == 2


@needs_bash
def test_plan_goes_to_the_log_the_summary_and_the_outputs(workflow: Workflow) -> None:
    done = workflow.run(command="plan", options="--offline")
    assert done.returncode == 0, done.stderr
    assert "all-of-it" in done.stdout
    assert workflow.summary == done.stdout
    assert workflow.outputs["run"]["has-changes"] == "true"
    assert json.loads(workflow.outputs["run"]["counts"])["create"] == 1


@needs_bash
@pytest.mark.parametrize(("command", "code"), [("validate", 0), ("wait", 2)])
def test_the_other_commands_run(workflow: Workflow, command: str, code: int) -> None:
    assert workflow.run(command=command).returncode == code


@needs_bash
@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"command": "apply; touch forged"}, "The input `command` is one of"),
        ({"profiles": "$(touch forged)", "options": "--emulator"}, "touch"),
        ({"profiles": "--yes", "options": "--emulator"}, "--yes"),
        ({"options": "`touch forged` --yes --emulator"}, "touch"),
        ({"options": "'open"}, "The input `options` can't be read"),
        ({}, "An apply needs the input `profiles`"),
    ],
)
def test_what_inputs_hold_is_never_run(
    workflow: Workflow, inputs: dict[str, str], said: str
) -> None:
    done = workflow.run(**inputs)
    assert done.returncode == 2
    assert said in done.stdout + done.stderr
    assert re.search("^::error", done.stdout + done.stderr, re.MULTILINE)
    assert not (workflow.folder / "forged").exists()


@needs_bash
def test_superseded_sessions_are_cancelled_first_and_trouble_with_it_is_a_warning(
    workflow: Workflow,
) -> None:
    inputs = {"profiles": "all-of-it", "options": "--emulator", "cancel-superseded": "true"}
    done = workflow.run(**inputs)
    assert done.returncode in {0, 1}
    assert "::warning::Superseded sessions could not be cancelled" in done.stdout
    assert workflow.outputs["run"]["verdict"] != "not started"


def test_it_is_the_runner_itself_that_github_signals() -> None:
    """The process of the step becomes the runner's."""
    (step,) = [step for step in STEPS if step["name"] == "Run"]
    assert step["run"].rstrip().endswith('exec runner "${arguments[@]}"')


class GitHub(ThreadingHTTPServer):
    """The comments of one issue."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.comments: list[str] = [f"comment {number}" for number in range(120)]
        self.refuses = False


class Handler(BaseHTTPRequestHandler):
    server: GitHub

    def do_GET(self) -> None:
        page = int(re.findall(r"[?&]page=(\d+)", self.path)[0])
        numbered = list(enumerate(self.server.comments))[(page - 1) * 100 : page * 100]
        self.answer(200, [{"id": number, "body": body} for number, body in numbered])

    def do_POST(self) -> None:
        assert self.path == "/repos/acme/shop/issues/7/comments"
        self.server.comments.append(self.body())
        self.answer(403 if self.server.refuses else 201, {})

    def do_PATCH(self) -> None:
        self.server.comments[int(self.path.rpartition("/")[2])] = self.body()
        self.answer(200, {})

    def body(self) -> str:
        return str(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["body"])

    def answer(self, status: int, body: object) -> None:
        assert self.headers["Authorization"] == "Bearer t0ken"
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def github(workflow: Workflow) -> Iterator[GitHub]:
    pull = {"number": 7, "head": {"repo": {"full_name": "acme/shop"}, "sha": SHA}}
    event = workflow.folder / "event.json"
    event.write_text(json.dumps({"pull_request": pull}), encoding="utf-8")
    with GitHub() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        workflow.environ["GITHUB_API_URL"] = f"http://127.0.0.1:{server.server_port}"
        yield server
        server.shutdown()


@needs_bash
def test_the_plan_and_the_result_each_keep_one_comment(workflow: Workflow, github: GitHub) -> None:
    for command, options in (("plan", "--offline"), ("apply", "--emulator")) * 2:
        inputs = {"command": command, "options": options, "comment": "true"}
        workflow.run(profiles="all-of-it", **inputs)
        done = workflow.step("Comment", **inputs)
        assert (done.returncode, done.stderr) == (0, "")
    assert len(github.comments) == 122
    assert github.comments[120].startswith("<!-- checkly-sessions-plan -->\n")
    assert github.comments[121].startswith("<!-- checkly-sessions-result -->\n")
    assert "all-of-it" in github.comments[121]


@needs_bash
@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("fork", "on a pull request from a fork the token may only read"),
        ("push", "does not belong to a pull request"),
        ("refused", "pull-requests: write"),
        ("away", "GitHub did not answer"),
        ("token", "the input `token` is empty"),
    ],
)
def test_a_comment_that_can_not_be_written_says_why_and_fails_nothing(
    workflow: Workflow, github: GitHub, kind: str, said: str
) -> None:
    event = workflow.folder / "event.json"
    if kind == "fork":
        event.write_text(event.read_text().replace("acme/shop", "forker/shop"))
    elif kind == "push":
        event.write_text("{}")
    elif kind == "away":
        workflow.environ["GITHUB_API_URL"] = "http://127.0.0.1:9"
    github.refuses = kind == "refused"
    inputs = {"command": "plan", "comment": "true", "options": "--offline"}
    workflow.run(**inputs)
    if kind == "token":
        inputs["token"] = ""
    done = workflow.step("Comment", **inputs)
    assert done.returncode == 0
    assert re.search(f"^::warning::.*{re.escape(said)}", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_examples_call_the_program_by_options_that_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    command = "plan" if "command: plan" in text else "apply"
    shown = subprocess.run(
        [sys.executable, "-m", "runner", command, "--help"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    options = set(re.findall(r"(?<![\w-])(--(?:report|base|yes|changed))(?=[=,\s])", text))
    assert options
    assert all(option in shown for option in options)
