"""A plan as JSON, against its schema."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from runner.models.marked import Marked
from runner.models.plan import CheckDrift, Plan
from runner.models.verdict import Verdict
from runner.reports.plan.json_ import document, render
from tests.plan.records import make_plan
from tests.reports.plans import AT, fingerprint, instance, record

SCHEMA = json.loads((Path(__file__).parents[3] / "schemas/plan.schema.json").read_text("utf-8"))


def secret(value: str, **more: Any) -> dict[str, Any]:
    return {"key": "TOKEN", "value": Marked(value, secret=True, **more), "secret": True}


@pytest.fixture
def plan() -> Plan:
    new = instance(
        "new",
        environmentVariables=[secret("hunter2")],
        metadata={"commitId": Marked("abc", template="$<git.sha>")},
        runLocation=Marked(None, unset=("env.REGION",)),
    )
    held = {"var.x": "1"}
    changed = instance(
        "changed",
        retryStrategy=None,
        name=Marked("n", template="$<var.x> $<git.sha>", inputs=tuple(held.items())),
        environmentVariables=[secret("hunter22")],
    )
    before = instance("changed", environmentVariables=[secret("hunter2")])
    records = {
        "changed": record(before, verdict=Verdict.TIMED_OUT, link="https://x", stopped_at=AT),
        "gone": record(instance("gone")),
    }
    plan = make_plan([new, changed], records, fingerprint, everything=True, warnings=["w"])
    resolved = plan.instances[0]._replace(
        checks=CheckDrift(("Login",), ("Login",), ()), blocked="too few"
    )
    return Plan((resolved, *plan.instances[1:]), plan.warnings)


def test_it_is_what_the_schema_says(plan: Plan) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    for shown in (plan, Plan(())):
        jsonschema.validate(json.loads(render(shown)), SCHEMA)


def test_the_schema_names_every_key_and_no_other(plan: Plan) -> None:
    shown = document(plan)
    parts = SCHEMA["$defs"]
    assert list(shown) == SCHEMA["required"]
    assert [*shown, "against"] == list(SCHEMA["properties"])
    first = list(shown["profiles"][0])
    assert first == parts["profile"]["required"]
    assert [*first, "renamedFrom"] == list(parts["profile"]["properties"])
    assert list(shown["profiles"][1]["changes"][0]) == list(parts["change"]["properties"])
    assert list(shown["profiles"][1]["last"]) == list(parts["last"]["properties"])
    assert list(shown["profiles"][0]["checks"]) == list(parts["checks"]["properties"])
    assert list(shown["summary"]) == list(SCHEMA["properties"]["summary"]["properties"])


def test_against_a_commit_what_it_is_and_what_was_renamed_is_told(plan: Plan) -> None:
    renamed = plan.instances[0]._replace(renamed_from="old")
    shown = document(Plan((renamed,), against="main at 1a2b3c4"))
    jsonschema.validate(shown, SCHEMA)
    assert shown["against"] == "main at 1a2b3c4"
    assert shown["profiles"][0]["renamedFrom"] == "old"


def test_the_request_is_complete_and_masked(plan: Plan) -> None:
    assert document(plan)["profiles"][0]["request"] == {
        "name": "Smoke",
        "runLocation": "(unset: env.REGION)",
        "target": {"matchTags": [], "checkId": [], "allowDeactivated": False},
        "environmentVariables": {
            "TOKEN": {"value": "(secret #1)", "secret": True, "locked": False}
        },
        "refreshCache": False,
        "metadata": {"commitId": "abc"},
    }


def test_changes_have_both_sides(plan: Plan) -> None:
    changes = {change["path"]: change for change in document(plan)["profiles"][1]["changes"]}
    assert changes["environmentVariables.TOKEN.value"] == {
        "path": "environmentVariables.TOKEN.value",
        "op": "replace",
        "before": "(secret #1)",
        "after": "(secret #2)",
        "sensitive": True,
    }
    assert changes["name"]["after"] == {
        "template": "$<var.x> $<git.sha>",
        "inputs": {"var.x": "1"},
    }
    assert changes["retryStrategy"]["op"] == "add"


def test_times_are_utc(plan: Plan) -> None:
    assert document(plan)["profiles"][1]["last"] == {
        "verdict": "timed out",
        "reason": None,
        "appliedAt": "2026-11-23T08:12:03Z",
        "stoppedAt": "2026-11-23T08:12:03Z",
        "applyId": "1",
        "sessionId": None,
        "link": "https://x",
        "commit": None,
        "branch": None,
    }
    assert document(plan)["profiles"][2]["last"]["verdict"] is None


def test_a_secret_that_was_not_compared_is_a_warning() -> None:
    held = instance("a", environmentVariables=[secret("hunter2")])
    plan = make_plan([held], {"a": record(held)}, lambda _: None)
    (shown,) = document(plan)["profiles"]
    assert shown["action"] == "rerun"
    assert shown["warnings"] == [
        "environmentVariables.TOKEN.value is a secret that could not be compared"
    ]
    assert shown["request"]["environmentVariables"]["TOKEN"]["value"] == "(secret #1)"


def test_nothing_secret_is_in_it(plan: Plan) -> None:
    text = render(plan)
    assert "hunter2" not in text
    assert "of 7" not in text, "a fingerprint is for comparing, not for showing"
    assert text.isascii()


def test_a_request_without_metadata_or_with_unresolved_metadata_shows_as_it_is() -> None:
    for metadata, shown in (({}, {}), (Marked(None, unset=("env.M",)), "(unset: env.M)")):
        plan = make_plan([instance("a", metadata=metadata)], {}, fingerprint)
        assert document(plan)["profiles"][0]["request"]["metadata"] == shown


def test_no_name_forges_a_command_of_a_ci_system() -> None:
    name = "##vso[task.complete]"
    text = render(make_plan([instance("a", name=name)], {}, fingerprint))
    assert "##" not in text
    assert json.loads(text)["profiles"][0]["request"]["name"] == name
