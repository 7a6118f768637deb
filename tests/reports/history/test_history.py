"""Status and history, as text and as JSON."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from runner.models.history import InstanceStatus, PastApply
from runner.models.record import Attempt, Initiator, Lookup, Phase, Record
from runner.models.verdict import Verdict
from runner.reports.history import json_, text
from runner.reports.history.trend import Point, blocks, point, together
from runner.reports.history.wording import ago, source, who
from runner.reports.text.style import Style

NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)
ALICE = Initiator(user="alice", host="ci-7", pid=42, ci_url="https://ci.example.com/runs/9")


def attempt(verdict: Verdict | None, minutes: float = 1, **fields: Any) -> Attempt:
    start = fields.pop("start", NOON)
    return Attempt(
        **{
            "apply_id": "A1",
            "instance": "smoke",
            "profile": "smoke",
            "phase": Phase.FINISHED if verdict else Phase.STARTED,
            "request": {},
            "lookup": Lookup(name="smoke", run_location="eu-west-1"),
            "intent_at": start,
            "started_at": start,
            "stopped_at": start + timedelta(minutes=minutes) if verdict else None,
            "verdict": verdict,
            "by": ALICE,
            "commit": "1a2b3c4d5e6f",
            "branch": "main",
            **fields,
        }
    )


def record(verdict: Verdict | None = Verdict.PASSED, **fields: Any) -> Record:
    return Record(
        **{
            "instance": "smoke",
            "profile": "smoke",
            "apply_id": "A1",
            "request": {},
            "applied_at": NOON,
            "stopped_at": NOON + timedelta(minutes=1),
            "verdict": verdict,
            "by": ALICE,
            "commit": "1a2b3c4d5e6f",
            "branch": "main",
            "session_id": "s1",
            "link": "https://app.checklyhq.com/s1",
            **fields,
        }
    )


def status(*statuses: InstanceStatus, style: Style | None = None) -> list[str]:
    now = NOON + timedelta(hours=3)
    return text.status(statuses, now, style or Style()).splitlines()


def test_status_says_verdict_when_by_whom_from_where_and_whether_it_changed() -> None:
    assert status(
        InstanceStatus("smoke", "smoke", record(), changed=True),
        InstanceStatus("new", "new"),
        InstanceStatus(
            "gone", "gone", record(Verdict.FAILED, reason="2 checks failed"), is_declared=False
        ),
    ) == [
        (
            "✓ smoke  passed, 2026-08-01 12:01 UTC, 2 h ago, by alice on ci-7, at 1a2b3c4 (main), "
            "changed since"
        ),
        "    https://app.checklyhq.com/s1",
        "+ new  never applied",
        (
            "✗ gone  failed, 2026-08-01 12:01 UTC, 2 h ago, by alice on ci-7, at 1a2b3c4 (main), "
            "no longer in the file"
        ),
        "    2 checks failed",
        "    https://app.checklyhq.com/s1",
        "",
        "Status: 1 failed, 1 passed, 1 never applied; 1 changed since.",
    ]


def test_status_fits_a_terminal_and_says_flaky_by_a_sign() -> None:
    narrow = Style(width=40, wraps=True)
    flaky = InstanceStatus("smoke", "smoke", record(Verdict.FLAKY), changed=True)
    first, *others = status(flaky, style=narrow)
    assert first == "↻ smoke  flaky, 2026-08-01 12:01 UTC, 2"
    assert others[:2] == ["  h ago, by alice on ci-7, at 1a2b3c4", "  (main), changed since"]


def test_status_of_a_session_that_runs() -> None:
    running = record(None, stopped_at=None, by=Initiator(), commit=None, branch=None, link=None)
    assert status(InstanceStatus("smoke", "smoke", running, changed=False)) == [
        "· smoke  running, 2026-08-01 12:00 UTC, 3 h ago, by someone",
        "",
        "Status: 1 running.",
    ]


def test_status_of_nothing() -> None:
    assert status() == ["Nothing has been applied yet."]


def test_names_in_status_and_history_can_do_no_harm() -> None:
    evil = "a\x1b[2J\n::error::x"
    bad = record(link="javascript:alert(1)", reason=evil, branch=evil, by=Initiator(user=evil))
    texts = [
        text.status([InstanceStatus(evil, evil, bad)], NOON, Style()),
        text_of([PastApply(evil, (attempt(Verdict.FAILED, instance=evil, branch=evil),))]),
    ]
    for shown in texts:
        assert "\x1b" not in shown
        assert "javascript" not in shown
        assert not [line for line in shown.splitlines() if line.lstrip().startswith("::")]


def test_status_as_json() -> None:
    known = json.loads(json_.status([InstanceStatus("smoke", "smoke", record(), changed=False)]))
    assert known["formatVersion"] == 1
    (instance,) = known["instances"]
    assert (instance["instance"], instance["changed"], instance["declared"]) == (
        "smoke",
        False,
        True,
    )
    last = instance["last"]
    assert last["verdict"] == "passed"
    assert last["appliedAt"] == "2026-08-01T12:00:00Z"
    assert last["seconds"] == 60
    assert last["by"]["ciUrl"] == ALICE.ci_url
    assert last["link"] == "https://app.checklyhq.com/s1"
    assert json.loads(json_.status([InstanceStatus("n", "n")]))["instances"][0]["last"] is None


HISTORY = [
    PastApply(
        "A3",
        (
            attempt(Verdict.PASSED, 2, instance="a"),
            attempt(Verdict.FAILED, 4, instance="b", reason="Login failed", link="https://x/b"),
        ),
    ),
    PastApply("A2", (attempt(None, instance="a"), attempt(Verdict.SKIPPED, 0, instance="b"))),
    PastApply("A1", (attempt(Verdict.PASSED, 1, instance="a"),)),
]


def text_of(newest_first: list[PastApply]) -> str:
    return "\n".join(text.history(newest_first, Style()))


def test_history_lists_applies_and_draws_a_trend() -> None:
    assert text_of(HISTORY).splitlines() == [
        (
            "✗ 2026-08-01 12:00:00 UTC  A3  1 failed, 1 passed  4 min 00 s  by alice on ci-7  "
            "at 1a2b3c4 (main)"
        ),
        "    b failed: Login failed",
        "      https://x/b",
        "− 2026-08-01 12:00:00 UTC  A2  1 skipped, 1 running  by alice on ci-7  at 1a2b3c4 (main)",
        "    a running",
        "    b skipped",
        "✓ 2026-08-01 12:00:00 UTC  A1  1 passed  1 min 00 s  by alice on ci-7  at 1a2b3c4 (main)",
        "    a passed",
        "",
        "pass rate  █ ▅  67% (2 of 3)",
        "duration   ▃▁█  median 1 min 00 s",
    ]


def test_history_of_nothing() -> None:
    assert text_of([]) == "No past applies."


def test_history_where_nothing_ended_has_no_trend() -> None:
    past = PastApply("A1", (attempt(None, started_at=None, phase=Phase.INTENT),))
    text = text_of([past])
    assert "? 2026" in text
    assert "1 unknown" in text
    assert "pass rate  ▁  0% (0 of 1)" in text
    assert "duration" not in text


def test_history_as_json_is_laid_out_as_all_json_is() -> None:
    for past in (HISTORY, HISTORY[:1], []):
        text = json_.history(past)
        assert text == json.dumps(json.loads(text), indent=2) + "\n"


def test_history_as_json() -> None:
    known = json.loads(json_.history(HISTORY))
    assert known["formatVersion"] == 1
    assert [each["applyId"] for each in known["applies"]] == ["A3", "A2", "A1"]
    assert known["applies"][0]["instances"][1]["verdict"] == "failed"
    assert known["applies"][0]["instances"][1]["seconds"] == 240
    assert known["applies"][1]["stoppedAt"] is None
    assert known["summary"] == {
        "passed": 2,
        "judged": 3,
        "passRate": pytest.approx(2 / 3),
        "medianSeconds": 60,
    }


def test_several_applies_are_summed_up() -> None:
    points = list(map(point, HISTORY))
    assert [each.rate for each in points] == [0.5, None, 1]
    assert [each.seconds for each in points] == [240, 0, 60]
    assert together(points) == Point(2, 3, 60)


@pytest.mark.parametrize(
    ("values", "options", "expected"),
    [
        ([], {}, ""),
        ([0, 1, 2, 7], {}, "▁▂▃█"),
        ([0, 0], {}, "▁▁"),
        ([None, 5], {}, " █"),
        ([0.5, 1], {"top": 1}, "▅█"),
        ([3], {"top": 1}, "█"),
        ([0, 7], {"unicode": False}, "07"),
        ([1] * 100, {}, "█" * 40),
    ],
)
def test_blocks(values: list[float | None], options: dict[str, Any], expected: str) -> None:
    assert blocks(values, **options) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-5, "just now"),
        (59, "just now"),
        (60, "1 min ago"),
        (7300, "2 h ago"),
        (200_000, "2 d ago"),
    ],
)
def test_ago(seconds: float, expected: str) -> None:
    assert ago(NOON - timedelta(seconds=seconds), NOON) == expected


def test_who_and_source() -> None:
    assert who(Initiator(host="ci")) == "ci"
    assert source(None, "main") == "main"
    assert source("abcdef0123", None) == "abcdef0"
    assert source(None, None) is None


def test_ascii_terminals_get_ascii() -> None:
    assert "".join(text.history(HISTORY, Style(unicode=False))).isascii()
