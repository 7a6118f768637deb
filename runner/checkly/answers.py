"""Read the bodies of answers, as leniently as JSON allows."""

import json
from contextlib import suppress
from typing import Any, Final

from pydantic_core import from_json

#: Longer numbers fit no field, and are slow to read.
_MOST_DIGITS: Final = 300


def parsed(body: bytes) -> Any:
    """Read a JSON document, flaws and all.

    A server may cut a text in the middle of a character, mix encodings or leave control
    characters unescaped. None of that makes the rest unreadable: a lone surrogate becomes the
    replacement character, a byte that is not UTF-8 is read as Latin-1.

    Raises:
        ValueError: It is not JSON at all.
    """
    with suppress(ValueError):
        return from_json(body)
    try:
        value = json.loads(_text(body), strict=False, parse_int=_integer)
        text = json.dumps(value, ensure_ascii=False).encode("utf-16", "surrogatepass")
        return json.loads(text.decode("utf-16", "replace"))  # pairs are joined, lone ones replaced
    except RecursionError:
        raise ValueError("too deep") from None


def _text(body: bytes) -> str:
    body = body.removeprefix(b"\xef\xbb\xbf")
    for errors in ("strict", "surrogatepass"):  # the second reads CESU-8 too
        try:
            return body.decode(errors=errors)
        except UnicodeDecodeError:
            continue
    return "".join(
        chr(ord(c) - 0xDC00) if "\udc80" <= c <= "\udcff" else c
        for c in body.decode(errors="surrogateescape")
    )


def _integer(digits: str) -> int | None:
    return int(digits) if len(digits) <= _MOST_DIGITS else None
