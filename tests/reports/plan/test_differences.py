"""Every difference of long values is shown, or its count is."""

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.models.plan import Op
from runner.reports.plan.differences import TEXT_LIMIT, Part, compared, cut, listed_items


def words(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def told(before: Any, after: Any) -> list[str]:
    signs = {Op.ADD: "+", Op.REMOVE: "-", Op.REPLACE: "~", None: " "}
    return [f"{signs[part.op]} {part.text}" for part in compared(before, after, words)]


TAGS = [f"service-{number}" for number in range(10)]
IDS = [f"0000000{number:02}-1111-4222-8333-444444444444" for number in range(40)]


@pytest.mark.parametrize(
    ("before", "after"),
    [([], ["a"]), (["a"], ["b"]), ("one", "two"), (1, 2), (None, True), ("x" * 90, "y" * 90)],
)
def test_short_values_need_no_parts(before: Any, after: Any) -> None:
    assert told(before, after) == []


def test_one_of_ten_tags() -> None:
    changed = [*TAGS[:4], "service-x", *TAGS[5:]]
    assert told(TAGS, changed) == [
        '- "service-4"',
        '+ "service-x"',
        "  9 items are unchanged",
    ]


def test_one_tag_of_one_group() -> None:
    lines = told([TAGS, ["other"]], [[*TAGS[:4], *TAGS[5:]], ["other"]])
    head = '["service-0", "service-1", "service-2", "service-3", "servic… (9 items)'
    assert lines == [f'~ {head}: −"service-4"', "  1 item is unchanged"]


def test_one_quarantine_date() -> None:
    def entry(check: str, until: str) -> dict[str, str]:
        return {"check": check, "reason": "flaky", "owner": "web", "until": until}

    before = [entry("Checkout", "2026-01-31"), entry("Login", "2026-02-28")]
    after = [entry("Checkout", "2026-01-31"), entry("Login", "2026-03-31")]
    assert told(before, after) == [
        '~ Login: until "2026-02-28" → "2026-03-31"',
        "  1 item is unchanged",
    ]


def test_one_of_forty_check_ids() -> None:
    lines = told(IDS, [*IDS[:20], *IDS[21:], "new"])
    assert lines == [f'- "{IDS[20]}"', '+ "new"', "  39 items are unchanged"]


def test_another_order_alone_is_told() -> None:
    assert told(TAGS, TAGS[::-1]) == ["~ the same 10 items in another order"]


def test_an_item_that_stands_twice_counts_twice() -> None:
    assert told([*TAGS, "a"], [*TAGS, "a", "a"])[0] == '+ "a"'


def test_more_differences_than_can_be_shown_are_counted() -> None:
    lines = told(IDS, [])
    assert len(lines) == 21
    assert lines[-1] == "  and 20 more differences"
    assert [part.text for part in listed_items(Op.ADD, IDS, words)][-1] == "and 20 more items"


def test_a_short_list_that_comes_needs_no_parts() -> None:
    assert listed_items(Op.ADD, ["a"], words) == ()
    assert listed_items(Op.ADD, "x" * 500, words) == ()


def test_texts_are_compared_line_by_line() -> None:
    before = [f"line {number}" for number in range(300)]
    after = [*before[:100], "changed", *before[101:200], *before[201:], "last"]
    assert told("\n".join(before), "\n".join(after)) == [
        "  line 101:",
        "- line 100",
        "+ changed",
        "  line 201:",
        "- line 200",
        "  line 300:",
        "+ last",
    ]


def test_both_differences_of_one_long_line_are_shown() -> None:
    before = f"https://{'a/' * 200}?host=www&{'b=1&' * 100}end=1"
    after = before.replace("host=www", "host=shop").replace("end=1", "end=2")
    lines = told(before, after)
    assert [line[0] for line in lines] == ["-", "+", "-", "+"]
    assert "host=www" in lines[0]
    assert "host=shop" in lines[1]
    assert lines[2].endswith("end=1")
    assert lines[3].endswith("end=2")


def test_a_difference_inside_one_long_word_is_shown() -> None:
    lines = told("x" * 5_000 + "1st" + "y" * 900, "x" * 5_000 + "other" + "y" * 900)
    around = ("…" + "x" * 40, "y" * 40 + "…")
    assert lines == [f"- {around[0]}1st{around[1]}", f"+ {around[0]}other{around[1]}"]


def test_huge_values_are_compared_in_time() -> None:
    before = "".join(f"{number} " for number in range(100_000))
    lines = told(before, before.replace(" 5 ", " x ").replace(" 99998 ", " y "))
    assert "characters)" in lines[0]
    assert len(lines) == 2


def test_a_long_text_is_cut_with_its_length() -> None:
    assert cut("x" * 1_000_000) == "x" * TEXT_LIMIT + "… (1,000,000 characters)"


@given(st.lists(st.integers(0, 5), max_size=60), st.lists(st.integers(0, 5), max_size=60))
def test_no_difference_of_lists_is_lost(before: list[int], after: list[int]) -> None:
    lines: list[Part] = list(compared(before, after, lambda value: words(value) + " " * 60))
    if before == after:
        return
    shown = [part for part in lines if part.op is not None]
    counted = sum(int(part.text.split()[1]) for part in lines if part.text.startswith("and "))
    if sorted(before) == sorted(after):
        assert len(shown) == 1
        return
    old, new = Counter(before), Counter(after)
    assert len(shown) + counted == (old - new).total() + (new - old).total()
