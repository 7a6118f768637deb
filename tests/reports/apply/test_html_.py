import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from runner.models.outcome import ApplyOutcome, Artifact, Change
from runner.models.verdict import Verdict
from runner.reports.apply import wording
from runner.reports.apply.html_ import render
from runner.reports.apply.timeline import Axis
from tests.reports.outcomes import apply, at, attempt, check, instance, mixed


class Page(HTMLParser):
    """What a reader finds in a page: tags with attributes, and text."""

    VOID = frozenset({"meta", "input", "rect", "line"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID or (tag == "rect" and not self._closed()):
            self.open.append(tag)

    def _closed(self) -> bool:
        return (self.get_starttag_text() or "").endswith("/>")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] not in (["style"], ["script"]):
            self.text += data

    def find(self, tag: str, name: str | None = None) -> list[dict[str, str | None]]:
        return [
            attributes
            for found, attributes in self.tags
            if found == tag and (name is None or name in (attributes.get("class") or "").split())
        ]

    @property
    def words(self) -> str:
        return " ".join(self.text.split())


def test_everything_that_happened_can_be_read_without_script() -> None:
    page = Page(render(mixed()))
    assert page.open == []
    assert len(page.find("script")) == 1  # the search, which is hidden until it runs
    assert page.words.startswith(
        "Checkly test sessions: timed out Checkly test sessions ✗ timed out "
        "2026-11-23 08:00:00 UTC 45 s exit code 4 apply 20261123T080000-abc "
        "Account Acme (a1) Project shop-web Environment production "
        "Commit 0123456789ab on main by Ada CI run open "
        "Sessions 1 timed out 1 failed 1 passed 1 skipped "
        "Checks 1 failed 1 quarantined 1 degraded 1 flaky 1 passed "
        "Since last time 1 newly failing 1 still failing 1 fixed "
        "Quorum of smoke-prod: 1 of 2 passed, 1 needed: reached "
        "Show all timed out failed quarantined degraded flaky passed skipped "
        "Failing checks Checkout in smoke-prod[us-east-1] ✗ failed, newly failing, does not count "
        "expected 200, got 500 at checkout.spec.ts:12 "
        "Search in smoke-prod[eu-west-1] "
        "! failed, still failing, quarantined: index is rebuilt (web, until 2026-12-01) timed out "
    )
    assert "✗ smoke-prod[us-east-1] failed, does not count, 40 s, eu-west-1" in page.words
    assert "↻ Login flaky, 2 attempts, 8.0 s" in page.words
    assert "attempt 1: failed, 3.0 s" in page.words
    assert "It took longer than 900 s. Look." in page.words


def test_nothing_is_fetched_and_nothing_else_may_be() -> None:
    text = render(mixed())
    page = Page(text)
    policy = page.find("meta")[1]
    assert policy["http-equiv"] == "Content-Security-Policy"
    assert re.fullmatch(
        "default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]+'; "
        "script-src 'sha256-[A-Za-z0-9+/=]+'; base-uri 'none'; form-action 'none'",
        policy["content"] or "",
    )
    assert not any({"src", "srcset", "style", "onclick"} & set(found) for _, found in page.tags)
    assert page.find("link") == []
    assert "url(" not in text
    assert "@import" not in text


def test_links_are_those_of_the_web_alone() -> None:
    bad = check("A", link="javascript:alert(1)", attempts=())
    page = Page(render(apply(instance(link="data:text/html,x", checks=(bad,)))))
    assert page.find("a") == []
    links = Page(render(mixed())).find("a")
    assert all((link["href"] or "").startswith("https://") for link in links)
    assert all(link["rel"] == "noopener noreferrer" for link in links)


def test_the_filter_offers_what_there_is() -> None:
    page = Page(render(mixed()))
    offered = [found["id"] for found in page.find("input") if found["type"] == "radio"]
    assert offered == [
        "only-all",
        "only-timed-out",
        "only-failed",
        "only-quarantined",
        "only-degraded",
        "only-flaky",
        "only-passed",
        "only-skipped",
    ]


@pytest.mark.parametrize(
    "outcome",
    [
        apply(),
        apply(exit_code=0, detached=True),
        apply(exit_code=130, interrupted=True),
        apply(instance(verdict=Verdict.NOT_STARTED), exit_code=3),
        apply(*(instance(verdict, verdict) for verdict in Verdict), exit_code=3),
        apply(instance(checks=tuple(check(verdict, verdict) for verdict in Verdict))),
        apply(instance(checks=tuple(check(change, change=change) for change in Change))),
        apply(instance(checks=(check(attempts=(), link="", error="\n" * 100),))),
    ],
)
def test_each_kind_of_outcome_has_a_page(outcome: ApplyOutcome) -> None:
    page = Page(render(outcome))
    assert page.open == []
    assert wording.result(outcome) in page.words


def test_a_large_report_stays_small() -> None:
    checks = tuple(check(f"Check {number}") for number in range(10))
    text = render(apply(*(instance(f"p{number}", checks=checks) for number in range(200))))
    assert len(text.encode()) < 500_000


@pytest.mark.parametrize(("folder", "quoted"), [("a b", "a%20b"), ("a\udcff", "a%FF")])
def test_a_downloaded_file_is_linked_relative_to_the_report(folder: str, quoted: str) -> None:
    path = f"out/{folder}/trace.zip"
    trace = Artifact("trace", "trace.zip", "https://s.example/?signature=x", path=path)
    broken = check(verdict=Verdict.FAILED, artifacts=(trace,))
    text = render(apply(instance(checks=(broken,))), Path("reports"))
    assert f'href="../out/{quoted}/trace.zip"' in text
    assert "signature" not in text


def test_a_long_error_is_cut() -> None:
    broken = check(verdict=Verdict.FAILED, error="\n".join(map(str, range(100))))
    text = Page(render(apply(instance(checks=(broken,))))).text
    assert "\n59\n… and 40 more lines" in text


def test_bars_lie_where_time_says() -> None:
    early = attempt(Verdict.PASSED, 0, 10)
    outcome = apply(
        instance(
            started_at=at(0),
            stopped_at=at(45),
            checks=(check(attempts=(early, attempt(Verdict.PASSED, 44.999, 45, 2))),),
        )
    )
    axis = Axis(outcome)
    (session,) = axis.session(outcome.instances[0])
    assert (session.left, session.width) == (0, 100)
    first, last = axis.attempts(outcome.instances[0].checks[0])
    assert (first.left, first.width) == (0, 22.222)
    assert last.left + last.width == 100
    assert last.width == pytest.approx(0.4)
    assert [(tick.left, tick.text) for tick in axis.ticks] == [
        (0, "0 s"),
        (22.222, "10 s"),
        (44.444, "20 s"),
        (66.667, "30 s"),
        (88.889, "40 s"),
    ]


@pytest.mark.parametrize(
    ("seconds", "ticks"),
    [
        (0, ["0 s", "1 s"]),
        (150, ["0 s", "30 s", "1:00", "1:30", "2:00", "2:30"]),
        (7200, ["0 s", "30:00", "1:00 h", "1:30 h", "2:00 h"]),
    ],
)
def test_the_axis_has_few_round_marks(seconds: float, ticks: list[str]) -> None:
    axis = Axis(apply(stopped_at=at(seconds)))
    assert [tick.text for tick in axis.ticks] == ticks
    years = Axis(apply(stopped_at=at(86400 * 800))).ticks
    assert len(years) <= 7


def test_a_session_that_outlasts_the_apply_lengthens_the_axis() -> None:
    late = instance(started_at=at(-10), stopped_at=at(90))
    axis = Axis(apply(late))
    assert axis.seconds == 100
    assert axis.start == at(-10)
