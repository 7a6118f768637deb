"""`runner emulator` as a process: what it prints, how it ends, what it says about mistakes."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING

import pytest

from runner.cli.services.backend import build
from runner.errors import CannotRun

if TYPE_CHECKING:
    from pathlib import Path


def runner(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "runner", "emulator", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


#: Begins a program as a script does that leaves it in the background: SIGINT is ignored.
IN_BACKGROUND = ["sh", "-c", 'trap "" INT; exec "$@"', "sh"]


@pytest.mark.parametrize(
    ("end", "before"),
    [(signal.SIGINT, []), (signal.SIGTERM, []), (signal.SIGINT, IN_BACKGROUND)],
    ids=["SIGINT", "SIGTERM", "SIGINT in the background"],
)
def test_it_prints_what_to_export_serves_and_ends_well(
    end: signal.Signals, before: list[str]
) -> None:
    with subprocess.Popen(
        [*before, sys.executable, "-m", "runner", "emulator", "--virtual-time"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        exported = dict(
            process.stdout.readline().removeprefix("export ").strip().split("=", 1)
            for _ in range(4)
        )
        request = urllib.request.Request(
            f"{exported['CHECKLY_API_URL']}/v1/accounts/me",
            headers={
                "Authorization": f"Bearer {exported['CHECKLY_API_KEY']}",
                "x-checkly-account": exported["CHECKLY_ACCOUNT_ID"],
            },
        )
        with urllib.request.urlopen(request) as answer:
            assert answer.status == 200
        process.send_signal(end)
        out, err = process.communicate(timeout=20)

    assert process.returncode == 0
    assert exported["CHECKLY_ENV"] == "local"
    assert out == ""
    assert re.search(r"Serving Emulated account \(18 checks\) on http://127\.0\.0\.1:\d+", err)
    assert "has stopped" in err


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["--fault", "nope"], 2, "--fault: unknown fault 'nope'; faults are"),
        (
            ["--world", "missing.yaml"],
            2,
            "The world missing.yaml can't be read: no such file or directory.",
        ),
        (["--port", "99999"], 2, "99999"),
        (["--speed", "-1"], 2, "--speed"),
        (["--host", "192.0.2.1"], 3, "can't listen on 192.0.2.1:0"),
        (["--record", "/nowhere/traffic"], 3, "can't record to /nowhere/traffic"),
    ],
)
def test_a_mistake_is_told_without_a_traceback(
    arguments: list[str], code: int, reason: str
) -> None:
    done = runner(*arguments)

    assert done.returncode == code
    assert reason in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_mistake_in_the_world_is_told_by_its_line(tmp_path: Path) -> None:
    world = tmp_path / "world.yaml"
    world.write_text("checks:\n  - name: A\n    type: MAGIC\n", encoding="utf-8")

    done = runner("--world", str(world))

    assert done.returncode == 2
    assert f"The world is invalid: {world}:3: " in done.stderr


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "runner.emulator.server", None)
    with pytest.raises(CannotRun, match="not installed") as caught:
        build()

    assert caught.value.hint is not None
    assert ".[emulator]" in caught.value.hint
