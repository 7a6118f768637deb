"""A plan for a pull request comment: a table, each diff folded, cut to what GitHub takes.

No name or value can break out: in the table and in headings every sign that Markdown, HTML or
GitHub's own linking may read is written as a character reference; in a diff no line starts
with anything but its sign, and the fence is longer than any run of backticks.
"""

import re
from collections.abc import Iterator
from typing import Final

from runner.models.plan import Action, Op, Plan, PlannedInstance
from runner.reports.plan.values import Masks
from runner.reports.plan.view import Line, drift, last_ended, lines_of, summary
from runner.reports.text.sanitize import one_line

#: Finds the comment again, to update it in place.
MARKER: Final = "<!-- checkly-sessions-plan -->"
#: Bytes of a comment: GitHub takes 65,536 characters, and some room is left for a heading.
LIMIT: Final = 64_000

_SIGNS: Final = {
    Action.CREATE: "+",
    Action.UPDATE: "~",
    Action.RERUN: "=",
    Action.REMOVED: "−",
}
_SPECIAL: Final = re.compile(r"[^\w \-]|_", re.ASCII)


def render(plan: Plan, limit: int = LIMIT) -> str:
    """The plan as GitHub's Markdown.

    Args:
        plan: What to show; unchanged instances are left out where it compares two commits.
        limit: Most bytes. What does not fit is left out from the end, diffs before rows, with
            a note that says how much.
    """
    masks = Masks()
    shown = [
        planned
        for planned in plan.instances
        if plan.against is None or planned.action is not Action.RERUN
    ]
    head = [MARKER, "### Checkly sessions", ""]
    if plan.against is not None:
        head += [f"What a merge would change, compared with {escaped(plan.against)}.", ""]
    head += [f"**{summary(plan)}**", ""]
    warnings = [f"> ⚠️ {escaped(one_line(warning, 1_000))}\n" for warning in plan.warnings]
    told, untold = _fitting(warnings, limit // 4)
    head += told
    if untold:
        head += [f"_{untold:,} more warnings are not shown here._", ""]
    room = limit - _size("\n".join(head)) - 500  # for the notes
    rows, left_out = _fitting([_row(planned, plan) for planned in shown], room)
    room -= sum(map(_size, rows))
    folded = [section for planned in shown if (section := _folded(planned, masks))]
    sections, cut = _fitting(folded, room if not left_out else 0)
    parts = head
    if rows:
        parts += [_heading(plan), *rows, ""]
    if left_out:
        parts += [f"_{left_out:,} more are not listed here: `runner plan` shows them all._", ""]
    parts += sections
    if cut:
        parts += [f"_{cut:,} diffs are too long for a comment: `runner plan` shows them all._", ""]
    return "\n".join(parts)


def escaped(text: str) -> str:
    """``text`` as one line that stays text in Markdown; GitHub links no name or number in it."""
    return re.sub("(&#(?:64|35);)", "\\1&#8203;", _referenced(one_line(text)))


def _code(text: str) -> str:
    """``text`` as code, in which GitHub links nothing by itself."""
    return f"<code>{_referenced(one_line(text))}</code>"


def _referenced(text: str) -> str:
    return _SPECIAL.sub(lambda sign: f"&#{ord(sign[0])};" if sign[0].isascii() else sign[0], text)


def _heading(plan: Plan) -> str:
    if plan.against is not None:
        return "| | Instance | Action |\n|---|---|---|"
    return "| | Instance | Action | Last | Checks |\n|---|---|---|---|---|"


def _row(planned: PlannedInstance, plan: Plan) -> str:
    said = str(planned.action)
    if planned.renamed_from is not None:
        said = f"renamed from {_code(planned.renamed_from)}"
    if planned.pulled_in:
        said += ", needed"
    if planned.blocked is not None:
        said += ", blocked"
    elif planned.warnings:
        said += " ⚠️"
    row = f"| {_SIGNS[planned.action]} | {_code(planned.name)} | {said} |"
    if plan.against is not None:
        return row
    last = last_ended(planned.record)
    if planned.record is not None and (planned.record.link or "").startswith("https://"):
        last = f"[{last}]({_link(planned.record.link or '')})"
    checks = "" if planned.checks is None else _code(drift(planned.checks))
    return f"{row} {last} | {checks} |"


def _link(address: str) -> str:
    """An address that can't end its link: what is not plainly of an address is encoded."""
    return re.sub(
        r"[^\w.~:/?#@!$&*+,;=%-]",
        lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "replace")),
        address,
        flags=re.ASCII,
    )


def _folded(planned: PlannedInstance, masks: Masks) -> str | None:
    """What changes in one instance, and what is doubtful, behind a line to unfold it."""
    lines = [text for line in lines_of(planned, masks) for text in _diff(line)]
    lines += [f"! {one_line(path)}: (secret, not compared)" for path in planned.not_compared]
    lines += [f"! warning: {one_line(warning)}" for warning in planned.warnings]
    if planned.blocked is not None:
        lines.append(f"! blocked: {one_line(planned.blocked)}")
    if not lines:
        return None
    body = "\n".join(lines)
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", body)), default=0))
    title = f"{_SIGNS[planned.action]} {_code(planned.name)}"
    return f"<details><summary>{title}</summary>\n\n{fence}diff\n{body}\n{fence}\n\n</details>\n"


def _diff(line: Line) -> Iterator[str]:
    path = one_line(line.path)
    if line.op is not Op.ADD:
        yield f"- {path}: {line.before}"
    if line.op is not Op.REMOVE:
        yield f"+ {path}: {line.after}"


def _fitting(texts: list[str], room: int) -> tuple[list[str], int]:
    """The first of ``texts`` that fit into ``room`` bytes together, and how many do not."""
    fitting = []
    for text in texts:
        room -= _size(text)
        if room < 0:
            break
        fitting.append(text)
    return fitting, len(texts) - len(fitting)


def _size(text: str) -> int:
    return len(text.encode("utf-8", "replace")) + 1
