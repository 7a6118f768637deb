"""A plan for a pull request comment: a table, each diff folded, cut to what GitHub takes."""

from typing import Final

from runner.models.plan import Action, Op, Plan
from runner.reports.plan.view import Entry, entries_of, unlisted
from runner.reports.plan.wording import cost, header, removed, summary
from runner.reports.text.markdown import code, escape, fenced, fitting, link, size
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
#: So many rows do not fit into a comment.
_MOST_NEW: Final = 1_000
_HEADING: Final = "| | Instance | Action |\n|---|---|---|"
_FULL_HEADING: Final = "| | Instance | Action | Last | Checks |\n|---|---|---|---|---|"
#: Signs of lines in a diff; GitHub colours those with ``!`` as changed.
_PARTS: Final = {Op.ADD: "+", Op.REMOVE: "-", Op.REPLACE: "!", None: " "}


def render(plan: Plan) -> str:
    """Return the plan as GitHub's Markdown.

    What does not fit is left out from the end, diffs before rows, with a note that says how much.
    """
    entries = entries_of(plan, most_new=_MOST_NEW)
    is_full = plan.against is None
    parts = [MARKER, "### Checkly sessions", ""]
    if plan.against is not None:
        parts += [f"What a merge would change, compared with {escape(plan.against)}.", ""]
    if plan.context is not None:
        parts += [*(f"{name}: {escape(value, None)}  " for name, value in header(plan)), ""]
    known = cost(plan)
    parts += [f"**{summary(plan)}**" + (f" {known}." if known else ""), ""]
    warnings = (*plan.file_warnings, *plan.warnings)
    told = fitting([f"> ⚠️ {escape(warning, 1_000)}\n" for warning in warnings], LIMIT // 4)
    parts += told
    if untold := len(warnings) - len(told):
        parts += [f"_{untold:,} more warnings are not shown here._", ""]
    room = LIMIT - size("\n".join(parts)) - 500  # for the notes
    rows = fitting([_row(entry, is_full=is_full) for entry in entries], room)
    left_out = len(entries) - len(rows)
    room = 0 if left_out else room - sum(map(size, rows))
    folded = list(filter(None, map(_folded, entries)))
    sections = fitting(folded, room)
    if rows:
        parts += [_FULL_HEADING if is_full else _HEADING, *rows, ""]
    if left_out := left_out + unlisted(plan, entries):
        parts += [f"_{left_out:,} more are not listed here: `runner plan` shows them all._", ""]
    if gone := removed(plan):
        parts += [escape(gone, None), ""]
    parts += sections
    if cut := len(folded) - len(sections):
        parts += [f"_{cut:,} diffs are too long for a comment: `runner plan` shows them all._", ""]
    return "\n".join(parts)


def _row(entry: Entry, *, is_full: bool) -> str:
    kinds = {kind for kind, _ in entry.notes}
    said = escape(entry.said)
    said += ", blocked" if "blocked" in kinds else " ⚠️" if "warning" in kinds else ""
    row = f"| {_SIGNS[entry.action]} | {code(entry.names)} | {said} |"
    if not is_full:
        return row
    checks = "" if entry.checks is None else code(entry.checks)
    return f"{row} {link(entry.last, entry.link)} | {checks} |"


def _folded(entry: Entry) -> str:
    """Return the changes and warnings of an entry, folded below its name; empty without any."""
    lines = [
        f"{_PARTS[op]} {one_line(field.path)}: {text}"
        for field in entry.fields
        for op, text in field.lines
    ]
    lines += [f"! {kind}: {text}" for kind, text in entry.notes]
    if not lines:
        return ""
    title = f"{_SIGNS[entry.action]} {code(entry.names)}"
    block = fenced(lines, "diff")
    return f"<details><summary>{title}</summary>\n\n{block}\n\n</details>\n"
