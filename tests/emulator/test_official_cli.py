"""Checkly's own command-line tool, unchanged, against the emulator.

Without npm, or without a registry to reach, these tests are skipped.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from runner.emulator.server import Emulator
from runner.emulator.world.world import Check, Ending, default_world
from tests.official_cli import installed_program

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Start, Wire

pytestmark = pytest.mark.timeout(300)

SMOKE = {"matchTags": [["production", "smoke"]]}

Cli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def program() -> Path:
    """The installed program."""
    return installed_program()


@pytest.fixture
def cli(program: Path, tmp_path: Path) -> Cli:
    """Run the program against an emulator."""

    def run(emulator: Emulator, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, *arguments],
            cwd=tmp_path,
            env=os.environ | emulator.environment | {"CI": "1", "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return run


def output(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def listed(cli: Cli, wire: Wire, *arguments: str) -> list[Any]:
    text = output(cli(wire.emulator, "test-sessions", "list", "--output", "json", *arguments))
    return list(json.loads(text)["data"])


def test_it_lists_sessions_with_filters(cli: Cli, serve: Start) -> None:
    wire = serve(virtual_time=True)
    main = wire.start(name="On main", target=SMOKE, metadata={"branchName": "main"})
    wire.finish(main)
    failed = wire.start(name="Broken", target={"matchTags": [["staging"]]})
    wire.finish(failed)

    table = output(cli(wire.emulator, "test-sessions", "list"))
    by_status = listed(cli, wire, "--status", "failed,running")
    by_branch = listed(cli, wire, "--branch", "main,dev", "--provider", "trigger")
    by_text = listed(cli, wire, "--search", "broken", "--limit", "1")

    assert "On main" in table
    assert "Broken" in table
    assert [entry["id"] for entry in by_status] == [failed]
    assert [entry["id"] for entry in by_branch] == [main]
    assert [entry["id"] for entry in by_text] == [failed]


def test_it_pages_through_sessions(cli: Cli, serve: Start) -> None:
    wire = serve()
    for name in ("one", "two", "three"):
        wire.start(name=name, target=SMOKE)

    first = json.loads(
        output(cli(wire.emulator, "test-sessions", "list", "--limit", "2", "--output", "json"))
    )
    rest = listed(cli, wire, "--cursor", first["pagination"]["nextId"])

    assert [entry["name"] for entry in [*first["data"], *rest]] == ["three", "two", "one"]


def test_it_shows_a_session_and_a_result(cli: Cli, serve: Start) -> None:
    wire = serve(virtual_time=True)
    session = wire.start(name="Shown", target={"matchTags": [["flaky"]]})
    [result] = wire.finish(session)["results"]
    [group] = result["errorGroupIds"]

    shown = output(cli(wire.emulator, "test-sessions", "get", session))
    detail = output(
        cli(
            wire.emulator,
            "test-sessions",
            "get",
            session,
            "--result",
            result["testSessionResultId"],
        )
    )
    error = output(cli(wire.emulator, "test-sessions", "get", session, "--error-group", group))

    assert "Shown" in shown
    assert "failed" in shown
    assert "Recommendations" in detail
    assert "Timeout 5000ms" in error


def test_it_watches_a_running_session_to_its_end(cli: Cli, serve: Start) -> None:
    slow = Ending(duration=3600)
    check = Check(id="7c0f2d7e-0000-4000-8000-000000000001", name="Slow", type="API", ending=slow)
    world = replace(default_world(), checks=(check,))
    wire = serve(world)
    session = wire.start()

    def end_it() -> None:
        while "completion" not in wire.emulator.counts:
            time.sleep(0.05)
        wire.emulator.advance(3600)

    ender = threading.Thread(target=end_it)
    ender.start()
    shown = output(cli(wire.emulator, "test-sessions", "get", session, "--watch"))
    ender.join()

    assert "passed" in shown
    assert wire.get(session)["status"] == "PASSED"


def test_it_lists_checks(cli: Cli, serve: Start) -> None:
    wire = serve()

    table = output(cli(wire.emulator, "checks", "list", "--tag", "flaky,legacy"))
    found = json.loads(
        output(
            cli(
                wire.emulator,
                *("checks", "list", "--search", "checkout", "--type", "PLAYWRIGHT"),
                *("--output", "json"),
            )
        )
    )

    assert "Recommendations" in table
    assert "Old checkout" in table
    assert [check["name"] for check in found["data"]] == ["Checkout"]
    assert found["pagination"]["total"] == 1


def test_what_it_triggers_is_seen_by_others(cli: Cli, serve: Start) -> None:
    wire = serve(virtual_time=True)

    told = output(
        cli(
            wire.emulator,
            *("trigger", "--detach", "--tags", "production,smoke", "--location", "eu-west-1"),
            *("--test-session-name", "From outside", "--retries", "1", "-e", "URL=https://x"),
        )
    )
    [entry] = wire.http.get("/v1/test-sessions").json()["entries"]

    assert entry["id"] in told
    assert (entry["name"], entry["region"]) == ("From outside", "eu-west-1")
    assert wire.finish(entry["id"])["status"] == "PASSED"


def test_it_says_when_no_check_matches(cli: Cli, serve: Start) -> None:
    wire = serve()

    done = cli(wire.emulator, "trigger", "--detach", "--tags", "no-such-tag")

    assert "No matching checks" in done.stdout
    assert done.returncode == 1


def test_it_is_refused_with_a_wrong_key(cli: Cli, serve: Start, monkeypatch: Any) -> None:
    wire = serve()
    monkeypatch.setattr(Emulator, "api_key", property(lambda _: "cu_wrong_key_0000"))

    done = cli(wire.emulator, "test-sessions", "list")

    assert done.returncode != 0
    assert "Authentication failed" in done.stdout + done.stderr


def test_it_sees_what_runner_started(cli: Cli, serve: Start, tmp_path: Path) -> None:
    wire = serve(virtual_time=True)
    (tmp_path / "checkly-sessions.yaml").write_text(
        "version: 1\nprofiles:\n  smoke:\n    runLocation: eu-west-1\n    name: By runner\n"
        "    target: {matchTags: [[production, smoke]]}\n",
        encoding="utf-8",
    )

    applied = subprocess.run(
        [sys.executable, "-m", "runner", "apply", "smoke"],
        cwd=tmp_path,
        env=os.environ | wire.emulator.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    [entry] = listed(cli, wire)

    assert applied.returncode == 0, applied.stdout + applied.stderr
    assert (entry["name"], entry["status"]) == ("By runner", "PASSED")
