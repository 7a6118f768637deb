"""Outcomes and events that tests of all formats share."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from runner.models import events
from runner.models.outcome import (
    ApplyOutcome,
    Change,
    CheckAttempt,
    CheckOutcome,
    InstanceOutcome,
    QuorumOutcome,
    Subject,
)
from runner.models.verdict import Verdict
from runner.source import Source, Span

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
SOURCE = Source("checkly-sessions.yaml", "profiles:\n  smoke-prod: {}\n  api: {}\n")
APP = "https://app.checklyhq.com/accounts/a/test-sessions"


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def attempt(verdict: Verdict, start: float, stop: float, number: int = 1) -> CheckAttempt:
    return CheckAttempt(
        verdict,
        f"result-{number}",
        f"{APP}/s1/results/{number}",
        at(start),
        at(stop),
        (stop - start) * 1000,
    )


def check(
    name: str = "Checkout", verdict: Verdict = Verdict.PASSED, **more: object
) -> CheckOutcome:
    made = CheckOutcome(
        name,
        verdict,
        check_id=f"id-{name}",
        check_type="BROWSER",
        run_location="eu-west-1",
        link=f"{APP}/s1/results/1",
        attempts=(attempt(verdict, 2, 5),),
    )
    return replace(made, **more)  # type: ignore[arg-type] # the names are CheckOutcome's own


def instance(
    name: str = "smoke-prod[eu-west-1]", verdict: Verdict = Verdict.PASSED, **more: object
) -> InstanceOutcome:
    made = InstanceOutcome(
        name,
        name.partition("[")[0],
        verdict,
        session_id="s1",
        link=f"{APP}/s1",
        started_at=at(0),
        stopped_at=at(40),
        run_location="eu-west-1",
        span=Span(SOURCE, 12, 22),
    )
    return replace(made, **more)  # type: ignore[arg-type] # the names are InstanceOutcome's own


def apply(*instances: InstanceOutcome, exit_code: int = 0, **more: object) -> ApplyOutcome:
    made = ApplyOutcome("20261123T080000-abc", at(0), at(45), instances, exit_code=exit_code)
    return replace(made, **more)  # type: ignore[arg-type] # the names are ApplyOutcome's own


def mixed() -> ApplyOutcome:
    """An apply in which about everything happened."""
    flaky = check(
        "Login",
        Verdict.FLAKY,
        attempts=(attempt(Verdict.FAILED, 1, 4), attempt(Verdict.PASSED, 6, 9, 2)),
    )
    failed = check(
        "Checkout",
        Verdict.FAILED,
        error="expected 200, got 500\n    at checkout.spec.ts:12",
        change=Change.NEWLY_FAILING,
    )
    quarantined = check(
        "Search",
        Verdict.FAILED,
        error="timed out",
        quarantine="index is rebuilt (web, until 2026-12-01)",
        change=Change.STILL_FAILING,
    )
    fixed = check("Cart", change=Change.FIXED)
    east = instance(
        "smoke-prod[us-east-1]", Verdict.FAILED, checks=(failed,), counts=False, session_id="s2"
    )
    return apply(
        instance(checks=(flaky, quarantined, fixed, check("Home", Verdict.DEGRADED))),
        east,
        instance("api", Verdict.TIMED_OUT, reason="It took longer than 900 s.", hint="Look."),
        instance(
            "web",
            Verdict.SKIPPED,
            session_id=None,
            link=None,
            reason="It needs api, which did not pass.",
            started_at=None,
            stopped_at=None,
        ),
        exit_code=4,
        quorums=(QuorumOutcome("smoke-prod", 1, 1, 2),),
        tested=Subject(
            account="Acme (a1)",
            project="shop-web",
            environment="production",
            commit="0123456789abcdef",
            branch="main",
            author="Ada",
            ci_run="https://ci.example.com/runs/7",
        ),
    )


def story(outcome: ApplyOutcome) -> list[events.Event]:
    """The events that lead to ``outcome``."""
    told: list[events.Event] = [
        events.ApplyStarted(at(0), outcome.apply_id, tuple(item.name for item in outcome.instances))
    ]
    for item in outcome.instances:
        if item.session_id:
            told.append(events.SessionStarted(at(1), item.name, item.session_id, item.link or ""))
            told.append(events.SessionProgress(at(5), item.name, item.checks[:1]))
    told += [events.InstanceFinished(at(40), item) for item in outcome.instances]
    told.append(events.ApplyFinished(at(45), outcome))
    return told


def offline(*_: object, **__: object) -> tuple[int, str]:
    """Send a request where there is no network."""
    raise ConnectionError("there is no network")
