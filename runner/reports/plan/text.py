"""A plan for the terminal: its context, each instance with its changes, a summary line."""

from collections.abc import Iterator
from typing import Final

from runner.models.plan import Action, Op, Plan
from runner.reports.plan.fields import Field
from runner.reports.plan.view import Entry, entries_of, unlisted
from runner.reports.plan.wording import cost, header, removed, summary
from runner.reports.text.sanitize import display_width, one_line
from runner.reports.text.style import Style

_SIGNS: Final = {
    Action.CREATE: ("+", "green"),
    Action.UPDATE: ("~", "yellow"),
    Action.RERUN: ("=", "dim"),
    Action.REMOVED: ("-", "red"),
}
_OPS: Final = {
    Op.ADD: ("+", "green"),
    Op.REMOVE: ("-", "red"),
    Op.REPLACE: ("~", "yellow"),
    None: (" ", "dim"),
}
_NOTES: Final = {"warning": "yellow", "blocked": "red"}
_INDENT: Final = "    "
#: Narrower than this, the terminal breaks lines.
_LEAST_WIDTH: Final = 40


def render(plan: Plan, style: Style, *, verbosity: int = 0) -> str:
    """Return the plan as text that ends with a line break; no name or value can forge any of it.

    ``verbosity`` is below 0 for the summary alone, above 0 for every instance by itself. Lines are
    not folded: that has to wait until they are masked.
    """
    lines = [] if verbosity < 0 else [*_body(plan, style, full=verbosity > 0)]
    lines.append(style.paint(summary(plan), "bold"))
    if verbosity >= 0 and (known := cost(plan)):
        lines.append(f"{known}.")
    return "".join(f"{style.plain(line)}\n" for line in lines)


def _body(plan: Plan, style: Style, *, full: bool) -> Iterator[str]:
    for name, value in header(plan):
        yield f"{style.paint(f'{name}:'.ljust(9), 'dim')} {one_line(value)}"
    if plan.against is not None:
        yield f"Compared with {one_line(plan.against)}."
    if plan.context or plan.against is not None:
        yield ""
    entries = entries_of(plan, full=full)
    for entry, following in zip(entries, (*entries[1:], None), strict=False):
        yield from _entry(entry, style, with_last=plan.against is None)
        if not (entry.is_plain and following and following.is_plain):
            yield ""
    if more := unlisted(plan, entries):
        yield f"… and {more:,} more to create: `runner plan -v` shows them."
        yield ""
    if gone := removed(plan):
        yield f"{gone}\n"
    for warning in plan.warnings:
        yield _note("warning", warning, "", style)
    if plan.warnings:
        yield ""


def _entry(entry: Entry, style: Style, *, with_last: bool) -> Iterator[str]:
    sign, color = _SIGNS[entry.action]
    title = f"{style.paint(f'{sign} {entry.names}', color, 'bold')}  {entry.said}"
    if entry.is_plain:
        more = f"; {entry.checks}" if entry.checks else ""
        yield f"{title}, {style.paint(entry.last + more, 'dim')}"
        return
    yield title
    if with_last:
        yield style.paint(f"{_INDENT}{entry.last}", "dim")
    for field in entry.fields:
        yield from _field(field, style)
    if entry.checks is not None:
        yield f"{_INDENT}checks: {entry.checks}"
    for kind, text in entry.notes:
        yield _note(kind, text, _INDENT, style)


def _field(field: Field, style: Style) -> Iterator[str]:
    """Yield a field on one line if it fits; else its values, or their differences, below it."""
    sign, color = _OPS[field.op]
    head = f"{_INDENT}{style.paint(sign, color)} {one_line(field.path)}:"
    whole = f"{head} {' → '.join(line.text for line in field.lines)}"
    fits = display_width(style.plain(whole)) <= max(style.width, _LEAST_WIDTH)
    if field.is_whole and (fits or len(field.lines) == 1):
        yield whole
        return
    yield head
    for op, text in field.lines:
        sign, color = _OPS[op]
        yield f"{_INDENT * 2}{style.paint(sign, color)} {text}"


def _note(kind: str, text: str, indent: str, style: Style) -> str:
    return f"{indent}{style.paint(f'{kind}:', _NOTES[kind])} {one_line(text)}"
