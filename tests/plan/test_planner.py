"""Which action each instance gets, and what is said beside it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from runner.models.instance import Instance
from runner.models.marked import Marked
from runner.models.plan import Action, Plan
from runner.models.record import Record
from runner.source import Source, Span
from tests.plan.records import make_plan, record_of

AT = datetime(2026, 11, 23, 8, 12, tzinfo=UTC)
SPAN = Span(Source("checkly-sessions.yaml", "smoke"), 0, 5)


def fingerprint(secret: str) -> dict[str, str]:
    return {"fingerprint": f"hmac-{len(secret)}", "keyId": "k1"}


def instance(name: str, /, timeout: float = 1200, **fields: Any) -> Instance:
    body = {"name": name, "runLocation": "eu-west-1", **fields}
    return Instance(name, name.partition("[")[0], (), body, {"timeoutSeconds": timeout}, SPAN)


def record(planned: Instance, **more: Any) -> Record:
    return record_of(planned, fingerprint, AT, **more)


def actions(plan: Plan) -> dict[str, Action]:
    return {planned.name: planned.action for planned in plan.instances}


def planned_warnings(timeout: float, **fields: Any) -> tuple[str, ...]:
    (planned,) = make_plan([instance("a", timeout, **fields)], {}, fingerprint).instances
    return planned.warnings


def test_each_instance_gets_its_action() -> None:
    new, same, other = instance("new"), instance("same"), instance("other", refreshCache=True)
    gone = record(instance("gone"))
    records = {
        "same": record(same),
        "other": record(instance("other")),
        "gone": gone,
    }
    plan = make_plan([new, same, other], records, fingerprint, everything=True)
    assert actions(plan) == {
        "new": Action.CREATE,
        "same": Action.RERUN,
        "other": Action.UPDATE,
        "gone": Action.REMOVED,
    }
    assert [change.path for change in plan.instances[2].changes] == ["refreshCache"]
    assert plan.instances[3].request == gone.request
    assert plan.instances[3].record == gone


def test_nothing_is_removed_when_something_was_selected() -> None:
    records = {"gone": record(instance("gone"))}
    assert actions(make_plan([instance("new")], records, fingerprint)) == {"new": Action.CREATE}


def test_nothing_is_removed_of_a_profile_whose_instances_are_not_known() -> None:
    gone = instance("gone")
    plan = make_plan(
        [], {"gone": record(gone)}, fingerprint, everything=True, open_profiles=[gone.profile]
    )
    assert actions(plan) == {}


def test_an_archived_record_is_no_record() -> None:
    back, gone = instance("back"), instance("gone")
    records = {
        "back": record(back, archived_at=AT),
        "gone": record(gone, archived_at=AT),
    }
    plan = make_plan([back], records, fingerprint, everything=True)
    assert actions(plan) == {"back": Action.CREATE}


def test_a_secret_under_another_key_is_a_rerun_and_told() -> None:
    value = Marked("hunter2", secret=True)
    held = instance("a", environmentVariables=[{"key": "T", "value": value, "secret": True}])
    plan = make_plan([held], {"a": record(held)}, lambda _: None)
    (planned,) = plan.instances
    assert planned.action is Action.RERUN
    assert planned.not_compared == ("environmentVariables.T.value",)


def test_those_pulled_in_are_marked() -> None:
    plan = make_plan([instance("a"), instance("b")], {}, fingerprint, pulled_in={"b"})
    assert [planned.pulled_in for planned in plan.instances] == [False, True]


def test_an_unresolved_value_is_told_with_what_it_waits_for() -> None:
    missing = Marked(None, unset=("env.A", "env.B"))
    assert planned_warnings(
        1200,
        name=Marked(None, unset=("env.A",)),
        target={"matchTags": [["x"], ["y", missing]], "checkId": [missing]},
    ) == (
        "name is unresolved: env.A is not set",
        "target.matchTags is unresolved: env.A, env.B are not set",
        "target.checkId is unresolved: env.A, env.B are not set",
    )


@pytest.mark.parametrize(
    ("timeout", "strategy", "told"),
    [
        (100, {"type": "FIXED", "baseBackoffSeconds": 50, "maxRetries": 2}, "50 + 50 = 100 s"),
        (
            100,
            {"type": "LINEAR", "baseBackoffSeconds": 20, "maxRetries": 3},
            "20 + 40 + 60 = 120 s",
        ),
        (100, {"type": "EXPONENTIAL", "baseBackoffSeconds": 5, "maxRetries": 3}, "5 + 25 + 125"),
        (60, {"type": "SINGLE_RETRY"}, "retries may wait 60 s, and timeoutSeconds is 60: the"),
        (600, {"type": "EXPONENTIAL"}, "60 + 3600 = 3660 s, cut at 600 s by maxDurationSeconds"),
        (9, {"type": "EXPONENTIAL", "baseBackoffSeconds": 1e300}, "inf s, cut at 600 s"),
    ],
)
def test_retries_that_outlast_the_session_are_told_with_the_sum(
    timeout: float, strategy: dict[str, Any], told: str
) -> None:
    (warning,) = planned_warnings(timeout, retryStrategy=strategy)
    assert told in warning


@pytest.mark.parametrize(
    "strategy",
    [
        None,
        {"type": "FIXED", "baseBackoffSeconds": 49, "maxRetries": 2},
        {"type": "EXPONENTIAL", "maxDurationSeconds": 99},
    ],
)
def test_retries_that_fit_are_not_told(strategy: Any) -> None:
    assert planned_warnings(100, retryStrategy=strategy) == ()


def test_retries_that_are_unresolved_are_not_judged() -> None:
    missing = Marked(None, unset=("env.A",))
    numbers = ("baseBackoffSeconds", "maxRetries", "maxDurationSeconds")
    for strategy in (missing, *({"type": "FIXED", number: missing} for number in numbers)):
        (warning,) = planned_warnings(1, retryStrategy=strategy)
        assert "is unresolved" in warning


def test_a_plan_names_profiles() -> None:
    gone = {"gone[a]": record(instance("gone[a]"))}
    plan = make_plan([instance("new[b]")], gone, fingerprint, everything=True)
    assert [planned.profile for planned in plan.instances] == ["new", "gone"]
