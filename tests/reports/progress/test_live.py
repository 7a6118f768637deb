import io
import re
from dataclasses import replace
from itertools import pairwise

import pyte
import pytest

from runner.models import events
from runner.models.outcome import InstanceOutcome
from runner.models.verdict import Verdict
from runner.reports.progress.live import LiveReporter
from runner.reports.progress.plain import PlainReporter
from runner.reports.progress.reporters import open_reporters
from runner.reports.text.style import Style
from tests.reports.outcomes import APP, apply, at, attempt, check, instance, mixed, offline, story


class Terminal(io.StringIO):
    """A stream that says it is a terminal, and what one would show of what was written."""

    encoding = "utf-8"

    def __init__(self, columns: int = 80, rows: int = 24) -> None:
        super().__init__()
        self.columns, self.rows = columns, rows

    def isatty(self) -> bool:
        return True

    @property
    def shown(self) -> list[str]:
        screen = pyte.Screen(self.columns, self.rows)
        pyte.Stream(screen).feed(self.getvalue().replace("\n", "\r\n"))
        return [line.rstrip() for line in screen.display]

    @property
    def picture(self) -> list[str]:
        """What is shown, without the empty lines at the end."""
        return "\n".join(self.shown).rstrip("\n").split("\n")

    def reporter(self, style: Style | None = None, verbosity: int = 0) -> LiveReporter:
        return LiveReporter(self, style or Style(), verbosity, (self.columns, self.rows))


def begin(reporter: LiveReporter, *instances: InstanceOutcome, waiting: int = 0) -> None:
    """Let sessions run: of each the first check has ended, the others run."""
    names = [item.name for item in instances] + [f"later-{number}" for number in range(waiting)]
    reporter.handle(events.ApplyStarted(at(0), "a1", tuple(names)))
    for item in instances:
        reporter.handle(events.SessionStarted(at(1), item.name, "s1", item.link or ""))
        checks = [
            replace(found, verdict=Verdict.RUNNING, attempts=found.attempts[:-1])
            for found in item.checks[1:]
        ]
        known = (*item.checks[:1], *checks)
        reporter.handle(events.SessionProgress(at(5), item.name, known))
    reporter.tick(at(61))


def test_what_runs_is_drawn_below_what_has_ended() -> None:
    terminal = Terminal()
    reporter = terminal.reporter()
    first, second, *_ = mixed().instances
    begin(reporter, first, second, waiting=2)
    assert terminal.picture == [
        "Apply a1: 4 sessions",
        "smoke-prod[eu-west-1]: ↻ Login: flaky, 2 attempts (8.0 s)",
        "smoke-prod[us-east-1]: ✗ Checkout: failed, newly failing (3.0 s)",
        "⠋ smoke-prod[eu-west-1]  1:00  1/4 checks",
        f"  {APP}/s1",
        "  · Search",
        "  · Cart",
        "  · Home",
        "⠋ smoke-prod[us-east-1]  1:00  1/1 checks",
        f"  {APP}/s1",
        "2 running, 2 waiting, 1:01",
    ]
    reporter.handle(events.Notice(at(62), "Slowed down.", is_warning=True))
    reporter.handle(events.SessionCancelling(at(62), second.name, "timeout"))
    reporter.handle(events.InstanceFinished(at(63), first))
    reporter.tick(at(3725))
    assert terminal.picture == [
        "Apply a1: 4 sessions",
        "smoke-prod[eu-west-1]: ↻ Login: flaky, 2 attempts (8.0 s)",
        "smoke-prod[us-east-1]: ✗ Checkout: failed, newly failing (3.0 s)",
        "warning: Slowed down.",
        "smoke-prod[us-east-1]: took too long, is being cancelled",
        "smoke-prod[eu-west-1]: ! Search: failed, still failing, quarantined: index is",
        "rebuilt (web, until 2026-12-01) (3.0 s)",
        "smoke-prod[eu-west-1]: ! Home: degraded (3.0 s)",
        "smoke-prod[eu-west-1]: ✓ passed after 40 s",
        "⠋ smoke-prod[us-east-1]  1:02:04  1/1 checks  cancelling",
        f"  {APP}/s1",
        "1 running, 2 waiting, 1 passed, 1:02:05",
    ]
    reporter.close()


def test_what_has_ended_is_gone_from_the_picture_at_once() -> None:
    terminal = Terminal()
    reporter = terminal.reporter()
    begin(reporter, instance("a"), instance("b"))
    reporter.handle(events.InstanceFinished(at(61.01), instance("a")))
    assert terminal.picture[1:] == [
        "a: ✓ passed after 40 s",
        "⠋ b  1:00",
        f"  {APP}/s1",
        "1 running, 1 passed, 1:01",
    ]
    reporter.close()


def test_a_retry_is_shown_as_one() -> None:
    terminal = Terminal()
    reporter = terminal.reporter()
    over = attempt(Verdict.FAILED, 1, 2)
    first = check("Search", attempts=(attempt(Verdict.RUNNING, 3, 3), over))
    again = check("Login", attempts=(over, attempt(Verdict.RUNNING, 3, 3, 2), over))
    begin(reporter, instance(checks=(check(), first, again)))
    assert terminal.picture[-3:-1] == ["  · Search", "  · Login, attempt 2"]
    reporter.close()


