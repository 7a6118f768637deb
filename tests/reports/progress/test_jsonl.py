"""The stream of events: versioned, complete, told as it happens."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from runner.models import events
from runner.models.verdict import Verdict
from runner.reports.progress.jsonl import JsonLinesReporter
from runner.reports.progress.listeners import Surroundings
from tests.reports.outcomes import apply, at, attempt, check, instance, mixed, offline, story

SCHEMAS = Path(__file__).parents[3] / "schemas"
SCHEMA, REPORT = (
    json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    for name in ("events", "report")
)
REGISTRY: Any = Registry().with_resource("report.schema.json", Resource.from_contents(REPORT))
VALIDATOR = Draft202012Validator(SCHEMA, registry=REGISTRY)


def lines(*happened: events.Event) -> list[dict[str, Any]]:
    written: list[str] = []
    reporter = JsonLinesReporter(Surroundings(written.append, {}, offline))
    for event in happened:
        reporter.handle(event)
        reporter.tick(event.at)
    assert all(line.endswith("\n") and line.count("\n") == 1 for line in written)
    found = [json.loads(line) for line in written]
    for line in found:
        VALIDATOR.validate(line)
    return found


def test_each_line_fits_the_schema_and_each_type_occurs() -> None:
    planned = events.PlanMade(at(0), "an-apply", (("smoke-prod", "create"),))
    cancelling = events.SessionCancelling(at(9), "smoke-prod", "timeout")
    notice = events.Notice(at(9), "Waiting.", None, is_warning=True)
    found = lines(planned, *story(mixed()), cancelling, notice)
    known = SCHEMA["properties"]["type"]["enum"]
    assert {line["type"] for line in found} == set(known)
    assert [each["properties"]["type"]["const"] for each in SCHEMA["oneOf"]] == known
    assert [line["number"] for line in found] == list(range(1, len(found) + 1))


def test_attempts_and_results_are_told_once_and_in_order() -> None:
    failed, passed = attempt(Verdict.FAILED, 1, 2), attempt(Verdict.PASSED, 3, 4, 2)
    running = check("Login", Verdict.RUNNING, attempts=(failed,))
    over = check("Login", Verdict.FLAKY, attempts=(failed, passed))
    ended = instance("smoke", checks=(over,))
    found = lines(
        events.ApplyStarted(at(0), "an-apply", ("smoke",)),
        events.SessionStarted(at(0), "smoke", "s1", "https://app.example/s1"),
        events.SessionProgress(at(2), "smoke", (running,)),
        events.SessionProgress(at(3), "smoke", (running,)),
        events.SessionProgress(at(4), "smoke", (over,)),
        events.InstanceFinished(at(5), ended),
        events.ApplyFinished(at(6), apply(ended, apply_id="an-apply")),
    )
    assert [line["type"] for line in found] == [
        *("started", "session", "attempt", "attempt", "result", "verdict", "finished")
    ]
    assert [(line["attempt"], line["verdict"]) for line in found[2:4]] == [
        (1, "failed"),
        (2, "passed"),
    ]
    assert {line["applyId"] for line in found} == {"an-apply"}


def test_checks_of_one_name_are_told_apart() -> None:
    both = (check("Login"), check("Login"))
    found = lines(events.SessionProgress(at(2), "smoke", both))
    assert [line["type"] for line in found] == ["attempt", "attempt", "result", "result"]


@pytest.mark.parametrize("method", ["GET"])
def test_requests_to_the_api_are_not_told(method: str) -> None:
    assert lines(events.RequestMade(at(1), method, "/v1/x", 200, 0.1)) == []
