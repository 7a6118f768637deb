"""Read the bodies of answers, as leniently as JSON allows."""

import json
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

from pydantic import TypeAdapter
from pydantic_core import from_json

from runner.checkly.api_errors import nonsense
from runner.checkly.wire import Reply
from runner.models.response import Answer

A = TypeVar("A", bound=Answer)

#: Told of each entry of a list that can't be read: its number, counted from 1.
Skipped: TypeAlias = Callable[[int], None]

#: Longer numbers are no number that any field holds, and slow to read.
_MOST_DIGITS = 300


def parsed(body: bytes) -> Any:
    """The value of a JSON document, or what can be made of one with flaws.

    A server may cut a text in the middle of a character, mix encodings or leave control
    characters as they are. None of that makes the rest unreadable: a lone surrogate becomes the
    replacement character, a byte that is not UTF-8 is read as Latin-1.

    Raises:
        ValueError: It is not JSON at all.
    """
    try:
        return from_json(body)
    except ValueError:
        pass
    try:
        return _whole(json.loads(_text(body), strict=False, parse_int=_integer))
    except RecursionError:
        raise ValueError("too deep") from None


def read_object(model: type[A], reply: Reply, skipped: Skipped) -> A:
    """The object that an answer holds.

    Raises:
        ApiError: It is not a JSON object.
    """
    try:
        return model.model_validate(parsed(reply.body), context=skipped)
    except ValueError:  # a ValidationError too
        raise nonsense(reply, "the JSON object that the contract promises") from None


def read_list(items: TypeAdapter[list[A | None]], reply: Reply, skipped: Skipped) -> list[A | None]:
    """The list that an answer holds, with ``None`` for each entry that can't be read.

    Raises:
        ApiError: It is not a JSON list.
    """
    try:
        answer = parsed(reply.body)
    except ValueError:
        answer = None
    if not isinstance(answer, list):
        raise nonsense(reply, "the JSON list that the contract promises")
    return items.validate_python(answer, context=skipped)


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


def _whole(value: Any) -> Any:
    """``value`` with pairs of surrogates joined, and lone ones replaced."""
    if isinstance(value, str):
        if value.isascii():
            return value
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, dict):
        return {_whole(key): _whole(item) for key, item in value.items()}
    return value


def _integer(digits: str) -> int | None:
    return int(digits) if len(digits) <= _MOST_DIGITS else None
