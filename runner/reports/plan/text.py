"""A plan for the terminal: each instance, what changes field by field, and a summary line."""

from collections.abc import Iterator
from typing import Final

from runner.models.plan import Action, Op, Plan, PlannedInstance
from runner.reports.plan.values import Masks
from runner.reports.plan.view import Line, drift, last_ended, lines_of, summary
from runner.reports.text.sanitize import char_width, display_width, fit, one_line
from runner.reports.text.style import Style

_SIGNS: Final = {
    Action.CREATE: ("+", "green"),
    Action.UPDATE: ("~", "yellow"),
    Action.RERUN: ("=", "dim"),
    Action.REMOVED: ("-", "red"),
}
_OPS: Final = {Op.ADD: ("+", "green"), Op.REMOVE: ("-", "red"), Op.REPLACE: ("~", "yellow")}
_INDENT: Final = "    "
#: Narrower than this, lines are broken by the terminal rather than into slivers.
_LEAST_WIDTH: Final = 40


def render(plan: Plan, style: Style, *, brief: bool = False) -> str:
    """The plan as text that ends with a line break; names and values can't forge any of it.

    Args:
        plan: What to show.
        style: What can be shown.
        brief: Whether to leave out what just runs again, and has nothing to be warned of.
    """
    masks = Masks()
    lines: list[str] = []
    if plan.against is not None:
        lines += [f"Compared with {one_line(plan.against)}.", ""]
    for planned in plan.instances:
        if not _is_left_out(planned, plan, brief=brief):
            lines += [*_instance(planned, plan, masks, style), ""]
    for warning in plan.warnings:
        lines += _note("warning", "yellow", warning, "", style)
    if plan.warnings:
        lines.append("")
    lines.append(style.paint(summary(plan), "bold"))
    return "".join(f"{style.plain(line)}\n" for line in lines)


def _is_left_out(planned: PlannedInstance, plan: Plan, *, brief: bool) -> bool:
    """Whether nobody needs to read of it: it just runs again."""
    if planned.action is not Action.RERUN:
        return False
    is_plain = not planned.warnings and planned.blocked is None
    return plan.against is not None or (brief and is_plain)


def _instance(planned: PlannedInstance, plan: Plan, masks: Masks, style: Style) -> Iterator[str]:
    sign, color = _SIGNS[planned.action]
    said: str = planned.action
    if planned.renamed_from is not None:
        said = f"renamed from {one_line(planned.renamed_from)}"
    if planned.pulled_in:
        said += ", needed by what was selected"
    name = fit(one_line(planned.name), _width(style) - 2)
    yield f"{style.paint(f'{sign} {name}', color, 'bold')}  {said}"
    if plan.against is None:
        yield style.paint(f"{_INDENT}{last_ended(planned.record)}", "dim")
    for line in lines_of(planned, masks):
        yield from _field(line, style)
    for path in planned.not_compared:
        yield f"{style.paint(f'{_INDENT}?', 'magenta')} {one_line(path)}: (secret, not compared)"
    if planned.checks is not None:
        yield from _wrapped(one_line(f"checks: {drift(planned.checks)}"), _INDENT, style)
    for warning in planned.warnings:
        yield from _note("warning", "yellow", warning, _INDENT, style)
    if planned.blocked is not None:
        yield from _note("blocked", "red", planned.blocked, _INDENT, style)


def _field(line: Line, style: Style) -> Iterator[str]:
    """A changed field: on one line if it fits, else its values below it, in full."""
    sign, color = _OPS[line.op]
    values = [value for value in (line.before, line.after) if value is not None]
    painted = style.paint(f"{_INDENT}{sign}", color)
    rest = f" {one_line(line.path)}:"
    whole = f"{rest} {' → '.join(values)}"
    if display_width(style.plain(f"{_INDENT}{sign}{whole}")) <= _width(style):
        yield painted + whole
        return
    yield painted + rest
    signs = [""] if len(values) == 1 else ["- ", "+ "]
    for mark, value in zip(signs, values, strict=True):
        lead = _INDENT * 2 + mark
        for part in _pieces(value, _width(style) - len(lead)):
            tint = "red" if mark == "- " else "green"
            yield style.paint(lead, tint) + one_line(part)
            lead = " " * len(lead)


def _pieces(text: str, width: int) -> Iterator[str]:
    """``text`` in pieces that each take at most ``width`` columns, parted after a space if any."""
    start = used = 0
    for index, char in enumerate(text):
        columns = char_width(char)
        if used + columns > width:
            space = text.rfind(" ", start, index) + 1
            end = space if space > start else index
            yield text[start:end]
            used = display_width(text[end:index])
            start = end
        used += columns
    yield text[start:]


def _note(kind: str, color: str, text: str, indent: str, style: Style) -> Iterator[str]:
    first, *rest = _wrapped(f"{kind}: {one_line(text)}", indent, style)
    yield indent + style.paint(kind, color) + first.removeprefix(indent + kind)
    yield from rest


def _wrapped(text: str, indent: str, style: Style) -> Iterator[str]:
    """``text`` broken between words, continued two columns further in."""
    first, *words = text.split(" ")
    line = indent + first
    for word in words:
        if display_width(line) + 1 + display_width(word) > _width(style):
            yield line
            line = f"{indent}  {one_line(word)}"
        else:
            line += f" {word}"
    yield line


def _width(style: Style) -> int:
    return max(style.width, _LEAST_WIDTH)
