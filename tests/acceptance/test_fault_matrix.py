"""Every fault on every endpoint, once and for ever: nothing is started twice, nothing is lost.

Each case runs a whole apply against the emulator over a real socket, and says how many sessions
the server then has, what the state remembers, the verdict and the exit code.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from runner.checkly.exchange import ClientOptions
from runner.checkly.retry import Backoff
from runner.engine.control.context import ApplyOptions
from runner.models.events import Event, RequestMade, SessionCancelling, SessionStarted
from runner.models.outcome import ApplyOutcome
from runner.models.record import Phase
from runner.models.verdict import Verdict
from tests.acceptance.gate import Gate
from tests.engine.bench import Bench, a_check, a_world, only, planned
from tests.engine.conftest import MakeBench

#: The faults of the matrix as the emulator spells them, and whether the work is done all the same.
FAULTS = {
    "connect refused": (None, False),
    "reset before the body": ("reset-before", False),
    "reset after the work": ("reset-after", True),
    "429": ("429", False),
    "429 with Retry-After": ("429:retry-after=1", False),
    "500 before the work": ("500", False),
    "500 after the work": ("500:work=after", True),
    "502 HTML": ("html:status=502", False),
    "truncated JSON": ("truncated", True),
    "wrong content type": ("not-json", True),
    "201 without an id": ("no-id", True),
    "slow body": ("slow-body:seconds=30", True),
    "hang": ("hang", False),
    "lone surrogate": ("surrogate", True),
    "Latin-1": ("latin-1", True),
    "404 of a proxy": ("html:status=404", False),
    "403 of a proxy": ("html:status=403", False),
    "another session's id": ("other-id", True),
}
ENDPOINTS = ("trigger", "completion", "get", "list", "cancel")

CLIENT = ClientOptions(
    answer_seconds=0.5, patience_seconds=1.2, backoff=Backoff(base=0.02, most=0.1)
)
OPTIONS = ApplyOptions(settle_seconds=0.3, grace_seconds=0.6, poll_seconds=1.0, lost_seconds=2.0)


@dataclass(frozen=True)
class Ending:
    """What a case has to end with."""

    sessions: int
    phase: Phase
    verdict: Verdict
    exit_code: int


PASSED = Ending(1, Phase.FINISHED, Verdict.PASSED, 0)
TIMED_OUT = Ending(1, Phase.FINISHED, Verdict.TIMED_OUT, 4)


#: A refusal ends what it answers, whoever refuses.
REFUSALS = {"404 of a proxy", "403 of a proxy"}
HARMLESS = {"201 without an id", "lone surrogate", "Latin-1"}


#: What is left when a fault never ends; where it passes all the same, nothing is listed.
LEFT = {
    "trigger": Ending(0, Phase.FINISHED, Verdict.NOT_STARTED, 3),
    "completion": Ending(1, Phase.STARTED, Verdict.UNKNOWN, 3),
    "list": Ending(1, Phase.INTENT, Verdict.UNKNOWN, 3),
}


def expected(fault: str, endpoint: str, *, for_ever: bool) -> Ending:
    """The ending of a case, from what the fault leaves known."""
    if endpoint == "cancel":
        return TIMED_OUT
    # A session is known by the id that the trigger answered, whatever later answers lack; and
    # one that was started is found, whatever the trigger answers.
    if endpoint == "trigger" and fault in REFUSALS:
        return LEFT["trigger"]
    if not for_ever and not (endpoint == "list" and fault in REFUSALS):
        return PASSED
    if fault in HARMLESS or (endpoint == "trigger" and FAULTS[fault][1]):
        return PASSED
    if endpoint == "completion" and fault != "connect refused":
        return PASSED  # the session itself is asked instead
    return LEFT.get(endpoint, PASSED)


def cases() -> Iterator[object]:
    for endpoint in ENDPOINTS:
        for fault in FAULTS:
            for for_ever in (False, True):
                if fault == "connect refused" and for_ever and endpoint in {"get", "cancel"}:
                    continue  # nobody answers anything then: shown by "completion"
                if fault == "another session's id" and endpoint not in {"completion", "get"}:
                    continue  # no other answer names the session that was asked for
                name = f"{fault}-{endpoint}-{'for ever' if for_ever else 'once'}"
                yield pytest.param(fault, endpoint, for_ever, id=name)


@pytest.mark.parametrize(("fault", "endpoint", "for_ever"), list(cases()))
def test_matrix(make_bench: MakeBench, fault: str, endpoint: str, for_ever: bool) -> None:
    bench = prepared(make_bench, endpoint)
    arm(bench, fault, endpoint, for_ever=for_ever)
    outcome = asyncio.run(through_a_gate(bench, fault, endpoint, for_ever=for_ever))
    (attempt,) = bench.attempts(outcome.apply_id)
    instance = only(outcome)
    came = Ending(len(bench.session_ids), attempt.phase, instance.verdict, outcome.exit_code)
    assert came == expected(fault, endpoint, for_ever=for_ever), instance.reason
    assert instance.verdict is Verdict.PASSED or instance.reason
    if attempt.session_id is not None:
        assert bench.session_ids == [attempt.session_id]
        assert bench.records()["smoke"].session_id == attempt.session_id
    if attempt.phase is not Phase.FINISHED:
        assert settled_later(bench, outcome.apply_id) == PASSED


LOST = ["reset-after:on=trigger,times=1"]

#: What a server may say against its own contract, and what comes of it.
ODD = {
    "a trigger that has ended already": (["ended"], PASSED),
    "a status nobody knows": (["unknown-status:on=completion"], PASSED),
    "a result that comes late": (["late-results:on=completion"], PASSED),
    "a result that never comes": (
        ["late-results:on=completion", "late-results:on=get"],
        Ending(1, Phase.STARTED, Verdict.UNKNOWN, 3),
    ),
    "an end without results": (["no-results:on=completion"], PASSED),
    "a pass with failures": (
        ["contradiction:on=completion"],
        Ending(1, Phase.FINISHED, Verdict.FAILED, 1),
    ),
    "a lost answer of a server 30 s behind": ([*LOST, "date:shift=-30"], PASSED),
    "a lost answer of a server 30 s ahead": (
        [*LOST, "date:shift=30"],
        Ending(1, Phase.FINISHED, Verdict.UNKNOWN, 3),
    ),
    "a lost answer of a server an hour ahead": (
        [*LOST, "date:shift=3600"],
        Ending(1, Phase.FINISHED, Verdict.UNKNOWN, 3),
    ),
    "a lost answer of a server an hour behind": ([*LOST, "date:shift=-3600"], PASSED),
}


@pytest.mark.parametrize("case", ODD)
def test_odd_answers(make_bench: MakeBench, case: str) -> None:
    faults, ending = ODD[case]
    bench = prepared(make_bench, "odd")
    bench.options = replace(OPTIONS, late_seconds=0.3)
    for fault in faults:
        bench.emulator.add_fault(fault)
    outcome = bench.apply(planned())
    (attempt,) = bench.attempts(outcome.apply_id)
    instance = only(outcome)
    came = Ending(len(bench.session_ids), attempt.phase, instance.verdict, outcome.exit_code)
    assert came == ending, instance.reason
    if attempt.phase is not Phase.FINISHED:
        assert settled_later(bench, outcome.apply_id) == PASSED


def prepared(make_bench: MakeBench, endpoint: str) -> Bench:
    """A bench on which an apply comes to use ``endpoint``."""
    long = a_check("home", type="API", duration=30.0 if endpoint == "cancel" else 0.2)
    bench = make_bench(a_world(long))
    bench.client_options, bench.options = CLIENT, OPTIONS
    if endpoint in {"list", "get"}:  # the session has to be looked up, and then at
        bench.emulator.add_fault("no-id:on=trigger,times=1")
    return bench


def arm(bench: Bench, fault: str, endpoint: str, *, for_ever: bool) -> None:
    text = FAULTS[fault][0]
    if text is None:
        return
    options = f"on={endpoint}" if for_ever else f"on={endpoint},times=1"
    bench.emulator.add_fault(f"{text}{',' if ':' in text else ':'}{options}")


async def through_a_gate(
    bench: Bench, fault: str, endpoint: str, *, for_ever: bool
) -> ApplyOutcome:
    """Apply through a gate that shuts, if the fault asks for it, just before ``endpoint``."""
    timeout = 0.5 if endpoint == "cancel" else 60.0
    instance = planned(timeout_seconds=timeout)
    if fault != "connect refused":
        return await bench.applying(instance)
    async with Gate(bench.emulator.url) as gate:
        is_armed = True

        def watch(event: Event) -> None:
            nonlocal is_armed
            if is_armed and comes_before(endpoint, event):
                is_armed = False
                gate.shut(None if for_ever else 0.3)

        bench.url, bench.watch = gate.url, watch
        outcome = await bench.applying(instance)
        bench.url, bench.watch = None, None
    return outcome


def comes_before(endpoint: str, event: Event) -> bool:
    """Whether the next request after ``event`` is one to ``endpoint``."""
    if isinstance(event, RequestMade):
        last = {"trigger": "/v1/accounts/me", "list": "/v1/test-sessions/trigger"}
        if endpoint == "get":
            return event.method == "GET" and event.path == "/v1/test-sessions"
        return event.path == last.get(endpoint)
    if isinstance(event, SessionStarted):
        return endpoint == "completion"
    return isinstance(event, SessionCancelling) and endpoint == "cancel"


def settled_later(bench: Bench, apply_id: str) -> Ending:
    """What ``wait`` makes of what was left, once all is well again."""
    bench.emulator.clear_faults()
    outcome = bench.wait(apply_id)
    assert outcome is not None
    (attempt,) = bench.attempts(apply_id)
    assert bench.session_ids == [attempt.session_id]
    return Ending(1, attempt.phase, only(outcome).verdict, outcome.exit_code)
