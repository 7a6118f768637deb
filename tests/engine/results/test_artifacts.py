"""The files that failed runs left behind, on disk."""

from pathlib import Path

import pytest

from runner.engine.results.artifacts import artifacts_of, safe_name
from runner.models.events import Notice
from runner.models.response import ResultDetail
from tests.engine.bench import a_check, a_world, only, planned
from tests.engine.conftest import MakeBench


def names(**details: object) -> list[tuple[str, str]]:
    detail = ResultDetail.model_validate({"playwrightCheckResult": details})
    return [(item.kind, item.name) for item in artifacts_of(detail, str)]


def test_files_are_told_apart_by_where_they_stand_and_by_their_names() -> None:
    found = names(
        jobAssets=["https://s/a.png?x=1", "https://s/b.webm", "https://s/c.bin", "https://s/", 7],
        playwrightTestTraces=["https://s/t.zip"],
        playwrightTestJsonReportFile="https://s/r.json",
        pcapDataUrl="https://s/p.pcap",
    )
    assert found == [
        ("trace", "t.zip"),
        ("report", "r.json"),
        ("packets", "p.pcap"),
        ("screenshot", "a.png"),
        ("video", "b.webm"),
        ("file", "c.bin"),
        ("file", "file"),
    ]


def test_a_file_that_is_named_twice_is_one() -> None:
    address = "https://s/t.zip?signature=1"
    assert names(jobAssets=[address], playwrightTestTraces=[address]) == [("trace", "t.zip")]


@pytest.mark.parametrize(
    ("log", "text"),
    [
        ("one\ntwo", "one\ntwo\n"),
        ([{"time": 1, "level": "INFO", "msg": "one"}, "two"], "1 INFO one\ntwo\n"),
        ({"setup": ["one"], "request": [{"msg": "two"}], "n": 7}, "one\ntwo\n"),
        ([[["deep"]]], "deep\n"),
    ],
)
def test_a_log_is_read_in_any_form(log: object, text: str) -> None:
    detail = ResultDetail.model_validate({"apiCheckResult": {"jobLog": log}})
    (artifact,) = artifacts_of(detail, str)
    assert (artifact.kind, artifact.content) == ("log", text)


def test_a_log_is_masked_and_bounded() -> None:
    log = ["token hunter22"] * 20_000
    detail = ResultDetail.model_validate({"apiCheckResult": {"jobLog": log}})
    (artifact,) = artifacts_of(detail, lambda text: text.replace("hunter22", "***"))
    assert "hunter22" not in artifact.content
    assert artifact.content.count("\n") == 10_000


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "etc-passwd"),
        ("Check out: é?", "Check-out"),
        ("..", "file"),
        ("a" * 500, "a" * 80),
        ("C:\\x\0y", "C-x-y"),
    ],
)
def test_a_name_from_outside_can_not_leave_its_folder(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_the_files_of_what_failed_are_kept(make_bench: MakeBench, tmp_path: Path) -> None:
    broken = a_check("../login", "failed", type="PLAYWRIGHT", error="no such button")
    bench = make_bench(a_world(a_check("home", type="PLAYWRIGHT"), broken))
    folder = bench.artifacts = tmp_path / "out"
    home, login = only(bench.apply(planned())).checks
    assert not any(item.path for item in home.artifacts)
    kept = {item.kind: Path(item.path) for item in login.artifacts}
    assert set(kept) == {"trace", "video", "report", "screenshot", "log"}
    assert all(path.is_file() and folder in path.parents for path in kept.values())
    assert "no such button" in kept["log"].read_text()
    notices = [event.text for event in bench.events if isinstance(event, Notice)]
    assert f"5 files of what failed are in {folder}." in notices


def test_what_can_not_be_kept_is_told_and_changes_no_verdict(
    make_bench: MakeBench, tmp_path: Path
) -> None:
    broken = a_check("login", "failed", type="BROWSER", error="no such button")
    bench = make_bench(a_world(broken))
    bench.artifacts = tmp_path / "out"
    bench.artifacts.write_text("a file where the folder should be")
    outcome = only(bench.apply(planned()))
    assert outcome.checks[0].error == "no such button"
    warned = [event.text for event in bench.events if isinstance(event, Notice)]
    assert any(text.startswith("The trace of login could not be downloaded") for text in warned)


def test_files_over_the_limit_are_left_out(make_bench: MakeBench, tmp_path: Path) -> None:
    broken = a_check("login", "failed", type="BROWSER", error="no such button")
    bench = make_bench(a_world(broken))
    bench.artifacts, bench.artifacts_limit = tmp_path / "out", 150
    outcome = only(bench.apply(planned()))
    kept = {item.kind: bool(item.path) for item in outcome.checks[0].artifacts}
    assert kept == {"trace": False, "screenshot": True, "log": True}
