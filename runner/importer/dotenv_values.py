"""Read ``--env KEY=VALUE`` as the Checkly CLI does: as lines of a dotenv file."""

import re
from collections.abc import Iterator

_KEY = re.compile(r"[^\S\n]*(?:export[^\S\n]+)?([\w.-]+)(?:[^\S\n]*=|:[^\S\n])", re.ASCII)
_CLOSING = {quote: re.compile(rf"((?:\\{quote}|[^{quote}])*){quote}[^\S\n]*(?:#.*)?$", re.MULTILINE)
            for quote in "\"'`"}  # fmt: skip


def dotenv_values(text: str) -> Iterator[tuple[str, str, bool] | None]:
    """Yield the variables in ``text``: key, value, and whether a comment was cut off.

    A line that holds no variable yields ``None``.
    """
    at = 0
    while at < len(text):
        found = _KEY.match(text, at)
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        if found is None:
            if text[at:end].strip():
                yield None
            at = end + 1
            continue
        begin = found.end()
        while begin < end and text[begin].isspace():
            begin += 1
        quote = text[begin : begin + 1]
        closed = _CLOSING[quote].match(text, begin + 1) if quote in _CLOSING else None
        if closed:
            value, end = closed[1], closed.end()
        else:
            value = text[begin:end].partition("#")[0].strip()
            if len(value) > 1 and value[0] == value[-1] and quote in _CLOSING:
                value = value[1:-1]
        if quote == '"':
            value = value.replace("\\n", "\n").replace("\\r", "\r")
        yield found[1], value, not closed and "#" in text[begin:end]
        at = end + 1
