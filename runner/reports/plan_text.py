"""A plan for the terminal: each instance, what changes field by field, and a summary line."""

from collections.abc import Iterator, Sequence
from datetime import UTC
from typing import Any, Final

from runner.models.plan import Action, CheckDrift, FieldChange, Op, Plan, PlannedInstance
from runner.models.record import Record
from runner.plan.diff import diff
from runner.plan.normal import Normal, mark_of, normal_form
from runner.reports.clean import display_width, fit, one_line
from runner.reports.plan_values import Masks, change_in_words, in_words
from runner.reports.style import Style

_SIGNS: Final = {
    Action.CREATE: ("+", "green"),
    Action.UPDATE: ("~", "yellow"),
    Action.RERUN: ("=", "dim"),
    Action.REMOVED: ("-", "red"),
}
_OPS: Final = {Op.ADD: ("+", "green"), Op.REMOVE: ("-", "red"), Op.REPLACE: ("~", "yellow")}
#: Characters of a value that are shown; a variable may hold a megabyte.
_VALUE_LIMIT: Final = 600
#: A request that says nothing, to show what another says beyond the defaults.
_EMPTY: Final[Normal] = normal_form({}, lambda _: None)


def render(plan: Plan, style: Style) -> str:
    """The plan as text that ends with a line break; names and values can't forge any of it."""
    masks = Masks()
    lines: list[str] = []
    for planned in plan.instances:
        lines += [*_instance(planned, masks, style), ""]
    for warning in plan.warnings:
        lines += _warning("warning", warning, "", style)
    if plan.warnings:
        lines.append("")
    lines.append(style.paint(summary(plan), "bold"))
    return "".join(f"{style.plain(line)}\n" for line in lines)


def summary(plan: Plan) -> str:
    """The line that sums a plan up: ``Plan: 1 to create, 1 to update, 2 to rerun, 0 removed.``."""
    return (
        f"Plan: {plan.count(Action.CREATE)} to create, {plan.count(Action.UPDATE)} to update, "
        f"{plan.count(Action.RERUN)} to rerun, {plan.count(Action.REMOVED)} removed."
    )


def last_ended(record: Record | None) -> str:
    """When and how an instance last ended, in words: ``last passed 2026-11-23 08:12 UTC``."""
    if record is None:
        return "never applied"
    at = (record.stopped_at or record.applied_at).astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    if record.verdict is None:
        return f"last started {at}, not known to have ended"
    return f"last {record.verdict} {at}"


def changes_of(planned: PlannedInstance) -> tuple[FieldChange, ...]:
    """What is shown as changing: for a new instance all that it says beyond the defaults."""
    if planned.action is not Action.CREATE:
        return planned.changes
    return tuple(
        FieldChange(change.path, Op.ADD, None, change.after, change.sensitive)
        for change in diff(_EMPTY, planned.request)
        if change.after is not None or change.path == "retryStrategy"
    )


def drift(checks: CheckDrift) -> str:
    """How many checks match, and who joined or left: ``14 match (+1: Login; −1: Search)``."""
    parts = [
        f"{sign}{len(names)}: {', '.join(one_line(name, 60) for name in names[:10])}"
        + (f" and {len(names) - 10} more" if len(names) > 10 else "")
        for sign, names in (("+", checks.added), ("−", checks.removed))
        if names
    ]
    count = f"{len(checks.matched)} match" + ("es" if len(checks.matched) == 1 else "")
    atleast = "" if checks.complete else "at least "
    return f"{atleast}{count}" + (f" ({'; '.join(parts)})" if parts else "")


def flat(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The fields of a whole variable or retry strategy, one by one, without what is false."""
    if not isinstance(value, dict) or mark_of(value):
        yield path, value
    elif "value" in value:
        yield path + (" (locked)" if value.get("locked") is True else ""), value["value"]
    else:
        yield from ((f"{path}.{key}", child) for key, child in value.items())


def _instance(planned: PlannedInstance, masks: Masks, style: Style) -> Iterator[str]:
    sign, color = _SIGNS[planned.action]
    note = ", needed by what was selected" if planned.pulled_in else ""
    name = fit(one_line(planned.name), style.width - len(planned.action) - len(note) - 4)
    yield f"{style.paint(f'{sign} {name}', color, 'bold')}  {planned.action}{note}"
    yield style.paint(f"    {last_ended(planned.record)}", "dim")
    for change in changes_of(planned):
        yield from _change(change, masks, style)
    for path in planned.not_compared:
        yield from _field("?", "magenta", path, ["(secret, not compared)"], style)
    if planned.checks is not None:
        yield from _wrapped(f"checks: {drift(planned.checks)}", "    ", style)
    for warning in planned.warnings:
        yield from _warning("warning", warning, "    ", style)
    if planned.blocked is not None:
        yield from _warning("blocked", planned.blocked, "    ", style)


def _change(change: FieldChange, masks: Masks, style: Style) -> Iterator[str]:
    sign, color = _OPS[change.op]
    if change.op is Op.REPLACE:
        yield from _field(
            sign, color, change.path, change_in_words(change, masks, _VALUE_LIMIT), style
        )
        return
    for path, value in flat(change.path, change.before if change.op is Op.REMOVE else change.after):
        yield from _field(sign, color, path, [in_words(value, masks, _VALUE_LIMIT)], style)


def _field(sign: str, color: str, path: str, values: Sequence[str], style: Style) -> Iterator[str]:
    head = f"    {sign} {one_line(path)}:"
    line = f"{head} {' → '.join(values)}"
    if display_width(style.plain(line)) <= style.width:
        yield style.paint(f"    {sign}", color) + line[5:]
        return
    yield style.paint(f"    {sign}", color) + head[5:]
    signs = [""] if len(values) == 1 else ["- ", "+ "]
    for mark, value in zip(signs, values, strict=True):
        for index, part in enumerate(_chunks(value, style.width - 8 - len(mark))):
            lead = mark if index == 0 else " " * len(mark)
            yield f"        {style.paint(lead, 'red' if mark == '- ' else 'green')}{part}"


def _chunks(text: str, width: int) -> Iterator[str]:
    """``text`` in pieces that each take at most ``width`` columns."""
    part, used = "", 0
    for char in text:
        columns = display_width(char)
        if used + columns > width:
            yield part
            part, used = "", 0
        part, used = part + char, used + columns
    yield part


def _warning(kind: str, text: str, indent: str, style: Style) -> Iterator[str]:
    color = "yellow" if kind == "warning" else "red"
    first, *rest = _wrapped(f"{kind}: {one_line(text)}", indent, style)
    yield first.replace(kind, style.paint(kind, color), 1)
    yield from rest


def _wrapped(text: str, indent: str, style: Style) -> Iterator[str]:
    """``text`` broken between words, continued two columns further in."""
    line = indent
    started = False
    for word in text.split(" "):
        if started and display_width(f"{line} {word}") > style.width:
            yield line
            line, started = f"{indent}  ", False
        line = f"{line} {word}" if started else f"{line}{word}"
        started = True
    yield line
