"""Leave profiles that are not YAML out of a text, so that the rest can be checked too."""

import re
from typing import Any

#: At most this many profiles are left out, and only from texts of up to this many characters.
MAX_GAPS = 10
MAX_CHARACTERS = 100_000
#: Codes of errors that may exist only because a profile is left out.
EXPLAINED_BY_GAPS = frozenset({"bad-move", "unknown-alias", "unknown-profile"})

#: A line that begins in the first column: a key at the top.
_TOP = r"(?m)^[^\s#-].*$"
_PROFILES = r"profiles:\s*(#.*)?\Z"
_ENTRY = r"(?m)^( +)[^\s#]"


def without_profile(text: str, error: Exception) -> str | None:
    """Return ``text`` with spaces in place of the profile that a parser failed at.

    Returns:
        ``None`` if the failure is not inside a profile.
    """
    offset = _offset(error)
    tops = list(re.finditer(_TOP, text))
    number = sum(top.start() <= offset for top in tops) - 1
    if number < 0 or not re.match(_PROFILES, tops[number][0]):
        return None
    begin = tops[number].end()
    end = tops[number + 1].start() if number + 1 < len(tops) else len(text)
    entries = list(re.compile(_ENTRY).finditer(text, begin, end))
    starts = [entry.start() for entry in entries if entry[1] == entries[0][1]]
    start = max((start for start in starts if start <= offset), default=None)
    if start is None:
        return None
    stop = min((other for other in starts if other > start), default=end)
    return text[:start] + re.sub(r"[^\r\n]", " ", text[start:stop]) + text[stop:]


def _offset(error: Exception) -> int:
    """Return where the mistake is: for a bracket or quote, where it was opened."""
    context: Any = getattr(error, "context", None) or ""
    opened = "flow" in context or "quoted" in context
    mark: Any = getattr(error, "context_mark" if opened else "problem_mark", None)
    return 0 if mark is None else mark.index