def test_at_the_end_only_lines_and_the_summary_stay() -> None:
    terminal = Terminal(rows=60)
    reporter = terminal.reporter()
    for event in story(mixed()):
        reporter.handle(event)
        reporter.tick(event.at)
    reporter.close()
    shown = "\n".join(terminal.picture)
    assert "⠋" not in shown
    assert "running" not in shown
    assert shown.index("web: − skipped") < shown.index("Account:     Acme (a1)")
    assert shown.endswith("(exit code 4)")
    assert terminal.getvalue().count("\x1b[?25l") == terminal.getvalue().count("\x1b[?25h") == 1


@pytest.mark.parametrize("columns", [40, 80, 300])
@pytest.mark.parametrize("rows", [8, 24])
def test_the_picture_fits_any_terminal(columns: int, rows: int) -> None:
    terminal = Terminal(columns, rows)
    reporter = terminal.reporter()
    many = [
        instance(f"{'long-' * 10}{number}", checks=(check(), check("日本語" * 40)))
        for number in range(30)
    ]
    begin(reporter, *many)
    first = terminal.picture
    for second in range(62, 70):
        reporter.tick(at(second))
    assert len(terminal.picture) == len(first)  # what was drawn before is drawn over
    drawn = sum("1/2 checks" in line for line in first)
    assert first[-2] == f"… and {30 - drawn} more running"
    assert first[-1] == "30 running, 1:01"
    assert any(line.endswith("  1:00  1/2 checks") for line in first)
    reporter.close()


@pytest.mark.parametrize(
    ("rows", "each"), [(30, 3), (11, 2), (8, 1)], ids=["checks", "links", "sessions"]
)
def test_where_there_is_little_room_checks_go_first_then_links(rows: int, each: int) -> None:
    terminal = Terminal(rows=rows)
    reporter = terminal.reporter()
    few = [instance(f"p{number}", checks=(check(), check("B"))) for number in range(4)]
    begin(reporter, *few)
    begins = [index for index, line in enumerate(terminal.picture) if "1/2 checks" in line]
    assert len(begins) == 4
    assert {later - earlier for earlier, later in pairwise(begins)} == {each}
    reporter.close()


def test_ascii_is_enough() -> None:
    terminal = Terminal()
    reporter = terminal.reporter(Style(unicode=False))
    begin(reporter, instance("Käse", checks=(check(), check("日本"))))
    assert terminal.getvalue().isascii()
    assert terminal.picture[1:] == [
        "| K\\xe4se  1:00  1/2 checks",
        f"  {APP}/s1",
        "  - \\u65e5\\u672c",
        "1 running, 1:01",
    ]
    reporter.close()


def test_colours_only_where_asked() -> None:
    for color in (False, True):
        terminal = Terminal()
        reporter = terminal.reporter(Style(color=color))
        begin(reporter, instance())
        reporter.close()
        assert ("\x1b[36m" in terminal.getvalue()) is color


def test_where_the_terminal_knows_links_the_name_leads_to_the_session() -> None:
    terminal = Terminal()
    reporter = terminal.reporter(Style(color=True, links=True))
    begin(reporter, instance("a"))
    reporter.close()
    assert APP not in "".join(terminal.picture)
    assert re.search(f"]8;id=[^;]*;{APP}/s1\x1b\\\\[^a]*a\x1b", terminal.getvalue())


def test_quiet_draws_nothing_but_the_summary() -> None:
    terminal = Terminal(rows=60)
    reporter = terminal.reporter(verbosity=-1)
    told = story(mixed())
    for event in told[:-1]:
        reporter.handle(event)
        reporter.tick(event.at)
    assert terminal.getvalue() == ""
    reporter.handle(told[-1])
    reporter.close()
    assert terminal.picture[0] == "Account:     Acme (a1)"


def test_nothing_is_redrawn_more_often_than_can_be_seen() -> None:
    terminal = Terminal()
    reporter = terminal.reporter()
    begin(reporter, instance())
    written = len(terminal.getvalue())
    for _ in range(10):
        reporter.tick(at(61.01))
    assert len(terminal.getvalue()) == written
    reporter.close()


def test_before_anything_happened_nothing_is_drawn() -> None:
    terminal = Terminal()
    reporter = terminal.reporter()
    reporter.tick(at(0))
    reporter.close()
    assert terminal.getvalue() == ""


@pytest.mark.parametrize(
    ("environ", "is_live"),
    [({}, True), ({"TERM": "dumb"}, False), ({"CI": "true"}, False), ({"NO_COLOR": "1"}, True)],
)
def test_a_terminal_that_somebody_looks_at_gets_the_picture(
    environ: dict[str, str], is_live: bool
) -> None:
    terminal = Terminal(rows=60)
    with open_reporters(
        [], mask=str, environ=environ, stdout=terminal, stderr=io.StringIO(), send=offline
    ) as reporters:
        assert reporters.interval == (0.1 if is_live else 1.0)
        for event in story(apply(instance())):
            reporters.handle(event)
            reporters.tick(event.at)
    shown = terminal.picture
    assert shown[0] == ("" if is_live else "08:00:00Z ") + "Apply 20261123T080000-abc: 1 session"


def test_plain_lines_have_an_interval_too() -> None:
    assert PlainReporter(lambda _: None, Style()).interval == 1.0
