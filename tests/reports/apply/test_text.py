import re

import pytest

from runner.models.outcome import ApplyOutcome, Artifact, QuorumOutcome
from runner.models.verdict import Verdict
from runner.reports.apply.text import render
from runner.reports.text.sanitize import LINK, display_width
from runner.reports.text.style import Style
from tests.reports.outcomes import APP, apply, check, instance, mixed

BASE = "https://app.checklyhq.com/accounts/a/test-sessions/s1"


def test_the_context_comes_first_and_failures_stand_right_above_the_counts() -> None:
    assert render(mixed()) == (
        f"""\
Account:     Acme (a1)
Project:     shop-web
Environment: production
Commit:      0123456789ab on main by Ada
CI run:      https://ci.example.com/runs/7

Sessions

✓ smoke-prod[eu-west-1]  passed       40 s  checks: 1 quarantined, 1 degraded, 1 flaky, 1 passed
    {BASE}
✗ smoke-prod[us-east-1]  failed       40 s  does not count  checks: 1 failed
    {BASE}
✗ api                    timed out    40 s
    It took longer than 900 s.
    Look.
    {BASE}
− web                    skipped
    It needs api, which did not pass.

Quorum of smoke-prod: 1 of 2 passed, 1 needed: reached

Failing checks

✗ smoke-prod[us-east-1] › Checkout  failed, newly failing, does not count
    expected 200, got 500
        at checkout.spec.ts:12
    {BASE}/results/1
! smoke-prod[eu-west-1] › Search  failed, still failing, quarantined: index is rebuilt (web, until 2026-12-01)
    timed out
    {BASE}/results/1

Sessions: 1 timed out, 1 failed, 1 passed, 1 skipped
Checks:   1 failed, 1 quarantined, 1 degraded, 1 flaky, 1 passed
Changes:  1 newly failing, 1 still failing, 1 fixed
Apply 20261123T080000-abc timed out after 45 s (exit code 4)
"""  # noqa: E501 # the output as it is
    )


def test_checks_that_failed_alike_are_told_once_with_every_place() -> None:
    broken = check(verdict=Verdict.FAILED, error="expected 200, got 500")
    outcome = apply(
        *(instance(f"p{number}", Verdict.FAILED, checks=(broken,)) for number in range(8)),
        exit_code=1,
    )
    text = render(outcome)
    assert text.count("expected 200, got 500") == 1
    assert "✗ p0 › Checkout  failed\n✗ p1 › Checkout  failed\n" in text
    assert "p4 › Checkout  failed\n… and 3 more that failed in the same way\n" in text


def test_many_passed_sessions_are_one_line() -> None:
    quiet = [instance(f"p{number}") for number in range(11)]
    text = render(apply(*quiet, instance("bad", Verdict.FAILED), exit_code=1))
    assert "✓ 11 more sessions passed\n" in text
    assert "p3" not in text
    assert "✓ 11 sessions passed\n" in render(apply(*quiet))
    assert "p9  passed" in render(apply(*quiet[:10]))


def test_a_passed_session_that_needs_a_word_is_not_folded() -> None:
    quiet = [instance(f"p{number}") for number in range(11)]
    noted = instance("noted", checks=(check(verdict=Verdict.FAILED, quarantine="known"),))
    assert "✓ noted" in render(apply(*quiet, noted))


def test_a_downloaded_file_is_named_below_its_failure() -> None:
    trace = Artifact("trace", "trace.zip", "https://s.example/?signature=x", path="out/trace.zip")
    broken = check(verdict=Verdict.FAILED, artifacts=(trace, Artifact("video", "video.webm")))
    text = render(apply(instance(verdict=Verdict.FAILED, checks=(broken,)), exit_code=1))
    assert "    trace: out/trace.zip\n" in text
    assert "video" not in text
    assert "signature" not in text


