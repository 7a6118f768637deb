import json

import pytest

from runner.models.verdict import Verdict
from runner.reports.history import json_, text
from runner.reports.history.check_stats import CheckStats, check_stats
from runner.reports.text.style import Style
from tests.reports.history.pasts import NOON, checked, history, past, tried

P, F, K = Verdict.PASSED, Verdict.FAILED, Verdict.FLAKY


def only(*verdicts: Verdict) -> CheckStats:
    (stats,) = check_stats(history("Login", verdicts))
    return stats


def test_rates_count_runs() -> None:
    stats = only(P, P, K, F)
    assert (stats.pass_rate, stats.flake_rate, stats.failures_in_a_row) == (0.75, 0.25, 1)


def test_both_verdicts_at_one_commit_are_a_flake() -> None:
    failed = past(tried(1, checked("Login", F), commit="abc"))
    passed = past(tried(2, checked("Login", P), commit="abc"))
    (stats,) = check_stats([passed, failed])
    assert stats.flake_rate == 0.5
    elsewhere = past(tried(2, checked("Login", P), commit="abc", instance="other"))
    (stats,) = check_stats([elsewhere, failed])
    assert stats.flake_rate == 0  # another location or target, so another question


def test_a_failure_at_an_unknown_commit_is_no_flake() -> None:
    failed = tried(1, checked("Login", F)).model_copy(update={"commit": None})
    passed = tried(2, checked("Login", P)).model_copy(update={"commit": None})
    (stats,) = check_stats([past(passed), past(failed)])
    assert stats.flake_rate == 0


@pytest.mark.parametrize("verdict", [Verdict.UNKNOWN, Verdict.CANCELLED, Verdict.SKIPPED, None])
def test_what_says_nothing_of_a_check_is_left_out(verdict: Verdict | None) -> None:
    odd = tried(1, checked("Login", P).model_copy(update={"verdict": verdict}))
    assert check_stats([past(odd)]) == []


def test_checks_that_share_a_name_are_told_apart_by_their_ids() -> None:
    twins = [checked("Home", P).model_copy(update={"id": number}) for number in "ab"]
    assert len(check_stats([past(tried(1, *twins))])) == 2
    nameless = [checked("Home", P).model_copy(update={"id": None}) for _ in "ab"]
    (stats,) = check_stats([past(tried(1, *nameless))])
    assert len(stats.runs) == 2


def test_durations_and_their_trend() -> None:
    lengths = [1.0, 1.0, 1.0, 3.0, 3.0, 3.0]
    applies = [
        past(tried(number, checked("Login", P, seconds=seconds)))
        for number, seconds in enumerate(lengths)
    ]
    (stats,) = check_stats(applies[::-1])
    assert (stats.p50, stats.slowdown) == (2.0, 3.0)
    assert stats.p95 == pytest.approx(3.0)
    (single,) = check_stats(applies[:1])
    assert (single.p50, single.p95, single.slowdown) == (1.0, 1.0, None)


def test_the_worst_come_first() -> None:
    applies = history("Flaky", [P, K]) + history("Fine", [P, P]) + history("Broken", [F, F])
    assert [each.name for each in check_stats(applies)] == ["Broken", "Flaky", "Fine"]


def test_the_text_says_when_and_why_it_failed_last() -> None:
    stats = check_stats(history("Login", [P, F, F], error="no such button\nat x"))
    assert text.checks(stats, NOON.replace(hour=16), Style()) == (
        "Login  33% of 3 runs passed  █▁▁  p50 2.0 s, p95 2.0 s\n"
        "    last failed 1 h ago in smoke, 2 in a row: no such button\\nat x\n"
    )


def test_the_text_says_that_there_is_nothing() -> None:
    assert text.checks([], NOON, Style()) == "No check was run in this window.\n"
    assert text.checks([], NOON, Style(), flaky=True) == "No check was flaky in this window.\n"


def test_the_json_has_all_of_it() -> None:
    document = json.loads(json_.checks([only(P, K, F)]))
    (check,) = document["checks"]
    assert check["runs"] == 3
    assert check["passRate"] == pytest.approx(2 / 3)
    assert check["lastFailure"]["applyId"] == "A002"
    assert check["profiles"] == ["smoke"]
    assert json.loads(json_.checks([only(P)]))["checks"][0]["lastFailure"] is None
