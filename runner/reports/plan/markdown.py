"""A plan for a pull request comment: a table, each diff folded, cut to what GitHub takes.

No name or value can break out: in the table and in headings every sign that Markdown, HTML or
GitHub's own linking may read is written as a character reference; in a diff each line starts with
its sign, and the fence is longer than any run of backticks.
"""

import re
from itertools import accumulate, takewhile
from typing import Final

from runner.models.plan import Action, Op, Plan
from runner.reports.plan.view import Entry, PlanView, view
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
#: Signs of lines in a diff; GitHub colours those with ``!`` as changed.
_PARTS: Final = {Op.ADD: "+", Op.REMOVE: "-", Op.REPLACE: "!", None: " "}
_SPECIAL: Final = re.compile(r"[^\w \-]|_", re.ASCII)


def render(plan: Plan, limit: int = LIMIT) -> str:
    """Return the plan as GitHub's Markdown.

    Args:
        plan: What to show; unchanged instances are left out where it compares two commits.
        limit: Most bytes. What does not fit is left out from the end, diffs before rows, with
            a note that says how much.
    """
    shown = view(plan, most_new=_MOST_NEW)
    parts = [MARKER, "### Checkly sessions", ""]
    if shown.against is not None:
        parts += [f"What a merge would change, compared with {escaped(shown.against)}.", ""]
    parts += [f"{name}: {escaped(value)}  " for name, value in shown.header]
    parts += [""] * bool(shown.header)
    parts += [f"**{shown.summary}**" + (f" {shown.cost}." if shown.cost else ""), ""]
    warnings = (*shown.file_warnings, *shown.warnings)
    told, untold = _fitting(
        [f"> ⚠️ {escaped(one_line(warning, 1_000))}\n" for warning in warnings], limit // 4
    )
    parts += told
    if untold:
        parts += [f"_{untold:,} more warnings are not shown here._", ""]
    room = limit - _size("\n".join(parts)) - 500  # for the notes
    rows, left_out = _fitting([_row(entry, shown) for entry in shown.entries], room)
    room = 0 if left_out else room - sum(map(_size, rows))
    sections, cut = _fitting(list(filter(None, map(_folded, shown.entries))), room)
    if rows:
        parts += [_heading(shown), *rows, ""]
    if left_out := left_out + shown.unlisted:
        parts += [f"_{left_out:,} more are not listed here: `runner plan` shows them all._", ""]
    parts += [escaped(shown.removed), ""] if shown.removed else []
    parts += sections
    if cut:
        parts += [f"_{cut:,} diffs are too long for a comment: `runner plan` shows them all._", ""]
    return "\n".join(parts)


def escaped(text: str) -> str:
    """Return ``text`` as one line of Markdown in which GitHub links no name or number."""
    return re.sub("(&#(?:64|35);)", "\\1&#8203;", _referenced(one_line(text)))


def _code(text: str) -> str:
    """Return ``text`` as code, in which GitHub links nothing by itself."""
    return f"<code>{_referenced(one_line(text))}</code>"


def _referenced(text: str) -> str:
    return _SPECIAL.sub(lambda sign: f"&#{ord(sign[0])};" if sign[0].isascii() else sign[0], text)


def _heading(shown: PlanView) -> str:
    if shown.against is not None:
        return "| | Instance | Action |\n|---|---|---|"
    return "| | Instance | Action | Last | Checks |\n|---|---|---|---|---|"


def _row(entry: Entry, shown: PlanView) -> str:
    kinds = {kind for kind, _ in entry.notes}
    said = escaped(entry.said) if entry.said.startswith("renamed") else entry.said
    said += ", blocked" if "blocked" in kinds else " ⚠️" if "warning" in kinds else ""
    row = f"| {_SIGNS[entry.action]} | {_code(entry.names)} | {said} |"
    if shown.against is not None:
        return row
    last = entry.last
    if (entry.link or "").startswith("https://"):
        last = f"[{last}]({_link(entry.link or '')})"
    checks = "" if entry.checks is None else _code(entry.checks)
    return f"{row} {last} | {checks} |"


def _link(address: str) -> str:
    """Encode every character that could end the link."""
    return re.sub(
        r"[^\w.~:/?#@!$&*+,;=%-]",
        lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "replace")),
        address,
        flags=re.ASCII,
    )


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
    body = "\n".join(lines)
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", body)), default=0))
    title = f"{_SIGNS[entry.action]} {_code(entry.names)}"
    return f"<details><summary>{title}</summary>\n\n{fence}diff\n{body}\n{fence}\n\n</details>\n"


def _fitting(texts: list[str], room: int) -> tuple[list[str], int]:
    """Return the first of ``texts`` that fit into ``room`` bytes, and how many do not."""
    sizes = accumulate(map(_size, texts))
    fitting = sum(1 for _ in takewhile(room.__ge__, sizes))
    return texts[:fitting], len(texts) - fitting


def _size(text: str) -> int:
    return len(text.encode("utf-8", "replace")) + 1
