from datetime import date

import pytest

from runner.models.verdict import Verdict
from runner.reports.history.check_stats import check_stats
from runner.reports.history.quarantine import idle, suggestions
from tests.reports.history.pasts import checked, history, past, tried

P, F, K = Verdict.PASSED, Verdict.FAILED, Verdict.FLAKY
TODAY = date(2026, 8, 3)


def test_a_flaky_check_is_suggested_with_reason_owner_and_end() -> None:
    stats = check_stats(history("Login", [P, K, P, K, P]))
    (found,) = suggestions(stats, {"smoke": "web"}, {}, TODAY)
    assert found.entry() == {
        "check": "Login",
        "reason": "flaky: 2 of 5 runs (40%)",
        "owner": "web",
        "until": "2026-08-17",
    }


@pytest.mark.parametrize(
    "verdicts",
    [
        [P, P, P, P],  # never failed
        [F, F, F, F],  # broken
        [K, K, F, F, F],  # flaked, and is broken by now
        [*[P] * 30, K],  # once is no habit
        [*[P] * 60, K, K],  # too rarely
        [P, F, P],  # a failure that a commit brought and another one mended
    ],
)
def test_others_are_not(verdicts: list[Verdict]) -> None:
    assert suggestions(check_stats(history("Login", verdicts)), {"smoke": "web"}, {}, TODAY) == []


def test_profiles_that_are_not_declared_any_more_are_left_out() -> None:
    stats = check_stats(history("Login", [P, K, P, K]))
    assert suggestions(stats, {"other": "web"}, {}, TODAY) == []


@pytest.mark.parametrize("known", ["Login", "id-Login"])
def test_what_is_quarantined_by_name_or_id_is_not_suggested_again(known: str) -> None:
    stats = check_stats(history("Login", [P, K, P, K]))
    assert suggestions(stats, {"smoke": "web"}, {"smoke": [known]}, TODAY) == []
    assert suggestions(stats, {"smoke": "web"}, {"other": [known], "smoke": ["x"]}, TODAY)


def test_a_check_that_shares_its_name_is_suggested_by_id() -> None:
    """The name would forgive the other check, which is broken, as well."""
    runs = [
        past(
            tried(
                number,
                checked("Home", K).model_copy(update={"id": "flaky"}),
                checked("Home", F).model_copy(update={"id": "broken"}),
            )
        )
        for number in (3, 2, 1)
    ]
    found = suggestions(check_stats(runs), {"smoke": "web"}, {}, TODAY)
    assert [each.check for each in found] == ["flaky"]


@pytest.mark.parametrize(
    ("verdicts", "check", "is_idle"),
    [
        ([P, P, P], "Login", True),
        ([P, P, P], "id-Login", True),
        ([P, K, P], "Login", False),
        ([F, P, P], "Login", False),
        ([P, P], "Login", False),  # too little to tell
        ([P, P, P], "Search", False),  # never seen
    ],
)
def test_a_quarantine_with_nothing_left_to_do(
    verdicts: list[Verdict], check: str, is_idle: bool
) -> None:
    found = idle(check_stats(history("Login", verdicts)), {"smoke": [check]})
    assert found == ([("smoke", check)] if is_idle else [])
