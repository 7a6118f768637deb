"""The canonical form of a file: same meaning, same comments, one layout.

Keys keep their order, strings their quotes, and blank lines stay. What is laid out anew:
indentation, blanks around values and comments, lists and mappings in brackets.
"""

from collections.abc import Callable
from difflib import unified_diff

from runner.config.formatting.layout import Comment, Layout
from runner.config.formatting.printer import Line, Printer, comment_gap
from runner.config.yaml.events import PARSE_ERRORS
from runner.config.yaml.parse import parse
from runner.diagnostics import Diagnostics
from runner.source import Source, Span


def format_text(source: Source, diagnostics: Diagnostics) -> str | None:
    """Return the canonical form of ``source``; formatting that again changes nothing.

    Returns:
        The new text, or ``None`` if the file has errors.
    """
    found = Diagnostics()
    parse(source, found)
    diagnostics.extend(found)
    if found.errors:
        return None
    text = source.text.replace("\r\n", "\n")
    try:
        before = Layout(text)
        new = _with_comments(Printer(before).lines, before)
        after = Layout(new)
        same = after.meaning == before.meaning and _texts(after) == _texts(before)
    except PARSE_ERRORS:
        same = False
    if same:
        return new.replace("\n", "\r\n") if "\r\n" in source.text else new
    message = "Formatting this file would change its meaning"
    diagnostics.error("cannot-format", message, Span(source, 0, 0))
    return None


def difference(name: str, before: str, after: str) -> str:
    """Return what formatting changes, as a unified diff."""
    lines = unified_diff(
        before.splitlines(keepends=True),
        after.splitlines(keepends=True),
        f"{name} (as it is)",
        f"{name} (formatted)",
    )
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def _texts(layout: Layout) -> list[str]:
    return [comment.text for comment in layout.comments]


def _with_comments(lines: list[Line], layout: Layout) -> str:
    placed: list[Line] = []
    waiting = list(reversed(layout.comments))
    for index, line in enumerate(lines):
        while waiting and waiting[-1].start < line.start:
            _place(waiting.pop(), placed, lines, index, layout)
        placed.append(line)
    while waiting:
        _place(waiting.pop(), placed, lines, len(lines), layout)
    written: list[str] = []
    end = None
    for line in placed:
        if end is not None:
            between = layout.text[end : line.start].split("\n")[1:-1]
            written += [""] * sum(not text.strip() for text in between)
        head, *rest = f"{' ' * line.indent}{line.text}".split("\n")
        written += [(head if rest else head.rstrip()) + line.comment, *rest]
        end = line.end
    return "\n".join(written) + "\n"


def _place(
    comment: Comment, placed: list[Line], lines: list[Line], index: int, layout: Layout
) -> None:
    """Put a comment behind the last line, or on a line of its own before ``lines[index]``."""
    if not comment.alone and placed:
        placed[-1].comment += comment_gap(comment, layout) + comment.text
        placed[-1].end = max(placed[-1].end, comment.end)
        return
    old = _fitting(
        layout.column(comment.start) or 0, lines, index, lambda line: layout.column(line.start)
    )
    while (column := _fitting(old, lines, index, lambda line: line.indent)) != old:
        old = column  # where it is put, it stays the next time
    limit = placed[-1].limit if placed else 0
    column = min(column, limit)
    placed.append(Line(comment.start, comment.end, column, comment.text, limit=limit))


def _fitting(
    column: int, lines: list[Line], index: int, column_of: Callable[[Line], int | None]
) -> int:
    """Return the new column of a comment: that of the next line, if that is as deep or deeper.

    Else the comment goes with the nearest line above whose block it is in.
    """
    for at in range(index, len(lines)):
        old = column_of(lines[at])
        if old is not None:
            if old >= column:
                return lines[at].indent
            break
    for at in range(index - 1, -1, -1):
        old = column_of(lines[at])
        if old is not None and old <= column:
            return lines[at].indent + (0 if old == column else 2)
    return 0
