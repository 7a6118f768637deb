"""JSON as every report and renderer writes it."""

import json
from datetime import UTC, datetime


def dump_json(document: object) -> str:
    """``document`` as indented JSON with a line break at the end.

    In ASCII, so that it survives every log and no character in it can do anything; and without
    ``##``, which CI systems look for in logs (``##[command]``).
    """
    return _harmless(json.dumps(document, indent=2, allow_nan=False))


def dump_json_line(document: object) -> str:
    """``document`` as JSON on one line, as harmless as that of :func:`dump_json`."""
    return _harmless(json.dumps(document, allow_nan=False))


def time_text(at: datetime | None) -> str | None:
    """Return a moment as ISO 8601 in UTC."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _harmless(text: str) -> str:
    return text.replace("##", "#\\u0023") + "\n"