def test_counts_are_in_the_order_in_which_people_look() -> None:
    ended = ["skipped", "cancelled", "passed", "flaky", "degraded", "failed"]
    outcome = apply(*(instance(name, Verdict(name)) for name in ended), exit_code=1)
    assert "Sessions: 1 failed, 1 degraded, 1 flaky, 1 passed, 1 cancelled, 1 skipped\n" in render(
        outcome
    )


def test_nothing_but_ascii_where_there_is_no_unicode() -> None:
    text = render(mixed(), Style(unicode=False))
    assert text.isascii()
    assert "x smoke-prod[us-east-1] > Checkout  failed" in text
    named = apply(instance(checks=(check("Käse", Verdict.FAILED),)), exit_code=1)
    assert "K\\xe4se" in render(named, Style(unicode=False))


def test_colours_where_asked() -> None:
    assert "\x1b" not in render(mixed())
    assert "\x1b[31m✗\x1b[0m" in render(mixed(), Style(color=True))


def last_line(outcome: ApplyOutcome) -> str:
    return render(outcome).splitlines()[-1].removeprefix("Apply 20261123T080000-abc ")


def test_the_last_line_says_how_it_ended() -> None:
    assert last_line(apply(instance())) == "passed after 45 s (exit code 0)"
    assert last_line(apply(exit_code=0, detached=True)) == "started (exit code 0)"
    assert last_line(apply(exit_code=130, interrupted=True)) == (
        "interrupted after 45 s (exit code 130)"
    )
    unknown = apply(instance(verdict=Verdict.UNKNOWN), exit_code=3)
    assert last_line(unknown) == "unknown after 45 s (exit code 3)"
    never = apply(instance(verdict=Verdict.NOT_STARTED), exit_code=3)
    assert last_line(never) == "not started after 45 s (exit code 3)"
    assert last_line(apply(exit_code=1)) == "failed after 45 s (exit code 1)"


def test_a_missed_quorum_is_said() -> None:
    text = render(apply(quorums=(QuorumOutcome("smoke", 2, 1, 3),), exit_code=1))
    assert "Quorum of smoke: 1 of 3 passed, 2 needed: missed\n" in text


def test_an_error_of_many_lines_is_cut() -> None:
    broken = check(verdict=Verdict.FAILED, error="\n".join(["x"] * 25), link="")
    text = render(apply(instance(checks=(broken,), link=None), exit_code=1))
    assert text.count("    x\n") == 20
    assert "    … and 5 more lines\n" in text


@pytest.mark.parametrize("width", [40, 80, 250])
def test_lines_fit_the_terminal_except_for_addresses(width: int) -> None:
    text = render(mixed(), Style(width=width, wraps=True))
    long = [line for line in text.splitlines() if display_width(line) > width]
    assert all(line.strip().startswith("https://") for line in long)
    assert " ".join(text.split()) == " ".join(render(mixed()).split())


def test_a_narrow_terminal_breaks_lines_at_spaces() -> None:
    text = render(mixed(), Style(width=40, wraps=True))
    assert (
        """\
! smoke-prod[eu-west-1] › Search
    failed, still failing, quarantined:
    index is rebuilt (web, until
    2026-12-01)
    timed out
"""
        in text
    )
    assert "Quorum of smoke-prod: 1 of 2 passed, 1\n    needed: reached\n" in text
    assert "Checks:   1 failed, 1 quarantined, 1\n    degraded," in text


def test_a_session_that_was_left_running_is_shown_with_its_id() -> None:
    running = instance("api", Verdict.RUNNING, stopped_at=None)
    text = render(apply(running, detached=True))
    assert f"· api  running\n    session s1\n    {BASE}\n" in text


def test_where_the_terminal_knows_links_names_lead_to_checkly_and_addresses_are_left_out() -> None:
    plain, linked = render(mixed()), render(mixed(), Style(links=True))
    assert re.sub(LINK, "", linked).splitlines() == [
        line for line in plain.splitlines() if not line.startswith("    https://app.")
    ]
    assert f"{APP}/s1/results/1\x1b\\Checkout\x1b" in linked
    assert f"{APP}/s1\x1b\\api\x1b" in linked
