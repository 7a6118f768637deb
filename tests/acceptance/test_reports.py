"""Reports as a pipeline meets them: through the command, its exit code and its files."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from runner.emulator.server import Emulator

from .conftest import SECRET, Project

FILE = """\
version: 1
profiles:
  smoke:
    runLocation: eu-west-1
    target: {matchTags: [[staging, regression]]}
    environmentVariables:
      API_TOKEN: {value: $<env.SHOP_API_TOKEN>, secret: true}
"""


def test_a_path_that_cannot_be_written_is_said_before_anything_is_asked(
    online: Project, emulator: Emulator, tmp_path: Path
) -> None:
    online.write(FILE)
    (tmp_path / "file").touch()
    done = online.run("apply", "smoke", "--report", "junit=file/report.xml")
    assert done.returncode == 2
    assert "The report can't be written to 'file/report.xml'" in done.stderr
    assert list(emulator.sessions) == []
    assert "create" not in done.stdout


def a_package_with_a_listener(folder: Path) -> str:
    """An installed package that brings a listener called ``theirs``, which always fails."""
    info = folder / "theirs-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[checkly_sessions_runner.reporters]\ntheirs = theirs:Listener\n"
    )
    (folder / "theirs.py").write_text(
        "class Listener:\n"
        "    interval = 1.0\n"
        "    def __init__(self, surroundings): pass\n"
        "    def handle(self, event): raise RuntimeError('broken\\n::error::forged')\n"
        "    def tick(self, at): pass\n"
        "    def close(self): pass\n"
    )
    return str(folder)


@pytest.mark.parametrize("tags", ["[production, smoke]", "[staging, regression]"])
def test_a_listener_that_is_off_or_broken_never_changes_the_exit_code(
    online: Project, tags: str, tmp_path: Path
) -> None:
    online.write(FILE.replace("[staging, regression]", tags))
    theirs = {"PYTHONPATH": a_package_with_a_listener(tmp_path / "site")}
    expected = online.run("apply", "smoke").returncode
    nowhere = {
        "GITHUB_TOKEN": "ghs_0123456789",
        "GITHUB_REPOSITORY": "a/b",
        "GITHUB_SHA": "c" * 40,
        "GITHUB_API_URL": "http://127.0.0.1:9",
    }
    no_collector = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "1",
    }
    for report, env, said in [
        ("github-check", {}, "did not start: GITHUB_TOKEN is not set"),
        ("github-check", nowhere, "stopped: No answer came"),
        ("jsonl=/dev/full", {}, "stopped: "),
        ("text", no_collector, "OpenTelemetry stopped: "),
        ("theirs", theirs, "theirs stopped: broken\\n"),
    ]:
        done = online.run("apply", "smoke", "--report", report, env=env)
        assert done.returncode == expected, done.stderr
        assert said in done.stderr


@pytest.mark.parametrize("status", [200, 500])
def test_a_webhook_is_told_once_and_never_changes_the_exit_code(
    online: Project, status: int
) -> None:
    told: list[Any] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    entry = "  - {on: failed, webhook: $<env.HOOK>, format: json}\n"
    online.write(FILE + "notify:\n" + entry + entry.replace("HOOK", "NONE"))
    with ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/s3cret-path"
        done = online.run("apply", "smoke", env={"HOOK": address})
        server.shutdown()
    assert done.returncode == 1
    (message,) = told
    assert message["reasons"] == ["failed"]
    assert SECRET not in json.dumps(message)
    assert "s3cret-path" not in done.stdout + done.stderr
    assert "env.NONE is not set" in done.stderr
    assert ("the webhook answered 500" in done.stderr) is (status == 500)


@pytest.mark.parametrize(
    ("report", "path", "piped"),
    [
        ("text", "", False),
        ("github-check", "", False),
        ("json", "report.json", False),
        ("json=report.json", "", False),
        ("json", "", True),
        ("jsonl", "", True),
    ],
)
def test_the_plan_is_where_the_text_for_people_is(
    report: str, path: str, piped: bool, online: Project
) -> None:
    online.write(FILE)
    done = online.run(
        "apply", "smoke", "--report", report, env={"CHECKLY_REPORTER_JSON_OUTPUT": path}
    )
    said = done.stderr if piped else done.stdout
    assert "Plan: 1 to create" in said
    assert "(exit code " in said


def test_the_stream_of_events_is_masked_and_on_standard_output_alone(online: Project) -> None:
    online.write(FILE)
    done = online.run("apply", "smoke", "--report", "jsonl")
    assert done.returncode == 1
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [events[0]["type"], events[-1]["type"]] == ["plan", "finished"]
    assert events[-1]["exitCode"] == 1
    assert SECRET not in done.stdout + done.stderr


def test_all_formats_at_once_tell_the_same(online: Project, tmp_path: Path) -> None:
    online.write(FILE)
    formats = {"junit": "r.xml", "markdown": "r.md", "html": "r.html", "text": "r.txt"}
    reports = [part for form, name in formats.items() for part in ("--report", f"{form}={name}")]
    done = online.run("apply", "smoke", "--report", "json", *reports)
    assert done.returncode == 1
    document = json.loads(done.stdout)  # nothing else is on standard output
    assert document["exitCode"] == 1
    failed = [c for c in document["instances"][0]["checks"] if c["verdict"] == "failed"]
    assert "Newsletter sign-up" in [check["name"] for check in failed]
    suites = ElementTree.parse(tmp_path / "r.xml").getroot()  # made by the test
    assert suites.get("failures") == str(len(failed))
    for name in formats.values():
        text = (tmp_path / name).read_text(encoding="utf-8")
        assert "Newsletter sign-up" in text
        assert SECRET not in text
    assert "Newsletter sign-up: failed" in done.stderr


def test_when_there_is_nothing_to_apply_the_reports_are_there_and_say_so(
    online: Project, tmp_path: Path
) -> None:
    online.write(FILE.replace("[[staging, regression]]", "[[production, smoke]]"))
    assert online.run("apply", "smoke").returncode == 0
    github = {"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": str(tmp_path / "output")}
    done = online.run("apply", "smoke", "--changed", "--report", "json", env=github)
    assert done.returncode == 0
    assert json.loads(done.stdout)["instances"] == []
    assert "Nothing to apply." in done.stderr
    assert "\npassed\n" in (tmp_path / "output").read_text(encoding="utf-8")


def test_a_wait_tells_where_in_the_file_the_profile_is(online: Project, tmp_path: Path) -> None:
    online.write(FILE)
    assert online.run("apply", "smoke", "--detach").returncode == 0
    github = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(tmp_path / "summary")}
    lines = FILE.splitlines()
    line = 1 + next(n for n, text in enumerate(lines) if text.startswith("  smoke:"))
    for _ in range(2):  # once more from the state alone
        done = online.run("wait", "--report", f"json={tmp_path / 'r.json'}", env=github)
        assert done.returncode == 1, done.stderr
        assert f"::error file=checkly-sessions.yaml,line={line}," in done.stdout + done.stderr
        told = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["instances"][0]
        assert told["place"] == {"file": "checkly-sessions.yaml", "line": line, "column": 3}
    online.write(FILE.replace("  smoke:", "  renamed:"))
    done = online.run("wait", env=github)
    assert (done.returncode, "::error title=smoke" in done.stdout + done.stderr) == (1, True)
