from datetime import date

import pytest

from runner.models.contract.settings import Quarantine
from runner.models.verdict import Verdict
from runner.reports.history.check_stats import check_stats
from runner.reports.history.quarantine import is_idle, suggestions
from tests.reports.history.pasts import checked, history, past, tried

P, F, K = Verdict.PASSED, Verdict.FAILED, Verdict.FLAKY
TODAY = date(2026, 8, 3)


def quarantined(check: str) -> Quarantine:
    return Quarantine(check=check, reason="flaky", owner="web", until=TODAY)


def test_a_flaky_check_is_suggested_with_reason_owner_and_end() -> None:
    stats = check_stats(history("Login", [P, K, P, K, P]))
    (found,) = suggestions(stats, {"smoke": "web"}, {}, TODAY)["smoke"]
    assert found.model_dump(mode="json") == {
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
    assert suggestions(check_stats(history("Login", verdicts)), {"smoke": "web"}, {}, TODAY) == {}


def test_profiles_that_are_not_declared_any_more_are_left_out() -> None:
    stats = check_stats(history("Login", [P, K, P, K]))
    assert suggestions(stats, {"other": "web"}, {}, TODAY) == {}


@pytest.mark.parametrize("known", ["Login", "id-Login"])
def test_what_is_quarantined_by_name_or_id_is_not_suggested_again(known: str) -> None:
    stats = check_stats(history("Login", [P, K, P, K]))
    owners = {"smoke": "web"}
    assert suggestions(stats, owners, {"smoke": [quarantined(known)]}, TODAY) == {}
    others = {"other": [quarantined(known)], "smoke": [quarantined("x")]}
    assert suggestions(stats, owners, others, TODAY)


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
    found = suggestions(check_stats(runs), {"smoke": "web"}, {}, TODAY)["smoke"]
    assert [each.check for each in found] == ["flaky"]


@pytest.mark.parametrize(
    ("verdicts", "check", "expected"),
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
    verdicts: list[Verdict], check: str, expected: bool
) -> None:
    stats = check_stats(history("Login", verdicts))
    assert is_idle(stats, check) is is_idle(stats, check, "smoke") is expected
    assert not is_idle(stats, check, "other")
