"""Decode files: UTF-8 only, with the position of anything else."""

import codecs
import json
import re

from runner.diagnostics import Diagnostics
from runner.source import Source, Span

_SAVE_HINT = "Save the file as UTF-8."
#: A key of the file, also in JSON.
_OURS = re.compile(
    r"""^[ \t{,]{0,100}["']?"""
    r"""(?:version|project|variables|defaults|profiles|include|x-[\w.-]{1,100})"""
    r"""["']?[ \t]{0,100}:""",
    re.MULTILINE,
)


def decode(name: str, data: bytes, diagnostics: Diagnostics) -> Source | None:
    """Return the text of a file without a byte order mark; ``None`` if it is not UTF-8.

    ``name`` is shown in diagnostics.
    """
    data = data.removeprefix(codecs.BOM_UTF8)
    encoding = json.detect_encoding(data)[:6].upper()
    if encoding in {"UTF-16", "UTF-32"}:
        message = f"The file is {encoding}, not UTF-8"
        diagnostics.error("not-utf-8", message, Span(Source(name, ""), 0, 0), hint=_SAVE_HINT)
        return None
    try:
        return Source(name, data.decode())
    except UnicodeDecodeError as error:
        text, at = data.decode(errors="replace"), len(data[: error.start].decode())
    source = Source(name, text)
    if not looks_like_ours(text):
        source.hide(0, len(text))
    span = Span(source, at, at + 1)
    diagnostics.error("not-utf-8", "These bytes are not UTF-8", span, hint=_SAVE_HINT)
    return None


def looks_like_ours(text: str) -> bool:
    """Return whether a text has a key of our file; any other text (a `.env`) is never quoted."""
    return not text.strip() or bool(_OURS.search(text))
