"""The canonical form of a file: same meaning, same comments, one layout.

Keys stay in the order they were written, strings keep their quotes, blank lines stay. What is
laid out anew: indentation, blanks around values and comments, lists and mappings in brackets.
"""

import re
from bisect import bisect_right
from difflib import unified_diff

from runner.config.formatting.comments import Comment, Layout
from runner.config.formatting.roundtrip import round_trip
from runner.config.yaml.events import PARSE_ERRORS
from runner.config.yaml.parse import parse
from runner.diagnostics import Diagnostics
from runner.source import Source, Span

#: How often the layout is applied until it changes nothing more.
_ROUNDS = 4


def format_text(source: Source, diagnostics: Diagnostics) -> str | None:
    """The canonical form of ``source``; formatting that again changes nothing.

    Args:
        source: A configuration file.
        diagnostics: Takes why it can't be formatted.

    Returns:
        The new text, or ``None`` where the file has errors, or a comment in a place that no
        canonical form has.
    """
    found = Diagnostics()
    parse(source, found)
    for diagnostic in found:
        diagnostics.add(diagnostic)
    if found.errors:
        return None
    text = source.text.replace("\r\n", "\n")
    original = Layout(text)
    for _ in range(_ROUNDS):
        try:
            new = _laid_out(text)
        except PARSE_ERRORS:
            break
        layout = Layout(new)
        if layout.meaning != original.meaning:
            break
        if lost := _lost_comment(original, layout):
            _refuse(source, lost, original.text, diagnostics)
            return None
        if new == text:
            return new.replace("\n", "\r\n") if "\r\n" in source.text else new
        text = new
    message = "This file has no canonical form that means the same"
    diagnostics.error("cannot-format", message, Span(source, 0, 0))
    return None


def difference(name: str, before: str, after: str) -> str:
    """What formatting changes, as a unified diff; empty when nothing."""
    lines = unified_diff(
        before.splitlines(keepends=True),
        after.splitlines(keepends=True),
        f"{name} (as it is)",
        f"{name} (formatted)",
    )
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def _laid_out(text: str) -> str:
    """One round of it.

    Raises:
        One of PARSE_ERRORS: ruamel.yaml's round trip refuses what its C parser has taken.
    """
    text = _without_blanks_at_line_ends(text)
    before = Layout(text)
    new = _with_comments_placed(before, Layout(round_trip(_with_safe_comments(before))))
    new = _without_blanks_at_line_ends(new)
    return new if Layout(new).is_text(len(new) - 1) else new.rstrip("\n") + "\n"


def _with_safe_comments(layout: Layout) -> str:
    """The text, with comments where ruamel.yaml takes them for nothing else.

    Its Python parser refuses a tab before a comment, and its emitter leaves a comment in its
    column even where a block scalar has moved there, which would make it text.
    """
    edits = []
    for comment in layout.comments:
        begin = len(layout.text[: comment.start].rstrip(" \t"))
        edits.append((begin, comment.start, "" if comment.alone else "  "))
    return _edited(layout.text, edits)


def _without_blanks_at_line_ends(text: str) -> str:
    layout = Layout(text)
    blanks = [match.span() for match in re.finditer(r"(?<![ \t])[ \t]+$", text, re.MULTILINE)]
    return _edited(text, [(start, end, "") for start, end in blanks if not layout.is_text(start)])


def _with_comments_placed(before: Layout, after: Layout) -> str:
    """The text of ``after``, its comments where they stood ``before``, in the new columns.

    ruamel.yaml keeps comments in the columns they had, and sets those behind an anchor on a line
    of their own.
    """
    if len(before.comments) != len(after.comments):
        return after.text
    edits: list[tuple[int, int, str]] = []
    for old, new in zip(before.comments, after.comments, strict=True):
        begin = len(after.text[: new.start].rstrip(" \t"))
        if not old.alone:
            edits.append((len(after.text[: new.start].rstrip()), new.start, _gap(old, before)))
        else:
            margin = " " * _column(old, before, after)
            edits.append((begin, new.start, margin if new.alone else "\n" + margin))
    return _edited(after.text, edits)


def _gap(comment: Comment, before: Layout) -> str:
    """The blanks before a comment behind a value: one stays one, all else is two.

    Of the common tools one asks for a single blank and another for at least two.
    """
    text = before.text[before.line_start(comment.start) : comment.start]
    return " " if len(text) - len(text.rstrip()) == 1 and text.endswith(" ") else "  "


def _column(comment: Comment, before: Layout, after: Layout) -> int:
    """The new column of a comment on a line of its own.

    It goes with the next line, if that is as deep or deeper; else with the nearest line above in
    whose block it stands.
    """
    column = comment.start - before.line_start(comment.start)
    following = bisect_right(before.starts, comment.start)
    leads = list(zip(before.leads, after.leads, strict=False))
    ahead = next((lead for lead in leads[following:] if None not in lead), None)
    if ahead and ahead[0] is not None and ahead[1] is not None and ahead[0] >= column:
        return ahead[1]
    for old, new in reversed(leads[:following]):
        if old is None or new is None or old > column:
            continue
        return new if old == column else new + 2
    return 0


def _edited(text: str, edits: list[tuple[int, int, str]]) -> str:
    """``text`` with each stretch replaced; the stretches stand in order and do not overlap."""
    parts, at = [], 0
    for start, end, replacement in edits:
        parts += [text[at:start], replacement]
        at = end
    return "".join([*parts, text[at:]])


def _lost_comment(before: Layout, after: Layout) -> Comment | None:
    """The first comment that is not where it was among the others."""
    texts = [comment.text for comment in after.comments]
    for index, comment in enumerate(before.comments):
        if texts[index : index + 1] != [comment.text]:
            return comment
    return None


def _refuse(source: Source, comment: Comment, text: str, diagnostics: Diagnostics) -> None:
    diagnostics.error(
        "cannot-format",
        "Formatting would lose this comment",
        Span(Source(source.name, text), comment.start, comment.start + len(comment.text)),
        hint="Put it on a line of its own, outside of […] and {…}.",
    )
