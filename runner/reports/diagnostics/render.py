"""Render diagnostics: as text, one line each, as JSON, or as annotations in GitHub Actions.

Imports nothing heavy: a ``validate`` that finds a mistake has to answer as fast as one that
finds none.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal, TypeAlias

from runner.diagnostics import Diagnostic, Severity
from runner.listing import counted
from runner.reports.text.github import annotation
from runner.reports.text.json_ import dump_json
from runner.reports.text.sanitize import NAME_LIMIT, command_marks, display_width, one_line
from runner.reports.text.style import Style
from runner.source import Span

DiagnosticsFormat: TypeAlias = Literal["text", "concise", "json", "github"]

#: Version of the JSON form; goes up when a reader of the old form would break.
FORMAT_VERSION: Final = 1

_TAB: Final = 4
#: How many characters of a line are looked at before and after a problem.
_NEAR: Final = 500
_LEAST_WIDTH: Final = 20
_MESSAGE_LIMIT: Final = 2_000
_PLAIN: Final = Style()


def render_diagnostics(
    diagnostics: Sequence[Diagnostic],
    format: DiagnosticsFormat,  # noqa: A002 # the option is called so
    style: Style = _PLAIN,
    *,
    repository: Path | None = None,
) -> str:
    """Render diagnostics for printing; the text ends with a line break unless it is empty.

    In text, source lines are cut to the width of ``style`` around what they are about, messages
    are not. Annotations name files from the root of ``repository``, if it is given.
    """
    if format == "json":
        return _render_json(diagnostics)
    if format == "concise":
        return "".join(f"{one_line_of(found)}\n" for found in diagnostics)
    if format == "github":
        return "".join(_annotate(found, repository) for found in diagnostics)
    style = style._replace(width=max(style.width, _LEAST_WIDTH))
    first = {found.code: index for index, found in reversed([*enumerate(diagnostics)])}
    return "\n".join(
        _render_text(found, style, with_url=first[found.code] == index)
        for index, found in enumerate(diagnostics)
    )


def one_line_of(found: Diagnostic) -> str:
    """``checkly-sessions.yaml:14:7: error[unknown-key]: …``."""
    return f"{_place(found.span)}{_label(found)}: {one_line(found.message, _MESSAGE_LIMIT)}"


def count_diagnostics(diagnostics: Sequence[Diagnostic]) -> str:
    """The counts in words: ``2 errors, 1 warning``; empty if there are none."""
    severities = Counter(found.severity for found in diagnostics)
    return ", ".join(counted(severities[each], each) for each in Severity if severities[each])


def _render_text(found: Diagnostic, style: Style, *, with_url: bool) -> str:
    tint = "red" if found.severity is Severity.ERROR else "yellow"
    label = style.paint(_label(found), "bold", tint)
    message = style.paint(one_line(found.message, _MESSAGE_LIMIT), "bold")
    rows = [f"{_place(found.span)}{label}: {message}"]
    if found.span:
        rows += _excerpt(found.span, style, tint)
    if found.hint:
        rows.append(f"  {style.paint('hint:', 'bold', 'cyan')} {one_line(found.hint)}")
    for related in found.related:
        note = style.paint("note", "bold", "blue")
        rows.append(f"{_place(related.span)}{note}: {one_line(related.message, _MESSAGE_LIMIT)}")
        rows += _excerpt(related.span, style, "blue")
    if with_url:  # each code is explained once
        rows.append(f"  {style.paint('see:', 'bold', 'cyan')} {found.url}")
    return "".join(style.plain(row) + "\n" for row in rows)


def _label(found: Diagnostic) -> str:
    return f"{found.severity}[{found.code}]"


def _place(span: Span | None) -> str:
    if span is None:
        return ""
    return f"{one_line(span.source.name, NAME_LIMIT)}:{span.line}:{span.column}: "


def _excerpt(span: Span, style: Style, tint: str) -> list[str]:
    """The source line, and a line of carets under the part in question."""
    line, column = span.source.line_and_column(span.start)
    number = str(line)
    whole = span.source.line_text(line)
    # Only what is near can be shown; a long line may have as many problems as characters.
    skipped = max(column - 1 - _NEAR, 0)
    text = whole[skipped : column - 1 + _NEAR]
    first = column - 1 - skipped
    last = max(first + 1, min(first + span.end - span.start, len(text)))
    cells = _cells(text, span, first, style)
    low, high = _window(cells, first, style.width - len(number) - 3)
    ellipsis = style.plain("…")
    head = ellipsis if low or skipped else ""
    tail = ellipsis if high < len(cells) or skipped + len(text) < len(whole) else ""
    shown = head + "".join(cells[low:high]) + tail
    indent = " " * _width([head, *cells[low:first]])
    carets = "^" * max(_width(cells[first : min(last, high)]), 1)
    gutter = style.paint(f"{number} |", "blue", "bold")
    empty = style.paint(f"{' ' * len(number)} |", "blue", "bold")
    return [
        f"{gutter} {shown}".rstrip(),
        f"{empty} {indent}{style.paint(carets, tint, 'bold')}",
    ]


def _cells(text: str, span: Span, first: int, style: Style) -> list[str]:
    """Return what is shown for each character of ``text``, at whose ``first`` ``span`` starts."""
    commands = command_marks(text)
    is_plain = text.isascii() and text.isprintable() and not commands
    cells: list[str] = list(text) if is_plain else []
    column = 0
    for index, char in enumerate("" if is_plain else text):
        if char == "\t":
            cell = " " * (_TAB - column % _TAB)
        else:
            cell = style.plain("\\#" if index in commands else one_line(char))
        column += display_width(cell)
        cells.append(cell)
    for start, end in span.source.hidden:
        low, high = max(start - span.start + first, 0), min(end - span.start + first, len(cells))
        if low < high:
            cells[low:high] = ["(secret)", *[""] * (high - low - 1)]
    return cells


def _width(cells: Sequence[str]) -> int:
    return display_width("".join(cells))


def _window(cells: Sequence[str], first: int, room: int) -> tuple[int, int]:
    """The cells to show: as many as fit into ``room`` columns, including cell ``first``."""
    if _width(cells) <= room:
        return 0, len(cells)
    room -= 6  # an ellipsis at both ends, in ASCII
    low, high, used = first, first, 0
    # A third of the room goes to what comes before, all of it if nothing more follows.
    while low > 0 and used + display_width(cells[low - 1]) <= room // 3:
        low -= 1
        used += display_width(cells[low])
    while high < len(cells) and used + display_width(cells[high]) <= room:
        used += display_width(cells[high])
        high += 1
    while low > 0 and used + display_width(cells[low - 1]) <= room:
        low -= 1
        used += display_width(cells[low])
    return low, high


def _render_json(diagnostics: Sequence[Diagnostic]) -> str:
    document = {
        "formatVersion": FORMAT_VERSION,
        "diagnostics": [
            {
                "severity": found.severity,
                "code": found.code,
                "url": found.url,
                "message": found.message,
                "hint": found.hint,
                "profile": found.profile,
                "place": _json_place(found.span),
                "related": [
                    {"message": related.message, "place": _json_place(related.span)}
                    for related in found.related
                ],
            }
            for found in diagnostics
        ],
        "summary": {
            f"{each}s": sum(found.severity is each for found in diagnostics) for each in Severity
        },
    }
    return dump_json(document)


def _json_place(span: Span | None) -> dict[str, object] | None:
    if span is None:
        return None
    end_line, end_column = span.last
    return {
        "file": span.source.name,
        "line": span.line,
        "column": span.column,
        "endLine": end_line,
        "endColumn": end_column,
    }


def _annotate(found: Diagnostic, repository: Path | None) -> str:
    message = found.message if found.hint is None else f"{found.message}\nHint: {found.hint}"
    for related in found.related:
        message += f"\n{related.span}: {related.message}"
    message += f"\nSee {found.url}"
    return annotation(
        found.severity.value, message, title=found.code, span=found.span, repository=repository
    )
