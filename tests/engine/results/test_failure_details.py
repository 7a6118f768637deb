import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest

from runner.engine.results import failure_details
from runner.engine.results.failure_details import error_of, explained
from runner.models.events import SessionProgress
from runner.models.outcome import CheckAttempt, CheckOutcome, InstanceOutcome
from runner.models.response import ResultDetail
from runner.models.verdict import Verdict
from tests.engine.bench import a_check, a_world, only, planned
from tests.engine.clocks import FakeClock
from tests.engine.conftest import MakeBench


def detail(**fields: object) -> ResultDetail:
    return ResultDetail.model_validate(fields)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({}, None),
        ({"scheduleError": "no agent"}, "no agent"),
        ({"apiCheckResult": {"requestError": "refused"}}, "refused"),
        ({"browserCheckResult": {"errors": [{"message": "a"}, "b", "a"]}}, "a\nb"),
        ({"browserCheckResult": {"errors": ["a", "b", "c", "d"]}}, "a\nb\nc"),
        (
            {
                "apiCheckResult": {
                    "assertions": [
                        {"source": "HEADERS", "comparison": "EQUALS", "target": "x", "error": None},
                        {
                            "source": "STATUS_CODE",
                            "property": "",
                            "comparison": "EQUALS",
                            "target": "200",
                            "actual": 500,
                            "error": "no match",
                        },
                        {"error": "odd"},
                        7,
                    ]
                }
            },
            "STATUS_CODE EQUALS 200, got 500: no match\nodd",
        ),
        (
            {"agenticCheckResult": {"steps": [{"title": "Pay", "error": "no card"}, {}, None]}},
            "Pay: no card",
        ),
        ({"quantumCheckResult": {"errors": ["of a newer type"]}}, "of a newer type"),
        ({"quantumCheckResult": {"error": {"message": "of a newer type"}}}, "of a newer type"),
        ({"dnsCheckResult": {"requestError": {"error": {"message": "NXDOMAIN"}}}}, "NXDOMAIN"),
        ({"tcpCheckResult": {"errors": "refused"}}, "refused"),
        ({"sslCheckResult": {"errors": [["expired"], {"message": {"error": "a"}}]}}, "expired\na"),
        ({"xCheckResult": {"errors": 7, "error": [], "requestError": {"message": 1}}}, None),
        ({"xCheckResult": ["text"], "yCheckResult": "text", "zCheckResult": [[]]}, None),
        ({"multiStepCheckResult": {"errors": ["b"]}}, "b"),
        (
            {"playwrightCheckResult": {"errors": [{"message": "\x1b[31mred\x1b[39m\n x "}]}},
            "red\n x",
        ),
        ({"agenticCheckResult": {"errors": [None, 7, {"text": "?"}, "", "last"]}}, "last"),
        ({"browserCheckResult": None, "apiCheckResult": {"errors": None}}, None),
        ({"browserCheckResult": {"errors": ["x" * 10_000]}}, "x" * 4_000),
    ],
)
def test_the_errors_are_told(fields: dict[str, object], error: str | None) -> None:
    assert error_of(detail(**fields), str) == error


def test_no_more_is_read_than_is_shown() -> None:
    looked_at: list[str] = []
    many = detail(browserCheckResult={"errors": [f"error {n % 50}" for n in range(100_000)]})

    def redact(text: str) -> str:
        looked_at.append(text)
        return text

    error_of(many, redact)
    assert len(looked_at) == 3


def test_an_error_is_masked() -> None:
    said = detail(scheduleError="token hunter22 refused")
    assert error_of(said, lambda text: text.replace("hunter22", "***")) == "token *** refused"


def test_failed_checks_come_with_their_errors(make_bench: MakeBench) -> None:
    broken = a_check("login", "failed", type="BROWSER", error="no such button")
    bench = make_bench(a_world(a_check("home"), broken))
    home, login = only(bench.apply(planned())).checks
    assert home.error is None
    assert (login.verdict, login.error) == (Verdict.FAILED, "no such button")
    assert login.error_groups
    assert [(item.kind, item.name) for item in login.artifacts] == [
        ("trace", "trace.zip"),
        ("screenshot", "screenshot.png"),
        ("log", "log.txt"),
    ]


def test_files_are_known_where_no_error_is_told() -> None:
    async def result(*_: str) -> ResultDetail:
        return detail(playwrightCheckResult={"playwrightTestTraces": ["https://x/trace.zip"]})

    outside: Any = SimpleNamespace(
        client=SimpleNamespace(result=result), clock=FakeClock(), redact=str
    )
    attempt = CheckAttempt(Verdict.FAILED, "1", "", None, None, None)
    check = CheckOutcome("login", Verdict.FAILED, attempts=(attempt,))
    outcome = InstanceOutcome("a", "a", Verdict.FAILED, session_id="1", checks=(check,))
    found = asyncio.run(explained(outside, outcome))
    assert [each.name for each in found.checks[0].artifacts] == ["trace.zip"]


def test_the_failed_attempts_of_a_flaky_check_are_explained(make_bench: MakeBench) -> None:
    flaky = a_check("login", "flaky", type="BROWSER", error="no such button")
    bench = make_bench(a_world(flaky))
    retry = {"retryStrategy": {"type": "FIXED", "baseBackoffSeconds": 1, "maxRetries": 1}}
    (check,) = only(bench.apply(planned(body=retry))).checks
    assert (check.verdict, check.error) == (Verdict.FLAKY, None)
    assert [attempt.error for attempt in check.attempts] == ["no such button", None]


def test_without_an_explanation_the_verdict_is_the_same(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = a_check("login", "failed", type="BROWSER", error="no such button")
    bench = make_bench(a_world(broken), faults=["500:on=result"])
    instance = only(bench.apply(planned()))
    assert instance.verdict is Verdict.FAILED
    assert instance.checks[0].error is None
    monkeypatch.setattr(failure_details, "PATIENCE", 0.0)
    other = make_bench(a_world(broken))
    assert only(other.apply(planned())).checks[0].error is None


def test_checks_are_told_of_while_a_long_session_runs(make_bench: MakeBench) -> None:
    slow = a_check("slow", duration=4.5)
    bench = make_bench(a_world(a_check("quick"), slow))
    began = time.monotonic()
    bench.apply(planned(), concurrency=2, poll_seconds=30.0)
    assert time.monotonic() - began < 20
    told = [event for event in bench.events if isinstance(event, SessionProgress)]
    known = [{check.name: check.verdict for check in event.checks} for event in told]
    assert {"quick": Verdict.PASSED, "slow": Verdict.RUNNING} in known
