import json
import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest

from runner.diagnostics import PAGE, Diagnostic, Related, Severity
from runner.reports.diagnostics.render import count_diagnostics, render_diagnostics
from runner.reports.text.sanitize import display_width
from runner.reports.text.style import Style
from runner.source import Source, Span

TEXT = "version: 1\nprofiles:\n\tsmoke: {runLocaton: eu}\n"


def span_of(source: Source, part: str) -> Span:
    start = source.text.index(part)
    return Span(source, start, start + len(part))


def found(text: str = TEXT, part: str = "runLocaton") -> Diagnostic:
    source = Source("checkly-sessions.yaml", text)
    return Diagnostic("unknown-key", f"There is no key {part!r}", span_of(source, part))


def test_text_shows_the_place_the_line_and_a_caret_under_the_part() -> None:
    assert render_diagnostics([found()], "text") == (
        "checkly-sessions.yaml:3:10: error[unknown-key]: There is no key 'runLocaton'\n"
        "3 |     smoke: {runLocaton: eu}\n"
        "  |             ^^^^^^^^^^\n"
        "  see: docs/diagnostics.md#unknown-key\n"
    )


def test_text_shows_hint_related_places_and_separates_problems() -> None:
    source = Source("a.yaml", "a: 1\nb: 2\n")
    twice = Diagnostic(
        "duplicate",
        "'b' is given twice",
        Span(source, 5, 6),
        Severity.WARNING,
        hint="Remove one",
        related=(Related(Span(source, 0, 1), "first given here"),),
        profile="b",
    )
    missing = Diagnostic("no-file", "There is no file")
    assert render_diagnostics([twice, missing], "text") == (
        "a.yaml:2:1: warning[duplicate]: 'b' is given twice\n"
        "2 | b: 2\n"
        "  | ^\n"
        "  hint: Remove one\n"
        "a.yaml:1:1: note: first given here\n"
        "1 | a: 1\n"
        "  | ^\n"
        "  see: docs/diagnostics.md#duplicate\n"
        "\n"
        "error[no-file]: There is no file\n"
        "  see: docs/diagnostics.md#no-file\n"
    )


def test_the_address_of_a_code_is_told_once_and_not_in_concise_lines() -> None:
    other = Diagnostic("unset", "x")
    text = render_diagnostics([found(), other, found(part="smoke"), other], "text")
    addresses = [line for line in text.splitlines() if "see:" in line]
    assert addresses == [f"  see: {PAGE}#unknown-key", f"  see: {PAGE}#unset"]
    assert PAGE not in render_diagnostics([found(), other], "concise")
    said = render_diagnostics([found(), found(part="smoke")], "github")
    assert said.count(f"%0ASee {PAGE}#unknown-key\n") == 2


def test_nothing_found_renders_to_nothing() -> None:
    assert render_diagnostics([], "text") == ""
    assert render_diagnostics([], "github") == ""


def test_colours_only_when_asked() -> None:
    assert "\x1b" not in render_diagnostics([found()], "text")
    colored = render_diagnostics([found()], "text", Style(color=True))
    assert "\x1b[1;31merror[unknown-key]\x1b[0m" in colored


@pytest.mark.parametrize("unicode", [True, False])
@pytest.mark.parametrize("width", [20, 40, 80, 300])
@pytest.mark.parametrize("at", [0, 5, 200, 395, 397])
def test_long_lines_are_cut_around_the_caret(at: int, width: int, unicode: bool) -> None:
    text = "ü" * at + "BAD" + "日" * (400 - at)
    rows = render_diagnostics([found(text, "BAD")], "text", Style(width=width, unicode=unicode))
    shown, carets = rows.splitlines()[1:3]
    assert display_width(shown) <= width
    assert shown.isascii() or unicode
    column = carets.index("^")
    before = 0
    for index, char in enumerate(shown):
        if before == column:
            assert shown[index : index + 3] == "BAD"
            break
        before += display_width(char)
    assert carets.count("^") == 3


def test_wide_and_control_characters_keep_the_caret_in_place() -> None:
    _, shown, carets, _ = render_diagnostics([found("日\x1b[2J: bad", "bad")], "text").splitlines()
    assert shown == "1 | 日\\x1b[2J: bad"
    assert carets == "  |            ^^^"
    _, shown, carets, _ = render_diagnostics(
        [found("日: bad", "bad")], "text", Style(unicode=False)
    ).splitlines()
    assert shown == "1 | \\u65e5: bad"
    assert carets == "  |         ^^^"


def test_a_command_in_the_source_line_is_set_off() -> None:
    _, shown, carets, _ = render_diagnostics([found("##[error]: bad", "bad")], "text").splitlines()
    assert shown == "1 | #\\#[error]: bad"
    assert carets == "  |             ^^^"


