"""The report and the dashboard in a real browser: what they show, on a phone and on a desk."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from runner.models.verdict import Verdict
from runner.reports.apply import html_
from tests import npm
from tests.reports.browser import chromium, needs_chromium, opened
from tests.reports.dashboard.test_page import applies, page
from tests.reports.outcomes import apply, check, instance, mixed

pytestmark = [needs_chromium, pytest.mark.timeout(300)]


def report() -> str:
    """A report with about everything, texts that could overflow, and sessions to fold."""
    outcome = mixed()
    hostile = check("<script>document.title='forged'</script>" + "x" * 500, Verdict.FAILED)
    last = instance("long-" * 60, Verdict.FAILED, checks=(hostile,), reason="y" * 500)
    return html_.render(
        apply(
            *outcome.instances,
            last,
            quorums=outcome.quorums,
            tested=outcome.tested,
            exit_code=1,
        )
    )


def folded() -> str:
    quiet = [instance(f"p{number}", checks=(check(),)) for number in range(12)]
    return html_.render(apply(*quiet, instance("bad", Verdict.FAILED), exit_code=1))


PAGES: dict[str, Callable[[], str]] = {
    "report": report,
    "folded report": folded,
    "empty report": lambda: html_.render(apply()),
    "dashboard": lambda: page(applies(60, 30), with_runs=True),
    "short dashboard": lambda: page(applies(1, 1)),
    "empty dashboard": lambda: page([]),
}
every_page = pytest.mark.parametrize("made", PAGES.values(), ids=PAGES)
both_schemes = pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "page.html"


def count(page: Page, selector: str) -> int:
    """How many elements can be seen."""
    return sum(found.is_visible() for found in page.locator(selector).all())


@every_page
@both_schemes
@pytest.mark.parametrize("width", [320, 390, 800, 1280])
def test_a_page_fits_its_window(
    browser: Browser, file: Path, made: Callable[[], str], width: int, dark: bool
) -> None:
    file.write_text(made(), encoding="utf-8")
    with opened(browser, file, width=width, dark=dark) as page:
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert page.title().startswith("Checkly test sessions: ")
        back = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert back == ("rgb(17, 21, 27)" if dark else "rgb(246, 247, 249)")


@every_page
@both_schemes
@pytest.mark.parametrize("width", [390, 1280])
def test_an_accessibility_checker_finds_nothing_serious(
    browser: Browser, file: Path, made: Callable[[], str], width: int, dark: bool
) -> None:
    axe = npm.packages("axe-core@4") / "node_modules/axe-core/axe.min.js"
    file.write_text(made(), encoding="utf-8")
    with opened(browser, file, width=width, dark=dark) as page:
        page.evaluate(axe.read_text(encoding="utf-8"))
        found = page.evaluate(
            "axe.run().then(r => JSON.stringify(r.violations.map(v =>"
            " [v.impact, v.id, v.nodes.map(n => n.html.slice(0, 120))])))"
        )
    assert [each for each in json.loads(found) if each[0] in {"serious", "critical"}] == []


@both_schemes
def test_all_text_stands_out_from_its_ground(browser: Browser, file: Path, dark: bool) -> None:
    """Contrast of at least 4.5 (WCAG 2.2, AA), also where npm is missing."""
    file.write_text(report(), encoding="utf-8")
    with opened(browser, file, dark=dark) as page:
        worst = page.evaluate(
            """() => {
              const rgb = c => (c.match(/[\\d.]+/g) || []).map(Number);
              const light = c => {
                const [r, g, b] = rgb(c).map(v => v / 255)
                  .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
                return 0.2126 * r + 0.7152 * g + 0.0722 * b;
              };
              const ground = e => {
                const c = getComputedStyle(e).backgroundColor;
                return rgb(c)[3] === 0 ? ground(e.parentElement) : c;
              };
              let worst = 99;
              for (const e of document.querySelectorAll('main *')) {
                if (e.closest('svg')) continue;
                if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
                const [a, b] = [light(getComputedStyle(e).color), light(ground(e))];
                worst = Math.min(worst, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
              }
              return worst;
            }"""
        )
    assert worst >= 4.5


SHOWN = ".check, .session, .failure"


def test_the_filter_of_a_report_shows_what_was_asked_for(browser: Browser, file: Path) -> None:
    file.write_text(report(), encoding="utf-8")
    with opened(browser, file) as page:
        shown = count(page, SHOWN)
        assert shown == 14  # three failures, five sessions and their checks
        for label, number in {"failed": 6, "quarantined": 3, "timed out": 1, "skipped": 1}.items():
            page.get_by_text(label, exact=True).and_(page.locator("label")).click()
            assert count(page, SHOWN) == number, label
        page.locator("label[for=only-all]").click()
        assert count(page, SHOWN) == shown


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("LOGIN", 2),  # the check and its session, which opens
        ("expected 200", 1),
        ("longer than 900 s", 1),
        ("  checkout ", 3),
        ("nowhere", 0),
        ("<script>", 3),
        ("", 14),
    ],
)
def test_the_search_of_a_report_finds_sessions_checks_and_errors(
    browser: Browser, file: Path, text: str, number: int
) -> None:
    file.write_text(report(), encoding="utf-8")
    with opened(browser, file) as page:
        page.get_by_role("searchbox").fill(text)
        assert count(page, SHOWN) == number


def test_many_passed_sessions_are_folded_and_open_where_they_are_asked_for(
    browser: Browser, file: Path
) -> None:
    file.write_text(folded(), encoding="utf-8")
    with opened(browser, file) as page:
        assert count(page, SHOWN) == 1
        page.locator("label[for=only-passed]").click()
        assert count(page, SHOWN) == 12


@pytest.mark.parametrize("width", [390, 1280])
def test_all_bars_of_a_report_share_one_axis(browser: Browser, file: Path, width: int) -> None:
    file.write_text(report(), encoding="utf-8")
    with opened(browser, file, width=width) as page:
        edges = page.locator(".timeline svg").evaluate_all(
            "all => all.map(e => e.getBoundingClientRect()).map(r => [r.left, r.width])"
        )
    assert len({tuple(edge) for edge in edges}) == 1


def test_a_report_can_be_used_by_keyboard_alone(browser: Browser, file: Path) -> None:
    file.write_text(folded(), encoding="utf-8")
    with opened(browser, file) as page:
        focused = "document.activeElement.id || document.activeElement.textContent.trim()"
        page.keyboard.press("Tab")
        assert page.evaluate(focused) == "only-all"
        page.keyboard.press("ArrowRight")  # to "failed"
        assert count(page, SHOWN) == 1
        page.keyboard.press("ArrowRight")  # to "passed"
        assert count(page, SHOWN) == 12
        page.keyboard.press("Home")
        page.keyboard.press("Tab")
        assert page.evaluate(focused) == "search"
        page.keyboard.type("p1")
        assert count(page, ".session") == 3  # p1, p10 and p11


ROWS = ".map tbody tr"


def test_search_and_filter_of_a_dashboard_do_what_they_say(browser: Browser, file: Path) -> None:
    file.write_text(page(applies()), encoding="utf-8")
    with opened(browser, file) as shown:
        assert count(shown, ROWS) == 5
        failing = shown.get_by_label("only those that do not pass")
        failing.check()
        assert count(shown, ROWS) == 1
        failing.uncheck()
        shown.get_by_role("searchbox").fill("E-3")
        assert count(shown, ROWS) == 1


@pytest.mark.parametrize("width", [390, 1280])
def test_the_map_of_a_dashboard_says_which_apply_a_cell_is(
    browser: Browser, file: Path, width: int
) -> None:
    file.write_text(page(applies(), with_runs=True), encoding="utf-8")
    with opened(browser, file, width=width) as shown:
        drawn = shown.locator(".map svg").first
        box = drawn.bounding_box()
        assert box
        assert box["height"] > 10  # it can be seen
        drawn.hover(position={"x": box["width"] - 1, "y": 1})
        assert "A011" in shown.locator("#about").inner_text()
        drawn.hover(position={"x": 1, "y": 1})
        assert "A000" in shown.locator("#about").inner_text()
        assert shown.get_by_label("Apply").input_value() == "0"


def test_the_map_of_a_dashboard_can_be_read_by_keyboard(browser: Browser, file: Path) -> None:
    file.write_text(page(applies(), with_runs=True), encoding="utf-8")
    with opened(browser, file) as shown:
        apply_ = shown.get_by_label("Apply")
        apply_.focus()
        shown.keyboard.press("Home")
        for _ in range(3):
            shown.keyboard.press("ArrowRight")
        said = "2026-08-01 15:00 UTC · A003 · 0000003 (main)"
        assert apply_.get_attribute("aria-valuetext") == said
        assert shown.locator("#about").inner_text() == f"{said} open"
        shown.keyboard.press("Tab")
        focused = shown.evaluate("document.activeElement.getAttribute('href')")
        assert focused == "apply-A003.html"


def test_cells_of_a_short_history_can_be_told_apart(browser: Browser, file: Path) -> None:
    file.write_text(page(applies(10, 1)), encoding="utf-8")
    with opened(browser, file) as shown:
        drawn = shown.locator(".map svg").first
        picture = drawn.screenshot()
        shown.evaluate("document.getElementById('grid').remove()")
        assert drawn.screenshot() != picture
