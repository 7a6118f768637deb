import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from runner.models.outcome import ApplyOutcome, Change
from runner.models.verdict import Verdict
from runner.reports.apply import wording
from runner.reports.apply.json_ import render
from tests.reports.outcomes import apply, check, instance, mixed

SCHEMA = json.loads(
    (Path(__file__).parents[3] / "schemas" / "report.schema.json").read_text(encoding="utf-8")
)


def strict(schema: Any) -> Any:
    """``schema`` without the room that it leaves for fields of later releases."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: strict(value) for key, value in schema.items()}
    if "properties" in closed and "required" in closed:
        closed["additionalProperties"] = False
    return closed


VALIDATOR = Draft202012Validator(strict(SCHEMA))


def loaded(outcome: ApplyOutcome) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(render(outcome))
    VALIDATOR.validate(document)
    return document


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_the_schema_knows_each_verdict_and_change() -> None:
    known = set(SCHEMA["$defs"]["verdict"]["enum"])
    assert known == set(Verdict)
    labels = SCHEMA["properties"]["summary"]["properties"]["checks"]["propertyNames"]["enum"]
    assert labels == list(wording.LABELS)
    changes = SCHEMA["$defs"]["check"]["properties"]["change"]["enum"]
    assert set(changes) == {*Change, None}


def test_the_whole_outcome_is_in_it() -> None:
    document = loaded(mixed())
    assert document["result"] == "timed out"
    assert document["exitCode"] == 4
    assert document["startedAt"] == "2026-11-23T08:00:00Z"
    assert document["durationSeconds"] == 45
    assert document["summary"] == {
        "instances": {"timed out": 1, "failed": 1, "passed": 1, "skipped": 1},
        "checks": {"failed": 1, "quarantined": 1, "degraded": 1, "flaky": 1, "passed": 1},
        "changes": {"newly failing": 1, "still failing": 1, "fixed": 1},
    }
    assert document["quorums"] == [
        {"profile": "smoke-prod", "needed": 1, "passed": 1, "total": 2, "reached": True}
    ]
    assert document["tested"] == {
        "account": "Acme (a1)",
        "project": "shop-web",
        "scope": None,
        "environment": "production",
        "commit": "0123456789abcdef",
        "branch": "main",
        "author": "Ada",
        "ciRun": "https://ci.example.com/runs/7",
    }
    first, east, api, web = document["instances"]
    assert first["place"] == {"file": "checkly-sessions.yaml", "line": 2, "column": 3}
    assert first["checks"][0]["attempts"][0]["verdict"] == "failed"
    assert first["checks"][1]["quarantine"] == "index is rebuilt (web, until 2026-12-01)"
    assert east["counts"] is False
    assert east["checks"][0]["error"] == "expected 200, got 500\n    at checkout.spec.ts:12"
    assert east["checks"][0]["change"] == "newly failing"
    assert api["reason"] == "It took longer than 900 s."
    assert web["sessionId"] is None
    assert web["startedAt"] is None


@pytest.mark.parametrize("verdict", Verdict)
def test_each_verdict_fits_the_schema(verdict: Verdict) -> None:
    bare = check(verdict=verdict, check_id=None, check_type="", link="", attempts=())
    loaded(apply(instance(verdict=verdict, checks=(bare,), span=None, run_location="")))


@pytest.mark.parametrize(("code", "more"), [(0, "detached"), (130, "interrupted"), (3, "")])
def test_each_result_fits_the_schema(code: int, more: str) -> None:
    loaded(apply(exit_code=code, **({more: True} if more else {})))
