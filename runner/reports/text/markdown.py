"""Escape texts from outside for GitHub's Markdown, so that they are never anything but text."""

import html
import re
from collections.abc import Iterable
from typing import Final

from runner.reports.text.sanitize import NAME_LIMIT, lines, one_line, safe_url

#: Most characters of a comment on GitHub; a step summary may have 1 MiB.
COMMENT_LIMIT: Final = 65_000
_LINE_LIMIT: Final = 500
_SYNTAX: Final = re.compile(r"([\\`*_{}\[\]|~$!])")
# Mentions, issue numbers and addresses are found after Markdown was read, so that a backslash
# does not help: a space without width does.
_REFERENCE: Final = re.compile(r"([@#])(?=\w)")
_ADDRESS: Final = re.compile(r"(?i)(://|www\.)")


def escape(text: str, limit: int | None = NAME_LIMIT) -> str:
    """``text`` as one literal line: no markup, no HTML, no mention, no link."""
    shown = html.escape(_SYNTAX.sub(r"\\\1", one_line(text, limit)), quote=False)
    return _without_addresses(_REFERENCE.sub(r"\1&#8203;", shown))


def code(text: str) -> str:
    """``text`` as one line of code, in which GitHub finds no mention; also inside of HTML."""
    shown = html.escape(one_line(text), quote=False)
    shown = _SYNTAX.sub(lambda sign: f"&#{ord(sign[0])};", shown)
    return f"<code>{_without_addresses(shown)}</code>"


def _without_addresses(text: str) -> str:
    return _ADDRESS.sub(lambda found: f"{found[0][0]}&#8203;{found[0][1:]}", text)


def link(text: str, url: str | None) -> str:
    """``text`` (already escaped) as a link to ``url``, if that is a web address."""
    safe = safe_url(url)
    return text if safe is None else f"[{text}]({safe})"


def code_block(text: str, most_lines: int) -> str:
    """``text`` as a literal block."""
    return fenced(lines(text, _LINE_LIMIT, most_lines), "text")


def fenced(rows: list[str], language: str) -> str:
    """Harmless ``rows`` as a block, with a fence that they can't close."""
    longest = max((len(run) for row in rows for run in re.findall("`+", row)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}{language}", *rows, fence])


def fitting(parts: Iterable[str], room: int) -> list[str]:
    """The first of ``parts`` that fit into ``room`` bytes, each with a line break."""
    taken = []
    for part in parts:
        room -= size(part)
        if room < 0:
            break
        taken.append(part)
    return taken


def size(part: str) -> int:
    """The bytes of ``part`` and a line break."""
    return len(part.encode("utf-8", "replace")) + 1
