"""JSON as every report and renderer writes it."""

import json
import re
from datetime import UTC, datetime
from typing import Final

_NOT_PLAIN: Final = re.compile(r"[^\x00-\x7e]")


def dump_json(document: object) -> str:
    """``document`` as indented JSON with a line break at the end, harmless."""
    return harmless_json(json.dumps(document, indent=2, allow_nan=False)) + "\n"


def dump_json_line(document: object) -> str:
    """``document`` as JSON on one line with a line break at the end, harmless."""
    return harmless_json(json.dumps(document, allow_nan=False)) + "\n"


def harmless_json(text: str) -> str:
    """``text``, which is JSON, as the same JSON in other characters.

    In ASCII, so that it survives every log and no character in it can do anything; and without
    ``##``, which CI systems look for in logs (``##[command]``).
    """
    return _NOT_PLAIN.sub(_escaped, text).replace("##", "#\\u0023")


def time_text(at: datetime | None) -> str | None:
    """Return a moment as ISO 8601 in UTC."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _escaped(character: re.Match[str]) -> str:
    return json.dumps(character[0])[1:-1]
