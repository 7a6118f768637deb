import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.reports.text.layout import Piece, fold, lay_out
from runner.reports.text.sanitize import LINK, display_width
from runner.reports.text.style import Style

LINKING = Style(links=True, width=12, wraps=True)
NARROW = Style(width=12, wraps=True)


@pytest.mark.parametrize(
    ("pieces", "rows"),
    [
        ([], [""]),
        ([Piece("")], [""]),
        ([Piece("a"), Piece(""), Piece("b"), Piece("c", glued=True)], ["a  b c"]),
        ([Piece("a", pad=4), Piece("b")], ["a     b"]),
        ([Piece("123456789"), Piece("next")], ["123456789", "    next"]),
        ([Piece("one two three four")], ["one two", "    three", "    four"]),
        ([Piece("a"), Piece("b cc ddddd ee", glued=True)], ["a b cc ddddd", "    ee"]),
        ([Piece("a"), Piece("averyverylongword", glued=True)], ["a", "    averyverylongword"]),
        ([Piece("averyverylongword"), Piece("b")], ["    averyverylongword", "    b"]),
        ([Piece("日本語日本語"), Piece("x")], ["日本語日本語", "    x"]),
    ],
)
def test_pieces_stay_together_where_they_can(pieces: list[Piece], rows: list[str]) -> None:
    assert lay_out(pieces, NARROW) == rows


def test_colours_take_no_room() -> None:
    style = Style(color=True, width=12, wraps=True)
    assert lay_out([Piece("12345", ("red",)), Piece("67890")], style) == [
        "\x1b[31m12345\x1b[0m  67890"
    ]


def test_without_a_terminal_nothing_is_broken() -> None:
    assert lay_out([Piece("x " * 200), Piece("y")], Style(width=12)) == ["x " * 200 + "  y"]


WORD = st.text("ab日é", min_size=1, max_size=6)
PIECE = st.builds(
    lambda words, glued: Piece(" ".join(words), glued=glued),
    st.lists(WORD, min_size=1, max_size=8),
    st.booleans(),
)


@given(st.lists(PIECE, max_size=6), st.integers(20, 60))
def test_no_word_is_lost_and_no_line_is_too_long(pieces: list[Piece], width: int) -> None:
    rows = lay_out(pieces, Style(width=width, wraps=True))
    assert all(display_width(row) <= width for row in rows)
    said = [word for piece in pieces for word in piece.text.split()]
    assert " ".join(rows).split() == said


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("one two", "one two"),
        ("one two three four", "one two\n  three four"),
        ("  a\n  one two three", "  a\n  one two\n    three"),
        ("    averyverylongword", "    averyverylongword"),
        ("\x1b[2m  averyverylong word\x1b[0m", "  \x1b[2maveryverylong\n    word\x1b[0m"),
        ("\x1b[1m12345\x1b[0m  67890", "\x1b[1m12345\x1b[0m  67890"),
    ],
)
def test_lines_are_broken_at_their_spaces(text: str, shown: str) -> None:
    assert fold(text, NARROW) == shown
    assert fold(text, Style(width=12)) == text  # no terminal


@given(st.text("ab \n", max_size=60))
def test_folding_loses_no_word(text: str) -> None:
    folded = fold(text, NARROW)
    assert folded.split() == text.split()
    for line in folded.split("\n"):
        assert display_width(line) <= 12 or " " not in line.strip()


def test_a_link_takes_no_columns_and_goes_on_where_its_text_is_broken() -> None:
    url = f"https://a.example/{'x' * 50}"
    link = re.compile(LINK)
    rows = lay_out([Piece("a"), Piece("nine longer", link=url), Piece("b", glued=True)], LINKING)
    assert [link.sub("", row) for row in rows] == ["a", "    nine", "    longer b"]
    assert [row.count(url) for row in rows] == [0, 1, 1]
    folded = fold(f"{LINKING.link('nine', url)} {LINKING.link('long', url)} words", LINKING)
    assert link.sub("", folded) == "nine long\n  words"


def test_spaces_at_the_end_make_no_further_line() -> None:
    narrow = Style(wraps=True, width=20)
    assert "\n" not in fold(" " * 50, narrow)
    assert fold(f"{'word ' * 4}   ", narrow).count("\n") == 0
