import io
import os
import pty

import pytest

from runner.reports.text.style import Style, has_unicode, style_for, wants_color


class Stream(io.TextIOWrapper):
    """A stream that may say that it is a terminal, or not what its encoding is."""

    def __init__(self, *, terminal: bool, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding=encoding)
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


@pytest.mark.parametrize(
    ("terminal", "environ", "no_color", "colored"),
    [
        (True, {}, False, True),
        (False, {}, False, False),
        (True, {"TERM": "dumb"}, False, False),
        (True, {"NO_COLOR": "1"}, False, False),
        (True, {"NO_COLOR": ""}, False, True),
        (False, {"FORCE_COLOR": "1"}, False, True),
        (False, {"FORCE_COLOR": ""}, False, False),
        (False, {"FORCE_COLOR": "0"}, False, False),
        (True, {"FORCE_COLOR": "0"}, False, False),
        (True, {"FORCE_COLOR": "false"}, False, False),
        (True, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
        (True, {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_who_decides_on_colours(
    terminal: bool, environ: dict[str, str], no_color: bool, colored: bool
) -> None:
    stream = Stream(terminal=terminal)
    assert wants_color(stream, environ, no_color=no_color) is colored
    assert style_for(stream, environ, no_color=no_color).color is colored


@pytest.mark.parametrize(
    ("encoding", "unicode"),
    [("utf-8", True), ("UTF8", True), ("utf_8_sig", True), ("ascii", False), ("cp1252", False)],
)
def test_the_encoding_tells_the_characters(encoding: str, unicode: bool) -> None:
    assert has_unicode(Stream(terminal=False, encoding=encoding)) is unicode


def test_a_stream_without_an_encoding_takes_everything() -> None:
    assert has_unicode(io.StringIO())


def test_paint_and_plain_change_nothing_where_nothing_is_to_change() -> None:
    assert Style().paint("a", "red") == "a"
    assert Style(color=True).paint("a") == "a"
    assert Style(color=True).paint("", "red") == ""
    assert Style(color=True).paint("a", "bold", "red") == "\x1b[1;31ma\x1b[0m"
    assert Style(unicode=False).plain("✓ a → ü") == "+ a -> \\xfc"


def test_the_width_is_the_terminals_own_then_that_of_the_environment() -> None:
    assert style_for(Stream(terminal=False), {}) == Style(width=80, wraps=False)
    assert style_for(Stream(terminal=False), {"COLUMNS": "132"}).width == 132
    assert style_for(Stream(terminal=False), {"COLUMNS": "many"}).width == 80
    no_size = style_for(Stream(terminal=True), {"COLUMNS": "50"})
    assert (no_size.width, no_size.wraps) == (50, True)
    leader, follower = pty.openpty()
    with os.fdopen(leader), os.fdopen(follower, "w") as terminal:
        os.system(f"stty -F {os.ttyname(follower)} cols 44")
        assert style_for(terminal, {"COLUMNS": "50"}).width == 44
