"""Faults: how they are written, and which requests they strike."""

from __future__ import annotations

import pytest

from runner.emulator.transport.contract import load_contract
from runner.emulator.world.faults import ENDPOINTS, KINDS, FaultPlan, FaultSyntaxError, parse_fault


def struck(texts: list[str], requests: list[str], seed: int = 0) -> list[list[str]]:
    plan = FaultPlan([parse_fault(text) for text in texts], seed)
    return [[fault.kind for fault in plan.draw(request)] for request in requests]


def test_every_endpoint_of_the_contract_has_a_short_name() -> None:
    assert set(ENDPOINTS.values()) == set(load_contract().operations)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_stands_alone(kind: str) -> None:
    assert parse_fault(kind).kind == kind


def test_a_fault_is_read() -> None:
    fault = parse_fault(" 429:on=trigger, times=2,after=1,p=0.5,retry-after=date+3 ")

    assert (fault.kind, fault.on, fault.times, fault.after) == ("429", "trigger", 2, 1)
    assert (fault.probability, fault.options) == (0.5, {"retry-after": "date+3"})


def test_faults_of_a_trigger_mean_the_trigger() -> None:
    assert parse_fault("never-ends").on == parse_fault("no-id").on == "trigger"
    assert parse_fault("hang").on == "*"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "unknown fault ''; faults are latency"),
        ("nope:on=trigger", "unknown fault 'nope'"),
        ("429:on=everywhere", "unknown endpoint 'everywhere'; endpoints are *, trigger"),
        ("429:seconds=2", "has no option 'seconds'; it has: after, on, p, retry-after, times"),
        ("429:times", "'times' in '429:times' is not OPTION=VALUE"),
        ("429:times=", "is not OPTION=VALUE"),
        ("429:times=0", "times must be a number from 1"),
        ("429:times=1.5", "times must be a number"),
        ("429:p=2", "p must be a number from 0 to 1"),
        ("latency:seconds=soon", "seconds must be a number from 0 to 3600"),
        ("status:status=200", "status must be a number from 400 to 599"),
        ("500:work=later", "work must be before or after"),
        ("429:retry-after=later", "retry-after must be seconds, or date+SECONDS"),
        ("429:retry-after=-1", "retry-after must be seconds"),
    ],
)
def test_a_mistake_is_told_with_what_is_known(text: str, reason: str) -> None:
    with pytest.raises(FaultSyntaxError) as caught:
        parse_fault(text)

    assert reason in str(caught.value)


def test_a_fault_strikes_its_endpoint_only() -> None:
    assert struck(["429:on=list"], ["list", "get"]) == [["429"], []]


def test_a_fault_strikes_as_often_as_it_says_after_as_many_as_it_says() -> None:
    hits = struck(["429:times=2,after=1"], ["get"] * 5)

    assert hits == [[], ["429"], ["429"], [], []]


def test_latency_comes_with_another_fault_and_the_first_of_the_others_wins() -> None:
    assert struck(["500", "latency", "429"], ["get"]) == [["latency", "500"]]


def test_the_same_seed_strikes_the_same_requests() -> None:
    requests = ["get"] * 200
    first = struck(["500:p=0.3"], requests, seed=7)

    assert first == struck(["500:p=0.3"], requests, seed=7)
    assert first != struck(["500:p=0.3"], requests, seed=8)
    assert 30 < sum(map(len, first)) < 90


def test_faults_can_be_taken_back() -> None:
    plan = FaultPlan([parse_fault("500")], 0)
    plan.clear()
    assert plan.draw("get") == []
    plan.add([parse_fault("429")])
    assert [fault.kind for fault in plan.draw("get")] == ["429"]
