from datetime import timedelta
from itertools import pairwise

import pytest

from runner.models import events
from runner.models.verdict import Verdict
from runner.reports.progress.plain import PlainReporter
from runner.reports.text.style import Style
from tests.reports.outcomes import at, check, instance, mixed, story


class Log(list[str]):
    def reporter(self, verbosity: int = 0) -> PlainReporter:
        return PlainReporter(self.append, Style(), verbosity)

    @property
    def text(self) -> str:
        return "".join(self)


def test_each_thing_that_happens_is_a_line_with_its_time() -> None:
    log = Log()
    reporter = log.reporter()
    failed = instance("api", Verdict.FAILED, checks=(check(verdict=Verdict.FAILED),))
    reporter.handle(events.ApplyStarted(at(0), "a1", ("api",)))
    reporter.handle(events.SessionStarted(at(1), "api", "s1", "https://x/s1"))
    reporter.handle(events.Notice(at(2), "slowed down", "api"))
    reporter.handle(events.Notice(at(3), "state is local", is_warning=True))
    reporter.handle(events.SessionProgress(at(4), "api", (check(verdict=Verdict.RUNNING),)))
    reporter.handle(events.SessionCancelling(at(5), "api", "timeout"))
    reporter.handle(events.SessionCancelling(at(5), "api", "bored"))
    reporter.handle(events.InstanceFinished(at(70), failed))
    reporter.close()
    assert log == [
        "08:00:00Z Apply a1: 1 session\n",
        "08:00:01Z api: started https://x/s1\n",
        "08:00:02Z api: slowed down\n",
        "08:00:03Z warning: state is local\n",
        "08:00:05Z api: took too long, is being cancelled\n",
        "08:00:05Z api: is being cancelled: bored\n",
        "08:01:10Z api: ✗ Checkout: failed (3.0 s)\n",
        "08:01:10Z api: ✗ failed after 40 s\n",
    ]


def test_each_check_that_ended_is_told_once() -> None:
    log = Log()
    reporter = log.reporter()
    twice = (check("A"), check("A"), check("B", Verdict.RUNNING))
    reporter.handle(events.SessionProgress(at(4), "api", twice[:1]))
    reporter.handle(events.SessionProgress(at(5), "api", twice))
    reporter.handle(events.SessionProgress(at(6), "api", twice))
    reporter.handle(
        events.InstanceFinished(at(7), instance("api", checks=(*twice[:2], check("B"))))
    )
    assert [line.split("api: ")[1] for line in log] == [
        "✓ A: passed (3.0 s)\n",
        "✓ A: passed (3.0 s)\n",
        "✓ B: passed (3.0 s)\n",
        "✓ passed after 40 s\n",
    ]


def test_requests_are_told_to_those_who_ask() -> None:
    requests: list[events.Event] = [
        events.RequestMade(at(1), "GET", "/v1/test-sessions", 200, 0.25),
        events.RequestMade(at(2), "POST", "/v1/x", None, 12, "reset"),
    ]
    normal, verbose = Log(), Log()
    for request in requests:
        normal.reporter().handle(request)
        verbose.reporter(1).handle(request)
    assert normal == []
    assert verbose == [
        "08:00:01Z GET /v1/test-sessions 200 (0.2 s)\n",
        "08:00:02Z POST /v1/x no answer: reset (12 s)\n",
    ]


def test_quiet_leaves_warnings_and_the_summary() -> None:
    log = Log()
    reporter = log.reporter(-1)
    told = story(mixed())
    for event in told[:-1]:
        reporter.handle(event)
    reporter.handle(events.Notice(at(41), "nothing much"))
    reporter.tick(at(41))
    reporter.tick(at(400))
    assert log == []
    reporter.handle(events.Notice(at(41), "careful", is_warning=True))
    assert log == ["08:00:41Z warning: careful\n"]
    reporter.handle(told[-1])
    assert log.text.startswith("08:00:41Z warning: careful\n\nAccount: ")


def test_a_quiet_apply_begins_with_its_summary() -> None:
    log = Log()
    log.reporter(-1).handle(story(mixed())[-1])
    assert log.text.startswith("Account: ")


@pytest.mark.parametrize("step", [1, 5])
def test_there_is_never_silence_for_30_seconds(step: int) -> None:
    log = Log()
    reporter = log.reporter()
    reporter.handle(events.ApplyStarted(at(0), "a1", ("api",)))
    reporter.handle(events.SessionStarted(at(1), "api", "s1", "https://x/s1"))
    for second in range(step, 301, step):
        reporter.tick(at(second))
    times = [line.split("Z ")[0] for line in log]
    seconds = [int(time[3:5]) * 60 + int(time[6:8]) for time in times]
    assert all(later - earlier <= 30 for earlier, later in pairwise(seconds))
    assert 300 - seconds[-1] < 30
    assert len(log) < 16


def test_a_sign_of_life_says_what_runs() -> None:
    log = Log()
    reporter = log.reporter()
    names = tuple(f"p{number}" for number in range(9))
    reporter.tick(at(0))
    reporter.tick(at(30))
    reporter.handle(events.ApplyStarted(at(30), "a1", names))
    reporter.tick(at(60))
    for name in names[:7]:
        reporter.handle(events.SessionStarted(at(60), name, "s", "https://x"))
    checks = (check(), check("B", Verdict.RUNNING))
    reporter.handle(events.SessionProgress(at(60), "p0", checks))
    reporter.tick(at(60) + timedelta(seconds=125))
    signs = [line for line in log if "still" in line]
    assert signs == [
        "08:00:30Z still busy\n",
        "08:01:00Z still waiting to start 9 sessions\n",
        (
            "08:03:05Z still running: p0 (2 min 05 s, 1 of 2 checks ended), p1 (2 min 05 s), p2"
            " (2 min 05 s), p3 (2 min 05 s), p4 (2 min 05 s), 2 more, 2 waiting\n"
        ),
    ]
