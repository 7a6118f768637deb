"""The dashboard, read as text."""

import json
import re
import time

import pytest

from runner.models.history import PastApply
from runner.models.outcome import Subject
from runner.models.verdict import Verdict
from runner.reports.dashboard.page import render, run_pages
from runner.reports.text.sanitize import one_line
from tests.reports.history.pasts import NOON, checked, past, tried
from tests.reports.test_hostile import TEXTS, forbidden

P, F, K = Verdict.PASSED, Verdict.FAILED, Verdict.FLAKY
SUBJECT = Subject(account="acme", project="shop", scope="default")


def applies(count: int = 12, instances: int = 5) -> list[PastApply]:
    made = []
    for number in range(count):
        attempts = [
            tried(
                number,
                checked("Login", F if not index and number > 8 else P, error="boom"),
                checked("Search", K if number % 3 == 0 else P),
                instance=f"profile-{index}",
            )
            for index in range(instances)
        ]
        made.append(past(*attempts))
    return made[::-1]


def page(past_applies: list[PastApply], *, with_runs: bool = False) -> str:
    return render(past_applies, SUBJECT, NOON.replace(day=3), with_runs=with_runs)


def test_the_page_says_what_fails_and_since_when() -> None:
    words = " ".join(re.sub("<[^>]*>", " ", page(applies()).partition("<body>")[2]).split())
    assert "Failing now 1 of 5 instances" in words
    assert "profile-0 failed for 3 applies, since 0000009 (main) , 1 d ago" in words
    assert "Login : boom" in words
    assert "Search 33 % 100 % 60 2.0 s 2.0 s" in words


def test_an_empty_history_has_a_page() -> None:
    assert "Nothing has been applied yet." in page([])


def test_the_runs_stand_beside_it_when_asked_for() -> None:
    found = applies(3)
    pages = dict(run_pages(found, SUBJECT))
    assert list(pages) == ["apply-A002.html", "apply-A001.html", "apply-A000.html"]
    assert "apply <bdi>A002</bdi>" in pages["apply-A002.html"]
    assert 'href="apply-A002.html"' in page(found, with_runs=True)
    assert 'href="apply-A002.html"' not in page(found)


def test_no_page_takes_the_place_of_another() -> None:
    """Ids may come from a state that other programs wrote into."""
    ids = ["index", "a/b", "a-b", "../a", "a" * 300, "a" * 301, "CON", "", "\u65e5", "\ud800"]
    found = [past(tried(0).model_copy(update={"apply_id": each})) for each in ids]
    names = [name for name, _ in run_pages(found, SUBJECT)]
    assert len(set(names)) == len(ids)
    assert all(re.fullmatch(r"apply-[\w.-]{1,100}\.html", name, re.ASCII) for name in names)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_hostile_text_is_harmless(text: str) -> None:
    attempt = tried(1, checked(text, F, error=text), instance=text, commit=text).model_copy(
        update={"link": text, "reason": text, "branch": text, "apply_id": text}
    )
    rendered = page([past(attempt)])
    assert not forbidden(rendered)
    assert rendered.count("<script") == 2
    ((_, run),) = run_pages([past(attempt)], SUBJECT)
    assert not forbidden(run)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_the_island_of_data_can_not_be_left(text: str) -> None:
    for hostile in (text, f"</script>{text}", f"<!--<script>{text}", f"]]>{text}"):
        attempt = tried(1, instance="a", commit=hostile).model_copy(
            update={"branch": hostile, "apply_id": hostile}
        )
        _, _, rest = page([past(attempt)], with_runs=True).partition('id="columns">')
        island, _, after = rest.partition("</script>")
        ((_, said, _, link),) = json.loads(island)
        assert "<" not in island
        assert not forbidden(island)
        assert said == one_line(hostile, 80)
        assert link.startswith("apply-")
        assert after.count("<script") == 1


def test_a_page_where_everything_fails_stays_readable() -> None:
    failed = [
        tried(0, *(checked(f"C{n}", F, error="e" * 3000) for n in range(50)), instance=f"p{number}")
        for number in range(500)
    ]
    text = page([past(*failed)])
    assert len(text.encode()) < 1_000_000
    assert "… and 45 more checks" in text
    assert "… and 450 more; all are below." in text
    assert text.count('<tr class="bad-row">') == 500


def test_five_hundred_profiles_and_two_hundred_applies_stay_small() -> None:
    attempts = [tried(0, checked("Login", P), instance=f"p{index}") for index in range(500)]
    many = [PastApply(f"A{number}", tuple(attempts)) for number in range(200)]
    began = time.process_time()
    text = page(many)
    assert len(text.encode()) < 1_000_000
    assert time.process_time() - began < 20
