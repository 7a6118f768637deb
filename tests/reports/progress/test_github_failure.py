"""Traces in GitHub Actions of a command that failed before it could begin."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from runner.diagnostics import Diagnostic
from runner.reports.progress.github_actions import report_failure
from runner.source import Source, Span
from tests.reports.test_hostile import TEXTS, harmless

MISTAKE = "version: 1\nprofiles:\n  smoke: {target: all, runLocaton: eu-west-1}\n"


def run(
    folder: Path, words: str, text: str = MISTAKE, before: str = ""
) -> tuple[subprocess.CompletedProcess[str], str, str]:
    """The process, the step summary and the outputs."""
    (folder / "checkly-sessions.yaml").write_text(text)
    (folder / "outputs").write_text(before)
    done = subprocess.run(
        [sys.executable, "-m", "runner", *words.split()],
        cwd=folder,
        env={
            "PATH": "",
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(folder),
            "GITHUB_STEP_SUMMARY": str(folder / "summary"),
            "GITHUB_OUTPUT": str(folder / "outputs"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    summary = folder / "summary"
    return done, summary.read_text() if summary.exists() else "", (folder / "outputs").read_text()


def test_a_mistake_in_the_file_is_annotated_at_its_line(tmp_path: Path) -> None:
    done, summary, outputs = run(tmp_path, "apply smoke --emulator --report json")
    assert done.returncode == 2
    assert done.stdout == ""
    place = "file=checkly-sessions.yaml,line=3,col=24,"
    assert re.search(f"^::error {place}", done.stderr, re.MULTILINE)
    assert "nothing was started" in summary
    assert "checkly-sessions.yaml:3:24: error[unknown-key]" in summary
    assert re.fullmatch(r"verdict<<(\S+)\nnot started\n\1\n", outputs)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("apply smoke", "CHECKLY_API_KEY"),
        ("apply nope --emulator", "nope"),
        ("apply --nope", "No such option"),
        ("wait", "CHECKLY_API_KEY"),
    ],
)
def test_whatever_kept_it_from_beginning_is_told(tmp_path: Path, words: str, said: str) -> None:
    done, summary, outputs = run(tmp_path, words, MISTAKE.replace("Locaton", "Location"))
    assert done.returncode in {2, 3}
    assert re.search(rf"^::error::.*{said}", done.stderr, re.MULTILINE)
    assert said in summary
    assert "not started" in outputs


def test_a_plan_sets_no_verdict(tmp_path: Path) -> None:
    _, summary, outputs = run(tmp_path, "plan --offline")
    assert summary
    assert outputs == ""


def test_a_verdict_that_is_there_stays(tmp_path: Path) -> None:
    before = "verdict<<end\npassed\nend\n"
    assert run(tmp_path, "apply smoke --emulator", before=before)[2] == before


def test_files_that_are_not_there_or_not_writable_change_nothing(tmp_path: Path) -> None:
    said: list[str] = []
    environ = {"GITHUB_STEP_SUMMARY": str(tmp_path), "GITHUB_OUTPUT": str(tmp_path / "no/file")}
    report_failure((), ["No."], environ=environ, write=said.append, sets_verdict=True)
    report_failure((), ["No.", "Yes."], environ={}, write=said.append, sets_verdict=True)
    assert said == ["::error::No.\n", "::error::No.%0AYes.\n"]


@pytest.mark.parametrize("kind", TEXTS)
def test_a_hostile_text_is_harmless(kind: str, tmp_path: Path) -> None:
    text = TEXTS[kind]
    source = Source(text, f"key: {text}\n")
    found = [Diagnostic("unknown-key", text, Span(source, 0, 3), hint=text)]
    said: list[str] = []
    environ = {name: str(tmp_path / name) for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
    for diagnostics in (found, []):
        report_failure(
            diagnostics, [text, text], environ=environ, write=said.append, sets_verdict=True
        )
    summary = (tmp_path / "GITHUB_STEP_SUMMARY").read_text()
    harmless(summary)
    outside = re.sub(r"(`{3,})text\n.*?\n\1\n", "", summary, flags=re.DOTALL)
    assert [line for line in outside.splitlines() if line] == [
        "## Checkly test sessions: nothing was started"
    ] * 2
    assert all(line.startswith("::error") for each in said for line in each.splitlines())
