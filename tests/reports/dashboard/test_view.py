import pytest

from runner.models.verdict import Verdict
from runner.reports.dashboard.view import view
from tests.reports.history.pasts import checked, history, past, tried

P, F, K = Verdict.PASSED, Verdict.FAILED, Verdict.FLAKY


def test_neighbours_of_one_colour_are_one_rectangle() -> None:
    (row,) = view(history("Login", [P, P, F, P])).rows
    assert dict(row.shapes) == {"good": "M0 0h2v1H0zM3 0h1v1H3z", "bad": "M2 0h1v1H2z"}


def test_an_apply_without_an_instance_leaves_a_gap() -> None:
    applies = [
        past(tried(2, checked("Login", P))),
        past(tried(1, checked("Login", P), instance="other")),
        past(tried(0, checked("Login", P))),
    ]
    other, smoke = view(applies).rows
    assert dict(other.shapes) == {"good": "M1 0h1v1H1z"}
    assert dict(smoke.shapes) == {"good": "M0 0h1v1H0zM2 0h1v1H2z"}


@pytest.mark.parametrize(
    ("verdicts", "applies", "first"),
    [([P, F, F], 2, "A001"), ([F], 1, "A000"), ([F, P, F], 1, "A002")],
)
def test_what_fails_now_says_since_when(verdicts: list[Verdict], applies: int, first: str) -> None:
    (found,) = view(history("Login", verdicts, error="boom")).failing
    assert (found.applies, found.first.apply_id) == (applies, first)
    assert found.checks == (("Login", "boom"),)


def test_what_passes_now_does_not_fail() -> None:
    assert view(history("Login", [F, P])).failing == ()


def test_the_flakiest_come_first() -> None:
    applies = history("Some", [P, P, K]) + history("Much", [K, K, K]) + history("Never", [P])
    assert [each.name for each in view(applies).flakiest] == ["Much", "Some"]


def test_what_began_to_fail_last_comes_first() -> None:
    applies = [
        past(
            tried(number, checked("A", F), instance="a"),
            tried(number, checked("B", F if number == 2 else P), instance="b"),
        )
        for number in (2, 1)
    ]
    assert [each.last.instance for each in view(applies).failing] == ["b", "a"]


def test_all_flaky_checks_are_counted_and_some_are_shown() -> None:
    found = view([past(tried(1, *(checked(f"C{number}", K) for number in range(30))))])
    assert (len(found.flakiest), found.flaky_count) == (20, 30)


def test_charts_go_from_left_to_right() -> None:
    assert view(history("Login", [P, F, P])).rates == "0.00,0.0 50.00,100.0 100.00,0.0"
    assert view([]).rates == ""


def test_a_single_apply_is_a_level_line() -> None:
    found = view(history("Login", [P]))
    assert found.rates == found.seconds == "0.00,0.0 100.00,0.0"
