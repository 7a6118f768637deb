import io
import json
from pathlib import Path

import pytest

from runner.models.outcome import ApplyOutcome
from runner.models.verdict import Verdict
from runner.reports.progress.github_actions import annotations, outputs
from runner.reports.progress.reporters import open_reporters, parse_reports
from tests.reports.outcomes import apply, check, instance, mixed, offline, story


def apply_on_github(
    *specs: str, outcome: ApplyOutcome | None = None, **environ: str
) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    with open_reporters(
        parse_reports(specs, {}),
        mask=lambda text: text.replace("500", "***"),
        environ={"GITHUB_ACTIONS": "true", **environ},
        stdout=out,
        stderr=err,
        send=offline,
    ) as reporters:
        for event in story(outcome or mixed()):
            reporters.handle(event)
            reporters.tick(event.at)
    return out.getvalue(), err.getvalue()


def read_outputs(text: str) -> dict[str, str]:
    """``$GITHUB_OUTPUT`` as GitHub reads it."""
    found = {}
    lines = iter(text.splitlines())
    for line in lines:
        name, _, end = line.partition("<<")
        value = []
        for row in lines:
            if row == end:
                break
            value.append(row)
        found[name] = "\n".join(value)
    return found


def test_summary_annotations_and_outputs_come_without_being_asked(tmp_path: Path) -> None:
    summary, output, report = tmp_path / "summary", tmp_path / "output", tmp_path / "r.xml"
    summary.write_text("# Earlier\n")
    log, _ = apply_on_github(
        f"junit={report}", GITHUB_STEP_SUMMARY=str(summary), GITHUB_OUTPUT=str(output)
    )
    assert summary.read_text().startswith("# Earlier\n## ❌ Checkly test sessions: timed out\n")
    assert "expected 200, got ***" in summary.read_text()
    assert "\n::error file=checkly-sessions.yaml,line=2,col=3," in log
    assert "add-mask" not in log
    base = "https://app.checklyhq.com/accounts/a/test-sessions/s1"
    found = read_outputs(output.read_text())
    assert json.loads(found.pop("counts"))["timed out"] == 1
    assert found == {
        "verdict": "timed out",
        "session-ids": "s1\ns2\ns1",
        "session-urls": f"{base}\n{base}\n{base}",
        "report": str(report),
    }


def test_elsewhere_nothing_of_the_kind_happens(tmp_path: Path) -> None:
    summary = tmp_path / "summary"
    log, _ = apply_on_github(GITHUB_ACTIONS="", GITHUB_STEP_SUMMARY=str(summary))
    assert "::error" not in log
    assert not summary.exists()


def test_annotations_do_not_mix_with_a_report_on_standard_output() -> None:
    out, err = apply_on_github("json")
    assert out.startswith("{")
    assert "::error" not in out
    assert "\n::error file=" in err


def test_a_summary_that_cannot_be_written_is_a_warning(tmp_path: Path) -> None:
    log, _ = apply_on_github(GITHUB_STEP_SUMMARY=str(tmp_path))
    assert "::warning::GITHUB_STEP_SUMMARY can't be written: Is a directory\n" in log


def test_what_fails_the_apply_is_an_error_and_what_does_not_a_warning() -> None:
    said = annotations(mixed()).splitlines()
    assert [line.split(" ")[0].split("::")[1] for line in said] == [
        "warning",
        "warning",
        "error",
        "notice",
    ]
    assert "quarantined: index is rebuilt" in said[0]
    assert "title=smoke-prod[us-east-1]%3A failed%2C does not count::Checkout: failed" in said[1]
    assert said[2].endswith(
        "title=api%3A timed out::It took longer than 900 s.%0ALook.%0A"
        "https://app.checklyhq.com/accounts/a/test-sessions/s1"
    )
    assert annotations(apply(instance())) == ""


def test_many_failing_checks_are_cut() -> None:
    checks = tuple(check(f"C{number}", Verdict.FAILED) for number in range(12))
    said = annotations(apply(instance(verdict=Verdict.FAILED, checks=checks, link=None)))
    assert said.count("\n") == 1
    assert "C9: failed%0Aand 2 more failing checks\n" in said
    bare = instance(verdict=Verdict.UNKNOWN, link=None, span=None)
    assert annotations(apply(bare)) == "::error title=smoke-prod[eu-west-1]%3A unknown::unknown\n"


def test_files_are_named_from_the_repository(tmp_path: Path) -> None:
    said = annotations(mixed(), Path.cwd().parent)
    assert f"::error file={Path.cwd().name}/checkly-sessions.yaml,line=2," in said
    assert "::error file=checkly-sessions.yaml," in annotations(mixed(), tmp_path)


@pytest.mark.parametrize("link", ["x\nend-of-output\nverdict=passed", "end-of-output"])
def test_no_value_can_forge_an_output(link: str) -> None:
    found = read_outputs(outputs(apply(instance(link=link), exit_code=1)))
    assert set(found) == {"verdict", "counts", "session-ids", "session-urls", "report"}
    assert found["verdict"] == "failed"
