import pytest

from runner.reports.text.sanitize import display_width, fit, harmless, lines, one_line
from runner.reports.text.style import Style


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Checkout", "Checkout"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\nb\r\tc", "a\\nb\\r\\tc"),
        ("a\x85b\x9bc\x00d\x7f", "a\\x85b\\x9bc\\x00d\\x7f"),
        ("a\u202eb\u2066c\u200fd\ufeff", "a\\u202eb\\u2066c\\u200fd\\ufeff"),
        ("a\u2028b\u2029", "a\\u2028b\\u2029"),
        ("a\ud800b\uffff", "a\\ud800b\\uffff"),
        ("a\U000e0041", "a\\U000e0041"),
        ("日本語 بالعربية 👩‍💻 é", "日本語 بالعربية 👩‍💻 é"),
        ("::set-output name=a::b", "\\::set-output name=a::b"),
        ("  ::stop-commands::x", "  \\::stop-commands::x"),
        ("std::vector ## [x]", "std::vector ## [x]"),
        ("x ##[error]y ##vso[task]z", "x #\\#[error]y #\\#vso[task]z"),
        ("--- a group of Buildkite", " --- a group of Buildkite"),
        ("+++ an open one", " +++ an open one"),
        ("~~~ a quiet one", " ~~~ a quiet one"),
        ("^^^ +++", " ^^^ +++"),
        ("---", "---"),
        ("-- x", "-- x"),
    ],
)
def test_a_text_becomes_one_harmless_line(text: str, shown: str) -> None:
    assert one_line(text) == shown


def test_a_long_text_is_cut() -> None:
    assert one_line("x" * 10_000, 5) == "xxxx…"
    assert one_line("\x1b" * 10_000, 9) == "\\x1b\\x1b…"
    assert one_line("xxxxx", 5) == "xxxxx"


def test_lines_are_kept_apart_and_each_is_cleaned() -> None:
    assert lines("a\r\n::error::\rc\nd", 20) == ["a", "\\::error::", "c", "d"]
    assert lines("a\n--- b\n+++ c") == ["a", " --- b", " +++ c"]


@pytest.mark.parametrize(
    ("text", "width"), [("abc", 3), ("日本", 4), ("e\u0301", 1), ("👩‍💻", 4), ("", 0)]
)
def test_the_width_counts_columns(text: str, width: int) -> None:
    assert display_width(text) == width


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [("abcdef", 6, "abcdef"), ("abcdefg", 6, "abcde…"), ("日本語", 4, "日…"), ("ab", 0, "")],
)
def test_fit_cuts_by_columns(text: str, width: int, shown: str) -> None:
    assert fit(text, width) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\n  b\tc\u00e9\n", "a\n  b\tc\u00e9\n"),
        ("a\n::error::b\n \t::warning::c ::d", "a\n\\::error::b\n \t\\::warning::c ::d"),
        ("\x1b[1m::error::b", "\x1b[1m\\::error::b"),
        ("a ##[error]b ##vso[c]", "a #\\#[error]b #\\#vso[c]"),
        ("a\rb\x1b[2Jc\x1b[8md\x9be", "a\\rb\\x1b[2Jc\\x1b[8md\\x9be"),
        ("a\u202eb\u2028c\ud800", "a\\u202eb\\u2028c\\ud800"),
        ('{"a": "b ::c"}', '{"a": "b ::c"}'),
    ],
)
def test_a_whole_text_keeps_its_lines_and_is_harmless(text: str, shown: str) -> None:
    assert harmless(text) == shown
    assert harmless(shown) == shown


def test_what_the_style_paints_stays() -> None:
    style = Style(color=True)
    painted = style.paint("a", "bold", "red") + style.paint("b", "dim") + style.paint("c", "cyan")
    assert harmless(painted) == painted


def test_an_annotation_stays_where_annotations_are_printed() -> None:
    text = "::error file=a,line=1::b\n::set-output name=c::d\n::warning::e ##[f]"
    shown = "::error file=a,line=1::b\n\\::set-output name=c::d\n::warning::e #\\#[f]"
    assert harmless(text, annotations=True) == shown