def test_a_hidden_secret_is_never_quoted() -> None:
    source = Source("a.yaml", "KEY: {value: hunter22, secret: true}")
    secret = span_of(source, "hunter22")
    source.hide(secret.start, secret.end)
    for part in ("hunter22", "secret:"):
        out = render_diagnostics([Diagnostic("x", "y", span_of(source, part))], "text")
        assert "hunter" not in out
        assert "KEY: {value: (secret), secret: true}" in out


def test_the_end_of_the_file_and_several_lines_can_be_meant() -> None:
    source = Source("a.yaml", "a: 1\nb: 2\n")
    end = Diagnostic("x", "y", Span(source, 10, 10))
    assert render_diagnostics([end], "text").splitlines()[1:3] == ["3 |", "  | ^"]
    both = Diagnostic("x", "y", Span(source, 0, 9))
    assert render_diagnostics([both], "text").splitlines()[1:3] == ["1 | a: 1", "  | ^^^^"]


def test_json_carries_the_same_and_is_versioned() -> None:
    source = Source("a.yaml", "a: 1\nb: 2\n")
    problem = Diagnostic(
        "dup", "##[x]", Span(source, 5, 9), Severity.WARNING, "Remove", (), profile="p"
    )
    text = render_diagnostics([problem, Diagnostic("no-file", "None")], "json")
    assert "##" not in text
    assert json.loads(text) == {
        "formatVersion": 1,
        "diagnostics": [
            {
                "severity": "warning",
                "code": "dup",
                "url": "docs/diagnostics.md#dup",
                "message": "##[x]",
                "hint": "Remove",
                "profile": "p",
                "place": {
                    "file": "a.yaml",
                    "line": 2,
                    "column": 1,
                    "endLine": 2,
                    "endColumn": 5,
                },
                "related": [],
            },
            {
                "severity": "error",
                "code": "no-file",
                "url": "docs/diagnostics.md#no-file",
                "message": "None",
                "hint": None,
                "profile": None,
                "place": None,
                "related": [],
            },
        ],
        "summary": {"errors": 1, "warnings": 1},
    }


def test_annotations_escape_what_would_end_a_property_or_a_command(tmp_path: Path) -> None:
    source = Source(str(tmp_path / "sub" / "a,b:c.yaml"), "a: 1\nb: 2\n")
    problem = Diagnostic(
        "x",
        "100% wrong\n::error::no",
        Span(source, 5, 6),
        hint="h",
        related=(Related(Span(source, 0, 1), "here"),),
    )
    out = render_diagnostics([problem], "github", repository=tmp_path)
    head, data = out.split("::", 2)[1:]
    assert head == "error file=sub/a%2Cb%3Ac.yaml,line=2,col=1,endColumn=2,title=x"
    assert data.startswith("100%25 wrong%0A\\::error::no%0AHint: h%0A")
    assert out.count("\n") == 1


def test_annotations_name_a_file_elsewhere_as_it_is_named(tmp_path: Path) -> None:
    out = render_diagnostics([found()], "github", repository=tmp_path)
    assert out.startswith("::error file=checkly-sessions.yaml,line=3,col=10,endColumn=20,")
    source = Source("a.yaml", "a: 1\nb: 2\n")
    out = render_diagnostics([Diagnostic("x", "y", Span(source, 0, 8), Severity.WARNING)], "github")
    assert out == "::warning file=a.yaml,line=1,endLine=2,title=x::y%0ASee docs/diagnostics.md#x\n"


def test_counts_are_in_words() -> None:
    error, warning = Diagnostic("a", "b"), Diagnostic("a", "b", severity=Severity.WARNING)
    assert count_diagnostics([]) == ""
    assert count_diagnostics([warning]) == "1 warning"
    assert count_diagnostics([warning, error, error]) == "2 errors, 1 warning"


@pytest.mark.parametrize("form", ["text", "json", "github"])
def test_no_format_lets_a_hostile_message_forge_a_line(
    form: Literal["text", "json", "github"],
) -> None:
    hostile = Diagnostic("x", "a\n::error::forged\x1b[2J\u202e", hint="\n::stop-commands::x")
    out = render_diagnostics([hostile], form)
    assert not any(line.lstrip().startswith("::") for line in out.splitlines()[1:])
    assert "\x1b" not in out
    assert "\u202e" not in out


def test_rendering_imports_nothing_heavy() -> None:
    code = (
        "import sys, runner.reports.diagnostics.render;"
        "print({'rich', 'jinja2', 'pydantic', 'asyncio'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def steps_of(problems: int) -> int:
    """The characters that are looked at for so many problems on one line."""
    source = Source("f.yaml", f"{'é' * 95}: b, " * problems)
    found = [
        Diagnostic("unknown-key", "No such key", Span(source, at * 100, at * 100 + 1))
        for at in range(problems)
    ]
    count = 0

    def step(_frame: object, event: str, _: object) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(step)
    render_diagnostics(found, "text", Style(width=80))
    sys.setprofile(None)
    return count


def test_many_problems_on_one_line_take_time_that_grows_with_their_number_only() -> None:
    assert steps_of(60) < 2.5 * steps_of(30)
