"""Exit codes: of each kind of error, and where output goes nowhere."""

import asyncio
import errno
import io
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from runner.cli.console import Console
from runner.cli.error_handler import run
from runner.errors import CannotRun, Interrupted, UsageError
from tests.encodings import ALL

FILE = "version: 1\nprofiles:\n  a: {runLocation: eu-west-1, target: all}\n"


def runner(
    folder: Path, words: str, *, stdout: int = subprocess.PIPE, redirected: str = ""
) -> subprocess.CompletedProcess[str]:
    (folder / "checkly-sessions.yaml").write_text(FILE)
    return subprocess.run(
        ["sh", "-c", f'exec "$0" -m runner "$@" {redirected}', sys.executable, *words.split()],
        cwd=folder,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
@pytest.mark.parametrize(("words", "code"), [("show a", 0), ("show b", 2), ("--version", 0)])
def test_closed_output_changes_no_exit_code(
    tmp_path: Path, closed: str, words: str, code: int
) -> None:
    done = runner(tmp_path, words, redirected=closed)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("module", ["runner.cli.app", "runner.config.compile.compiler"])
def test_a_signal_during_start_up_ends_with_130(tmp_path: Path, name: str, module: str) -> None:
    """It comes when the module is looked for: before the command begins, and in a command."""
    program = f"""
import os, signal, sys
from runner.cli import main

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.{name})

sys.meta_path.insert(0, Finder())
main()
"""
    (tmp_path / "checkly-sessions.yaml").write_text(FILE)
    done = subprocess.run(
        [sys.executable, "-c", program, "validate"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 130, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full device")
@pytest.mark.parametrize("words", ["show a", "--help", "schema"])
def test_a_full_disk_is_no_bug(tmp_path: Path, words: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = runner(tmp_path, words, stdout=full.fileno())
    assert done.returncode == 3, done.stderr
    assert "no space left on device" in done.stderr


@pytest.mark.parametrize("words", ["show b", "shw", "validate"])
def test_a_reader_that_has_left_both_streams_gets_no_traceback(tmp_path: Path, words: str) -> None:
    (tmp_path / "checkly-sessions.yaml").write_text(FILE)
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "runner", *words.split()],
        cwd=tmp_path,
        stdout=writing,
        stderr=writing,
        timeout=60,
        check=False,
    )
    os.close(writing)
    assert done.returncode == 141


class Panic(BaseException):
    """As the errors of some libraries, which are no Exception."""


def ends(
    error: BaseException, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *arguments: str
) -> tuple[int, str, str]:
    """Exit code, standard error and crash file of a command that raises ``error``."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    console = Console(io.StringIO(), io.StringIO())
    console.redactor.learn("hunter22")
    monkeypatch.setattr(Console, "_process", console)

    @click.command()
    @click.option("--detailed-exitcode", is_flag=True)
    def command(detailed_exitcode: bool) -> None:  # noqa: ARG001 # looked for in the arguments
        raise error

    group = click.Group(commands={"fail": command})
    code = run(group, ["fail", *arguments])
    crash = "".join(path.read_text() for path in tmp_path.glob("runner-crash-*"))
    assert isinstance(console.err, io.StringIO)
    return code, console.err.getvalue(), crash


def deep() -> RecursionError:
    def dive() -> None:
        dive()

    with pytest.raises(RecursionError) as caught:
        dive()
    return caught.value


@pytest.mark.parametrize(
    "error",
    [
        Panic("x"),
        MemoryError(),
        deep(),
        SystemExit(1),
        ValueError("a\n::error::b\x1b[2J"),
        ExceptionGroup("several", [ValueError("x"), CannotRun("y")]),
        FileNotFoundError(errno.ENOENT, "no such file"),
        asyncio.CancelledError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_nobody_expected_is_a_bug(
    error: BaseException, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    code, said, crash = ends(error, monkeypatch, tmp_path)
    assert code == 70
    assert said.startswith(f"Error: a bug in the runner ({type(error).__name__}).\n")
    assert len(said.splitlines()) == 2
    assert type(error).__name__ in crash
    assert ends(error, monkeypatch, tmp_path, "--detailed-exitcode")[0] == 1


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("Wrong."), 2),
        (CannotRun("Wrong."), 3),
        (Interrupted("Wrong."), 130),
        (KeyboardInterrupt(), 130),
        (click.Abort(), 130),
        (click.UsageError("Wrong."), 2),
        (PermissionError(errno.EACCES, "Permission denied", "Wrong."), 3),
        (OSError(errno.ENOSPC, "No space left on device"), 3),
        (ExceptionGroup("several", [CannotRun("Wrong."), UsageError("Wrong.")]), 3),
        (BaseExceptionGroup("one", [ExceptionGroup("one", [UsageError("Wrong.")])]), 2),
    ],
)
def test_what_is_not_the_programs_fault_has_its_own_code(
    error: BaseException, code: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found, said, crash = ends(error, monkeypatch, tmp_path)
    assert found == code
    assert re.search(r"Wrong\.|Interrupted\.|No space|no space", said)
    assert not crash


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (CannotRun("One.", hint="Look."), ["One."]),
        (click.UsageError("One."), ["One."]),
        (ExceptionGroup("g", [CannotRun("One."), UsageError("Two.")]), ["One.", "Two."]),
        (ExceptionGroup("g", [ExceptionGroup("g", [CannotRun("One.")])]), ["One."]),
        (ExceptionGroup("g", [CannotRun("One."), ValueError("x")]), []),
        (KeyboardInterrupt(), []),
    ],
)
def test_github_is_told_of_each_error_that_a_user_can_mend(
    error: BaseException, told: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))
    _, said, _ = ends(error, monkeypatch, tmp_path)
    annotated = [line for line in said.splitlines() if line.startswith("::error")]
    assert len(annotated) == len(told)
    assert all(text in line for text, line in zip(told, annotated, strict=True))
    summary = "".join(path.read_text() for path in tmp_path.glob("summary"))
    assert all(text in summary for text in told)


@pytest.mark.parametrize("encode", [str, ALL["hex"], ALL["handlebars"], ALL["base64 of utf-16"]])
def test_a_crash_file_holds_no_secret_in_any_encoding(
    encode: Callable[[str], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    error = ValueError(f"it was\n{encode('hunter22')}\n")
    _, said, crash = ends(error, monkeypatch, tmp_path)
    assert "test_error_handler.py" in crash
    assert encode("hunter22") not in crash + said


def test_a_crash_file_leaves_out_what_only_several_lines_together_show(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _, _, crash = ends(ValueError("hunt\ner22"), monkeypatch, tmp_path)
    assert "test_error_handler.py" in crash
    assert "hunt\n" not in crash


def test_a_crash_file_that_cannot_be_written_changes_no_exit_code(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    console = Console(io.StringIO(), io.StringIO())
    monkeypatch.setattr(Console, "_process", console)

    @click.command()
    def command() -> None:
        raise ValueError

    assert run(click.Group(commands={"fail": command}), ["fail"]) == 70
    assert isinstance(console.err, io.StringIO)
    assert "No crash file could be written." in console.err.getvalue()
