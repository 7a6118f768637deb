"""The files that failed runs left behind, on disk."""

import asyncio
import re
from contextlib import aclosing
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from runner.checkly.account import Credentials
from runner.checkly.downloads import Downloads
from runner.engine.results.artifacts import ArtifactDownloader, artifacts_of
from runner.file_names import safe_name
from runner.models.events import Notice
from runner.models.outcome import Artifact, CheckAttempt, CheckOutcome, InstanceOutcome
from runner.models.response import ResultDetail
from runner.models.verdict import Verdict
from tests.engine.bench import a_check, a_world, only, planned
from tests.engine.clocks import FakeClock
from tests.engine.conftest import MakeBench

if TYPE_CHECKING:
    from runner.engine.control.context import Context

CLOCK = FakeClock()


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


def test_the_files_of_what_failed_are_kept(
    make_bench: MakeBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runner.engine.results.artifacts._TELL_AFTER", 0.0)
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
    assert notices[0] == "Downloading 5 files of what failed."
    said = rf"Downloaded 5 files of what failed \([01] kB\) to {folder}\."
    assert re.fullmatch(said, notices[-1])


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
    assert kept == {"trace": False, "screenshot": True, "log": False}
    assert sum(path.stat().st_size for path in bench.artifacts.rglob("*.*")) <= 150


def keep(folder: Path, *instances: InstanceOutcome, most: int = 1_000_000) -> list[Artifact]:
    """The files of these instances, as a keeper of their own keeps them."""

    async def run() -> list[Artifact]:
        downloads = Downloads(Credentials("k", "a", "http://127.0.0.1:1"), CLOCK)
        downloader = ArtifactDownloader(folder, most, downloads)
        context = cast("Context", SimpleNamespace(clock=CLOCK, notice=lambda *_, **__: None))
        async with aclosing(downloads):
            kept = [await downloader.keep(context, each) for each in instances]
        return [file for each in kept for check in each.checks for file in check.artifacts]

    return asyncio.run(run())


def logged(name: str, *logs: str, check_id: str | None = "id", result: str = "r") -> CheckOutcome:
    return CheckOutcome(
        name,
        Verdict.FAILED,
        check_id=check_id,
        attempts=(CheckAttempt(Verdict.FAILED, result, "", None, None, None),),
        artifacts=tuple(Artifact("log", "Log.txt", content=log) for log in logs),
    )


def ended(name: str, *checks: CheckOutcome) -> InstanceOutcome:
    return InstanceOutcome(name, name, Verdict.FAILED, checks=checks)


@pytest.mark.parametrize(
    "instances",
    [
        [ended("a", logged("x", "1", result="r1"), logged("x", "2", result="r2"))],
        [ended("a", logged("x", "1", check_id="1"), logged("x", "2", check_id="2"))],
        [ended("a", logged("x", "1", check_id=None, result="1"), logged("X", "2", check_id=None))],
        [ended("a[b]", logged("x", "1")), ended("a-b-", logged("x", "2"))],
        [ended("a", logged("x", "1")), ended("A", logged("x", "2"))],
        [ended("a", logged("../x", "1"), logged("x", "2"), logged("/x", "3"))],
        [ended("a", logged("\u65e5", "1"), logged("\u672c", "2"), logged("", "3"))],
        [ended("a", logged("x" * 300, "1"), logged("x" * 301, "2"))],
        [ended("a", logged("CON", "1"), logged("con", "2"), logged("\0", "3"))],
        [ended("a", logged("\ud800", "1"), logged("\ud801", "2", check_id="other"))],
        [ended("a", logged("x", "1", "2", "3"))],
    ],
)
def test_no_file_takes_the_place_of_another_on_any_file_system(
    tmp_path: Path, instances: list[InstanceOutcome]
) -> None:
    files = keep(tmp_path, *instances)
    paths = [Path(file.path) for file in files]
    assert len({str(path).lower() for path in paths}) == len(files)
    assert [path.read_text() for path in paths] == [str(n + 1) for n in range(len(files))]
    assert all(tmp_path in path.resolve().parents for path in paths)


def test_logs_count_towards_the_limit_over_all_instances(tmp_path: Path) -> None:
    files = keep(
        tmp_path,
        ended("a", logged("x", "1" * 60)),
        ended("b", logged("x", "2" * 60), logged("y", "3" * 30)),
        most=100,
    )
    assert [bool(file.path) for file in files] == [True, False, True]


def test_what_an_earlier_command_brought_whole_is_not_asked_for_again(
    make_bench: MakeBench, tmp_path: Path
) -> None:
    broken = a_check("login", "failed", type="BROWSER", error="no such button")
    bench = make_bench(a_world(broken))
    bench.artifacts = tmp_path / "out"
    (login,) = only(bench.apply(planned())).checks
    trace = Path(next(file.path for file in login.artifacts if file.kind == "trace"))
    whole = trace.read_bytes()
    # As after a kill: one file is whole, the other one broke off.
    screenshot = trace.with_name("screenshot.png")
    picture = screenshot.read_bytes()
    screenshot.with_name("screenshot.png.part").write_bytes(picture[:9])
    screenshot.unlink()
    trace.write_bytes(b"whole already")
    again = ended("smoke", login)

    async def resume() -> InstanceOutcome:
        async with (
            bench.client() as client,
            aclosing(Downloads(client.credentials, CLOCK)) as downloads,
        ):
            context = cast("Context", SimpleNamespace(clock=CLOCK, notice=lambda *_, **__: None))
            return await ArtifactDownloader(bench.artifacts or tmp_path, 10**6, downloads).keep(
                context, again
            )

    asyncio.run(resume())
    assert trace.read_bytes() == b"whole already"
    assert screenshot.read_bytes() == picture
    assert whole != b"whole already"
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize(
    "address", ["https://[x", "http://]", "\0", "https://", "//", "https://a/%2e%2e"]
)
def test_an_address_that_is_none_has_a_name_all_the_same(address: str) -> None:
    ((kind, name),) = names(jobAssets=[address])
    assert kind == "file"
    assert safe_name(name)


def test_no_more_files_are_listed_than_anyone_opens() -> None:
    assert len(names(jobAssets=[f"https://s/{number}.png" for number in range(100_000)])) == 100
