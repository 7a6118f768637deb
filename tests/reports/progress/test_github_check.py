"""The check run, against a server that behaves as GitHub's documentation says."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from runner.checkly.send import send
from runner.models.events import ApplyFinished, ApplyStarted, Event, InstanceFinished
from runner.models.outcome import ApplyOutcome
from runner.models.verdict import Verdict
from runner.reports.progress import github_check
from runner.reports.progress.github_check import GitHubCheckReporter, conclusion
from runner.reports.progress.listeners import Surroundings
from tests.reports.outcomes import apply, at, check, instance, mixed, story

SHA = "5" * 40


class GitHub(ThreadingHTTPServer):
    """Keeps check runs; refuses what GitHub refuses."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.runs: list[dict[str, Any]] = []
        self.annotations: list[dict[str, Any]] = []
        self.titles: list[str] = []
        self.status = 0
        self.most_annotations: int | None = None
        self.trouble: list[int] = []


class Handler(BaseHTTPRequestHandler):
    server: GitHub

    def do_POST(self) -> None:
        body = self.body()
        if self.path != "/repos/acme/shop/check-runs" or {"name", "head_sha"} - body.keys():
            return self.answer(422)
        self.server.runs.append(body)
        return self.answer(201, {"id": len(self.server.runs), **body})

    def do_PATCH(self) -> None:
        body, output = self.body(), {}
        known = self.path == f"/repos/acme/shop/check-runs/{len(self.server.runs)}"
        if self.server.trouble or not known:
            return self.answer(self.server.trouble.pop(0) if known else 404)
        output = body.get("output", {})
        annotations = output.get("annotations", [])
        if len(annotations) > 50 or not 0 < len(output.get("summary", "x")) < 65_536:
            return self.answer(422)
        if ("conclusion" in body) != (body.get("status") == "completed"):
            return self.answer(422)
        needed = {"path", "start_line", "end_line", "annotation_level", "message"}
        if any(needed - annotation.keys() for annotation in annotations):
            return self.answer(422)
        most = self.server.most_annotations
        if most is not None and len(self.server.annotations + annotations) > most:
            return self.answer(422)
        self.server.annotations += annotations
        self.server.titles.append(output.get("title"))
        self.server.runs[-1] |= body
        return self.answer(200, {"id": len(self.server.runs)})

    def body(self) -> dict[str, Any]:
        length = int(self.headers["Content-Length"])
        found: dict[str, Any] = json.loads(self.rfile.read(length))
        return found

    def answer(self, status: int, body: object = None) -> None:
        if self.headers["Authorization"] != "Bearer t0ken":
            status = 401
        self.send_response(self.server.status or status)
        self.end_headers()
        self.wfile.write(json.dumps(body or {"message": "no"}).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def github() -> Iterator[GitHub]:
    with GitHub() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def reporter(github: GitHub, **more: str) -> GitHubCheckReporter:
    environ = {
        "GITHUB_TOKEN": "t0ken",
        "GITHUB_REPOSITORY": "acme/shop",
        "GITHUB_SHA": SHA,
        "GITHUB_API_URL": f"http://127.0.0.1:{github.server_port}",
    }
    return GitHubCheckReporter(Surroundings(print, environ | more, send))


def tell(to: GitHubCheckReporter, *happened: Event) -> None:
    for event in happened:
        to.handle(event)
        to.tick(event.at)
    to.close()


def test_a_run_is_opened_updated_and_completed(github: GitHub) -> None:
    tell(reporter(github), *story(mixed()))
    (run,) = github.runs
    assert run["head_sha"] == SHA
    assert run["status"] == "completed"
    assert run["conclusion"] == "timed_out"
    assert "sessions are over" in github.titles[0]
    assert "Checkly test sessions" in run["output"]["summary"]
    assert {each["path"] for each in github.annotations} == {"checkly-sessions.yaml"}
    assert {each["annotation_level"] for each in github.annotations} >= {"failure"}
    assert all(each["start_line"] >= 1 for each in github.annotations)


def test_an_apply_that_finds_nothing_to_do_is_skipped(github: GitHub) -> None:
    tell(reporter(github), ApplyFinished(at(0), apply()))
    assert github.runs[0]["conclusion"] == "skipped"


def test_more_than_fifty_annotations_go_in_several_requests(github: GitHub) -> None:
    many = [instance(f"smoke-{number}", Verdict.FAILED) for number in range(120)]
    tell(reporter(github), ApplyFinished(at(9), apply(*many, exit_code=1)))
    assert len(github.annotations) == 120
    assert github.runs[0]["conclusion"] == "failure"


def test_progress_is_told_some_times_a_minute_only(github: GitHub) -> None:
    one = reporter(github)
    names = tuple(f"smoke-{number}" for number in range(30))
    one.handle(ApplyStarted(at(0), "an-apply", names))
    for number, name in enumerate(names):
        one.handle(InstanceFinished(at(number), instance(name)))
        one.tick(at(number))
    assert github.titles == [f"{number} of 30 sessions are over" for number in (1, 11, 21)]


@pytest.mark.parametrize("status", [403, 429, 500, 502])
def test_a_run_is_completed_although_its_progress_was_refused(github: GitHub, status: int) -> None:
    one = reporter(github)
    one.handle(ApplyStarted(at(0), "an-apply", ("smoke",)))
    github.status = status
    one.tick(at(1))
    github.status = 0
    one.handle(ApplyFinished(at(2), apply(instance())))
    assert github.runs[0]["conclusion"] == "success"


def test_a_run_is_completed_although_some_annotations_were_refused(github: GitHub) -> None:
    many = [instance(f"smoke-{number}", Verdict.FAILED) for number in range(60)]
    github.most_annotations = 50
    with pytest.raises(OSError, match="422"):
        reporter(github).handle(ApplyFinished(at(9), apply(*many, exit_code=1)))
    assert github.runs[0]["conclusion"] == "failure"
    assert len(github.annotations) == 50


@pytest.mark.parametrize(
    ("trouble", "summary"), [([502], "Checkly test sessions"), ([422, 422], "The log of the job")]
)
@pytest.mark.parametrize("stopped", [False, True])
def test_a_run_is_completed_although_that_was_refused_at_first(
    github: GitHub,
    monkeypatch: pytest.MonkeyPatch,
    trouble: list[int],
    summary: str,
    stopped: bool,
) -> None:
    monkeypatch.setattr(github_check, "_SECONDS_BETWEEN", 0.01)
    one = reporter(github)
    one.handle(ApplyStarted(at(0), "an-apply", ("smoke",)))
    github.trouble = list(trouble)
    if not stopped:
        one.handle(ApplyFinished(at(2), apply(instance())))
    one.close()
    assert github.runs[0]["conclusion"] == ("failure" if stopped else "success")
    assert (summary in github.runs[0]["output"]["summary"]) or stopped


@pytest.mark.parametrize("text", ["<html>", "[]", "{}", '{"id": null}', "[" * 99_999])
def test_an_answer_that_is_not_of_github_is_named(text: str) -> None:
    environ = {"GITHUB_TOKEN": "t", "GITHUB_REPOSITORY": "a/b", "GITHUB_SHA": SHA}
    one = GitHubCheckReporter(Surroundings(print, environ, lambda *_, **__: (201, text)))
    with pytest.raises(ConnectionError, match="GitHub's answer"):
        one.handle(ApplyStarted(at(0), "an-apply", ("smoke",)))


def test_a_run_is_completed_although_the_apply_stopped_before_its_end(github: GitHub) -> None:
    one = reporter(github)
    one.handle(ApplyStarted(at(0), "an-apply", ("smoke",)))
    one.close()
    assert github.runs[0]["status"] == "completed"
    assert github.runs[0]["conclusion"] == "failure"
    one.close()
    assert github.titles == ["stopped before the end"]


def test_a_completed_run_is_left_as_it_is(github: GitHub) -> None:
    one = reporter(github)
    one.handle(ApplyStarted(at(0), "an-apply", ("smoke", "other")))
    one.handle(ApplyFinished(at(2), apply(instance())))
    one.tick(at(60))
    assert "Checkly test sessions" in github.runs[0]["output"]["summary"]


def test_on_a_pull_request_it_is_the_head_that_was_pushed(github: GitHub, tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"head": {"sha": "7" * 40}}}))
    tell(reporter(github, GITHUB_EVENT_PATH=str(event)), ApplyFinished(at(0), apply(instance())))
    assert github.runs[0]["head_sha"] == "7" * 40


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (apply(instance()), "success"),
        (apply(instance(verdict=Verdict.FLAKY)), "success"),
        (apply(instance(verdict=Verdict.FAILED, counts=False)), "neutral"),
        (apply(instance(checks=(check(verdict=Verdict.FAILED, quarantine="ours"),))), "neutral"),
        (apply(instance(verdict=Verdict.FAILED), exit_code=1), "failure"),
        (apply(instance(verdict=Verdict.UNKNOWN), exit_code=3), "failure"),
        (apply(instance(verdict=Verdict.TIMED_OUT), exit_code=4), "timed_out"),
        (apply(instance(), exit_code=130, interrupted=True), "cancelled"),
        (apply(instance(), detached=True), "neutral"),
    ],
)
def test_the_conclusion_is_the_verdict(outcome: ApplyOutcome, expected: str) -> None:
    assert conclusion(outcome) == expected


@pytest.mark.parametrize(("status", "said"), [(403, "checks: write"), (500, "500"), (302, "302")])
def test_trouble_says_what_github_answered(github: GitHub, status: int, said: str) -> None:
    github.status = status
    with pytest.raises(OSError, match=said):
        reporter(github).handle(ApplyFinished(at(0), apply(instance())))


@pytest.mark.parametrize("name", ["GITHUB_TOKEN", "GITHUB_REPOSITORY", "GITHUB_SHA"])
def test_without_what_it_needs_it_says_so(github: GitHub, name: str) -> None:
    with pytest.raises(LookupError, match=f"{name} is not set"):
        reporter(github, **{name: ""})
