"""When to ask again, and after how long."""

import random
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.checkly.retry import (
    Backoff,
    definitely_not_accepted,
    may_ask_again,
    may_send_again,
    retry_after,
)
from runner.errors import ApiError, CannotRun, RunnerError, Unreachable

NOW = datetime(2026, 8, 1, 12, tzinfo=UTC)


def answered(status: int) -> ApiError:
    return ApiError("no", status=status, method="GET", path="/")


SENT, UNSENT = Unreachable("no", sent=True), Unreachable("no", sent=False)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("9" * 400, 999_999_999.0),
        ("Sat, 01 Aug 2026 12:00:30 GMT", 30.0),
        ("Sat, 01 Aug 2026 11:00:00 GMT", 0.0),
        ("Sat, 01 Aug 2026 14:00:30 +0200", 30.0),
        ("Sat, 01 Aug 2026 12:00:30 -0000", 30.0),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        (None, None),
        ("٣", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_by_the_servers_clock(
    value: str | None, seconds: float | None
) -> None:
    assert retry_after(value, NOW) == seconds


def test_a_date_says_nothing_without_the_servers_clock() -> None:
    assert retry_after("Sat, 01 Aug 2026 12:00:30 GMT", None) is None


@given(st.text(max_size=40))
def test_no_header_is_too_odd(value: str) -> None:
    seconds = retry_after(value, NOW)
    assert seconds is None or seconds >= 0


def test_waits_double_up_to_a_cap_and_are_anything_below_it() -> None:
    backoff, rng = Backoff(base=1, most=8), random.Random(1)
    for attempt, cap in ((0, 1), (1, 2), (2, 4), (3, 8), (4, 8), (5000, 8)):
        waits = [backoff.wait(attempt, rng) for _ in range(200)]
        assert 0 <= min(waits) < cap * 0.2
        assert cap * 0.8 < max(waits) <= cap


@pytest.mark.parametrize(
    ("error", "certain", "send", "ask"),
    [
        (UNSENT, True, True, True),
        (SENT, False, False, True),
        (answered(201), False, False, True),
        (answered(307), True, False, False),
        (answered(400), True, False, False),
        (answered(401), True, False, False),
        (answered(404), True, False, False),
        (answered(408), False, False, True),
        (answered(429), True, True, True),
        (answered(500), False, False, True),
        (answered(502), False, False, True),
        (CannotRun("other"), False, False, False),
    ],
)
def test_what_may_be_repeated(error: RunnerError, certain: bool, send: bool, ask: bool) -> None:
    assert definitely_not_accepted(error) is certain
    assert may_send_again(error) is send
    assert may_ask_again(error) is ask
