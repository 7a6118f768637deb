"""Decode files: UTF-8 only, with the position of anything else."""

import codecs
import re

from runner.diagnostics import Diagnostics
from runner.source import Source, Span

_UTF_8_MARK = codecs.BOM_UTF8
_OTHER_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),  # begins like UTF-16's, so it comes first
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
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
    data = data.removeprefix(_UTF_8_MARK)
    if encoding := _other_encoding(data):
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


def _other_encoding(data: bytes) -> str | None:
    marked = next((name for mark, name in _OTHER_MARKS if data.startswith(mark)), None)
    # Without a mark, Latin text in UTF-16 has a NUL in every other byte.
    return marked or ("UTF-16" if data[:64].count(0) >= max(len(data[:64]) // 3, 1) else None)
