import io
import os
import pty
import re

import pytest

from runner.reports.text.sanitize import harmless
from runner.reports.text.style import Style, has_unicode, knows_links, style_for, wants_color


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
        (False, {"CLICOLOR_FORCE": "1"}, False, True),
        (False, {"CLICOLOR_FORCE": "0"}, False, False),
        (False, {"CLICOLOR_FORCE": ""}, False, False),
        (True, {"CLICOLOR_FORCE": "0"}, False, True),
        (True, {"CLICOLOR": "0"}, False, False),
        (True, {"CLICOLOR": "1"}, False, True),
        (True, {"CLICOLOR": ""}, False, True),
        (False, {"CLICOLOR": "1"}, False, False),
        (True, {"CLICOLOR": "0", "CLICOLOR_FORCE": "1"}, False, True),
        (True, {"CLICOLOR": "0", "FORCE_COLOR": "1"}, False, True),
        (True, {"CLICOLOR_FORCE": "1", "FORCE_COLOR": "0"}, False, False),
        (True, {"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, False, False),
        (True, {"CLICOLOR_FORCE": "1"}, True, False),
    ],
)
def test_who_decides_on_colours(
    terminal: bool, environ: dict[str, str], no_color: bool, colored: bool
) -> None:
    stream = Stream(terminal=terminal)
    assert wants_color(stream, environ, no_color=no_color) is colored
    assert style_for(stream, environ, no_color=no_color).color is colored


@pytest.mark.parametrize(
    ("terminal", "environ", "links"),
    [
        (True, {}, False),
        (True, {"TERM": "xterm-256color"}, False),
        (True, {"TERM": "xterm-kitty"}, True),
        (True, {"TERM_PROGRAM": "iTerm.app"}, True),
        (True, {"TERM_PROGRAM": "Apple_Terminal"}, False),
        (True, {"WT_SESSION": "0-0"}, True),
        (True, {"VTE_VERSION": "7203"}, True),
        (True, {"VTE_VERSION": "5000"}, False),
        (True, {"VTE_VERSION": "many"}, False),
        (True, {"VTE_VERSION": "\u0667\u0667\u0667\u0667\u0667"}, False),
        (True, {"VTE_VERSION": "7203", "TERM": "dumb"}, False),
        (True, {"VTE_VERSION": "7203", "TERM": "linux"}, False),
        (True, {"VTE_VERSION": "7203", "TERM": "tmux-256color"}, False),
        (True, {"VTE_VERSION": "7203", "TERM": "screen"}, False),
        (True, {"VTE_VERSION": "7203", "FORCE_HYPERLINK": "0"}, False),
        (False, {"VTE_VERSION": "7203"}, False),
        (False, {"FORCE_HYPERLINK": "1"}, True),
        (True, {"TERM": "tmux", "FORCE_HYPERLINK": "1"}, True),
    ],
)
def test_which_terminals_know_links(terminal: bool, environ: dict[str, str], links: bool) -> None:
    stream = Stream(terminal=terminal)
    assert knows_links(stream, environ) is links
    assert style_for(stream, {**environ, "FORCE_COLOR": "1"}).links is links
    assert not style_for(stream, environ, no_color=True).links


LINKING = Style(links=True)
#: Addresses that try to end the link, to be another one, or to do something by themselves.
HOSTILE = {
    "string terminator": "https://a.example/\x1b\\\x1b[2Jx",
    "bell": "https://a.example/\x07\x1b]8;;https://evil.example\x07",
    "c1": "https://a.example/\x9c\x9d8;;https://evil.example\x9c",
    "line breaks": "https://a.example/\r\n::error::forged\u2028x",
    "spaces and quotes": "https://a.example/a b\"'<>`{}|\\^",
    "not ascii": "https://a.example/\u202e\u65e5\ud800",
    "parameters": "https://a.example/;id=x;y:z",
    "command": "https://a.example/##[error]forged",
    "long": "https://a.example/" + "\x1b" * 10_000,
}
BAD = ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "ssh://a", "", "\x1b\\"]


@pytest.mark.parametrize("url", HOSTILE.values(), ids=HOSTILE)
def test_no_address_can_break_out_of_its_link(url: str) -> None:
    shown = LINKING.link("Home", url)
    assert harmless(shown) == shown  # the sink takes it for a link of the program's own
    head, text, tail = shown.partition("Home")
    assert text == "Home"
    assert re.fullmatch(r"\x1b]8;id=[0-9a-f]{16};https://a\.example/[!-~]*\x1b\\", head)
    assert len(head) < 2_100
    assert tail == "\x1b]8;;\x1b\\"
    assert not re.search(r"##\w*\[", shown)
    assert LINKING.address(url) == ""
    assert Style().link("Home", url) == "Home"
    assert Style().address(url) == url


@pytest.mark.parametrize("url", [*BAD, None])
def test_what_is_not_an_address_of_the_web_is_shown_and_is_no_link(url: str | None) -> None:
    assert LINKING.link("Home", url) == "Home"
    assert LINKING.address(url) == (url or "")


def test_a_text_cannot_forge_a_link() -> None:
    for forged in (
        "\x1b]8;;https://evil.example\x1b\\Home\x1b]8;;\x1b\\",
        "\x1b]8;id=0123456789abcdef;https://evil.example\x1b\\Home\x1b]8;;\x07",
        "\x1b]0;title\x07",
    ):
        assert "\\x1b]" in harmless(forged)
        assert not re.search(r"\x1b\][^8]|\x1b\]8;[^;]*;[^\x1b]", harmless(forged))


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
