"""Saved plans: what is in them, and when they are refused."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from runner.errors import StalePlan, UsageError
from runner.models.contract.settings import Settings
from runner.models.instance import Instance
from runner.models.marked import Marked
from runner.models.plan import Plan
from runner.models.record import PlanUse, Record
from runner.models.verdict import Verdict
from runner.plan.normalize import Fingerprint
from runner.plan.saved_plan import (
    LIFETIME,
    Home,
    SavedPlan,
    SavedSelection,
    _integrity,
    check_home,
    check_plan,
    check_use,
    decode,
    encode,
    saved_instances,
)
from runner.source import Source, Span
from tests.plan.records import make_plan, record_of

NOW = datetime(2026, 11, 23, 8, 12, 3, 4, tzinfo=UTC)
HOME = Home(
    host="api.checklyhq.com", account="acc", state="s3://b", project="default", scope="default"
)
SPAN = Span(Source("checkly-sessions.yaml", "smoke"), 0, 5)
SECRET = {"key": "T", "value": Marked("hunter2-canary", secret=True), "secret": True}


def fingerprint(secret: str) -> dict[str, str]:
    return {"keyId": "k1", "fingerprint": f"{len(secret)}"}


def instance(name: str, /, settings: Settings | None = None, **fields: Any) -> Instance:
    body = {"name": name, "runLocation": "eu-west-1", **fields}
    return Instance(
        name, name, (), body, (settings or Settings()).model_dump(mode="json", by_alias=True), SPAN
    )


def record(of: Instance, **more: Any) -> Record:
    return record_of(of, fingerprint, NOW, **more)


def planned(
    *instances: Instance,
    records: dict[str, Record] | None = None,
    key: Fingerprint = fingerprint,
    everything: bool = False,
) -> Plan:
    return make_plan(instances, records or {}, key, everything=everything)


def save(plan: Plan) -> SavedPlan:
    return SavedPlan(
        plan_id="P1",
        created_at=NOW.replace(microsecond=0),
        expires_at=NOW.replace(microsecond=0) + LIFETIME,
        home=HOME,
        selection=SavedSelection(names=["a"], labels=["team=web"], excluded=["b"]),
        variables={"host": "www"},
        configuration="c1",
        instances=saved_instances(plan),
    )


def altered(plan: SavedPlan, **fields: Any) -> bytes:
    return json.dumps(json.loads(encode(plan)) | fields).encode()


def test_what_is_saved_is_read_back() -> None:
    plan = save(planned(instance("a", environmentVariables=[SECRET])))
    assert decode(encode(plan).encode(), "p") == plan
    assert plan.selection == SavedSelection(names=["a"], labels=["team=web"], excluded=["b"])
    assert plan.variables == {"host": "www"}


def test_nothing_in_it_is_secret() -> None:
    assert "canary" not in encode(save(planned(instance("a", environmentVariables=[SECRET]))))


def test_a_secret_without_a_key_can_not_be_saved() -> None:
    plan = planned(instance("a", environmentVariables=[SECRET]), key=lambda _: None)
    with pytest.raises(UsageError, match="without a key its changes") as caught:
        save(plan)
    assert "CHECKLY_SESSIONS_FINGERPRINT_KEY" in str(caught.value.hint)
    assert save(planned(instance("a"), key=lambda _: None)).instances


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "p is cut off or damaged"),
        (b'{"format": "checkly-sess', "p is cut off or damaged"),
        (b"[" * 100_000, "p is cut off or damaged"),
        (b"\xff\xfe\x00", "p is cut off or damaged"),
        (b"[]", "p is not a plan of this runner"),
        (b'{"format": "terraform"}', "p is not a plan of this runner"),
        (b'{"format": "checkly-sessions-plan", "formatVersion": 2}', "has format version 2; this"),
        (b'{"format": "checkly-sessions-plan"}', "was edited"),
    ],
)
def test_what_is_no_plan_is_refused_by_name_of_the_cause(data: bytes, said: str) -> None:
    with pytest.raises(StalePlan, match=said):
        decode(data, "p")


def test_every_cut_and_every_edit_is_refused() -> None:
    plan = save(planned(instance("a")))
    text = encode(plan).encode()
    for length in range(0, len(text) - 2, 97):
        with pytest.raises(StalePlan):
            decode(text[:length], "p")
    for key in json.loads(text):
        with pytest.raises(StalePlan):
            decode(altered(plan, **{key: "edited"}), "p")
    with pytest.raises(StalePlan, match="was edited"):
        decode(text.replace(b"eu-west-1", b"us-east-1"), "p")
    with pytest.raises(StalePlan, match="was edited"):
        decode(altered(plan, more=1), "p")


def test_what_is_given_twice_is_refused() -> None:
    text = encode(save(planned(instance("a"))))
    twice = text.replace('{\n "format"', '{\n "variables": {"a": "b"},\n "format"')
    assert twice != text
    with pytest.raises(StalePlan, match="cut off or damaged"):
        decode(twice.encode(), "p")


def test_a_whole_file_of_another_shape_is_no_plan() -> None:
    from runner.plan import saved_plan

    tree = {"format": "checkly-sessions-plan", "formatVersion": 1, "strange": True}
    tree["integrity"] = saved_plan._integrity(tree)
    with pytest.raises(StalePlan, match="has no valid `planId`"):
        decode(json.dumps(tree).encode(), "p")


@pytest.mark.parametrize(
    ("later", "home", "said"),
    [
        (timedelta(hours=24), HOME, "expired at 2026-11-24T08:12:03"),
        (timedelta(0), HOME.model_copy(update={"host": "localhost"}), "API api.checklyhq.com, not"),
        (timedelta(0), HOME.model_copy(update={"account": "x"}), "the account acc, not x"),
        (timedelta(0), HOME.model_copy(update={"state": "/b"}), "the state s3://b, not /b"),
        (timedelta(0), HOME.model_copy(update={"project": "x"}), "the project default, not x"),
        (timedelta(0), HOME.model_copy(update={"scope": "pr-1"}), "the scope default, not pr-1"),
    ],
)
def test_another_day_or_place_is_refused(later: timedelta, home: Home, said: str) -> None:
    plan = save(planned(instance("a")))
    with pytest.raises(StalePlan, match=said) as caught:
        check_home(plan, now=NOW + later, home=home)
    assert "runner plan --out" in str(caught.value.hint)


def test_a_plan_in_time_and_place_is_taken() -> None:
    plan = save(planned(instance("a")))
    check_home(plan, now=NOW + timedelta(hours=23), home=HOME)
    nowhere = plan.model_copy(update={"home": HOME.model_copy(update={"account": None})})
    check_home(nowhere, now=NOW, home=HOME)


def test_a_plan_that_was_used_is_refused() -> None:
    use = PlanUse(plan_id="P1", apply_id="A1", used_at=NOW)
    with pytest.raises(StalePlan, match=r"already applied at 2026-11-23T08:12:03\+00:00 by apply"):
        check_use(use)
    check_use(None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("expiresAt", "tomorrow"),
        ("expiresAt", "2026-11-24T08:12:03"),
        ("expiresAt", "9999-12-31T23:59:59Z"),
        ("expiresAt", "2026-11-22T08:12:03Z"),
        ("expiresAt", 1e300),
        ("expiresAt", None),
        ("createdAt", []),
        ("planId", "../../locks"),
        ("selection", "smoke"),
        ("home", {}),
    ],
)
def test_a_field_that_makes_no_sense_is_named(field: str, value: object) -> None:
    tree = json.loads(encode(save(planned(instance("a"))))) | {field: value}
    del tree["integrity"]
    tree["integrity"] = _integrity(tree)
    with pytest.raises(StalePlan, match=f"has no valid `{field}") as caught:
        decode(json.dumps(tree).encode(), "p")
    assert "runner plan --out" in str(caught.value.hint)


def test_a_plan_that_is_nested_too_deeply_is_refused() -> None:
    data = b'{"format": "checkly-sessions-plan", "x": ' + b"[" * 200 + b"]" * 200 + b"}"
    with pytest.raises(StalePlan, match="nested too deeply"):
        decode(data, "p")


def test_a_forged_request_that_is_no_normal_form_is_refused() -> None:
    tree = json.loads(encode(save(planned(instance("a")))))
    tree["instances"][0]["request"]["environmentVariables"] = ["T"]
    del tree["integrity"]
    tree["integrity"] = _integrity(tree)
    with pytest.raises(StalePlan, match=r"has no valid `instances\.0\.request`"):
        decode(json.dumps(tree).encode(), "p")


def test_the_same_again_is_taken() -> None:
    held = instance("a", environmentVariables=[SECRET])
    commit = Marked("abc", template="$<git.sha>")
    volatile = instance("b", metadata={"commitId": commit})
    later = instance("b", metadata={"commitId": Marked("def", template="$<git.sha>")})
    gone = {"gone": record(instance("gone"))}
    plan = save(planned(held, volatile, records=gone, everything=True))
    check_plan(plan, planned(held, later, records=gone, everything=True))


def test_labels_may_tell_the_run() -> None:
    plan = save(planned(instance("a", Settings(labels={"run": "(known after apply)"}))))
    check_plan(plan, planned(instance("a", Settings(labels={"run": "01M8"}))))


@pytest.mark.parametrize(
    ("today", "said"),
    [
        (planned(), "a is gone since"),
        (planned(instance("a"), instance("b")), "b is new since"),
        (planned(instance("a", refreshCache=True)), "request of a differs from the plan's: refres"),
        (
            planned(instance("a", Settings(allow_failure=True))),
            "request of a differs from the plan's: allowFailure",
        ),
        (
            planned(instance("a"), records={"a": record(instance("a"))}),
            "The record of a changed since",
        ),
    ],
)
def test_what_would_be_planned_otherwise_today_is_refused(today: Plan, said: str) -> None:
    with pytest.raises(StalePlan, match=said):
        check_plan(save(planned(instance("a"))), today)


def test_a_record_that_moved_on_is_refused() -> None:
    held = instance("a")
    plan = save(planned(held, records={"a": record(held)}))
    ended = {"a": record(held, verdict=Verdict.FAILED)}
    with pytest.raises(StalePlan, match="followed to its end meanwhile"):
        check_plan(plan, planned(held, records=ended))


def test_a_secret_that_changed_or_can_not_be_compared_is_refused() -> None:
    def held(value: str) -> Instance:
        return instance("a", environmentVariables=[{**SECRET, "value": Marked(value, secret=True)}])

    plan = save(planned(held("one")))
    with pytest.raises(StalePlan, match=r"environmentVariables\.T\.value"):
        check_plan(plan, planned(held("three")))
    with pytest.raises(StalePlan, match="a secret under another key"):
        check_plan(plan, planned(held("one"), key=lambda _: None))


def test_of_many_differences_a_few_are_named() -> None:
    many = [{"key": key, "value": "x"} for key in "ABCDE"]
    with pytest.raises(StalePlan, match="and 2 more"):
        check_plan(save(planned(instance("a"))), planned(instance("a", environmentVariables=many)))
