"""Documents of the state as bytes, and errors for bytes that are not."""

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeAlias, TypeVar

from pydantic import InstanceOf, ValidationError
from pydantic_core import PydanticSerializationError

from runner.errors import StateError
from runner.json_keys import unique_keys
from runner.models.record import FORMAT_VERSION, Document
from runner.state.store.paths import shown

D = TypeVar("D", bound=Document)

_NO_FIELDS: Final[set[str]] = set()
#: More than the largest document that an apply of 20,000 instances writes.
MAX_BYTES: Final = 256 * 1024 * 1024


Tree = InstanceOf[dict[str, Any]]
"""An object of JSON as it is in a document: not copied, and not looked into."""

Problems: TypeAlias = list[StateError] | None
"""Where those who read many documents add what can't be read; with ``None`` that is an error."""


class Damaged(StateError):
    """A document is cut off, or something else; a newer release would not read it either."""


def encode(document: Document) -> bytes:
    """The document as it is stored: one line of JSON."""
    try:
        text = document.model_dump_json(by_alias=True, exclude_none=True)
    except (PydanticSerializationError, UnicodeEncodeError):  # a name with a lone surrogate
        text = _scrubbed(document.model_dump(by_alias=True, exclude_none=True))
    return f"{text}\n".encode()


def parse(data: bytes, where: str) -> Any:
    """The JSON in ``data``, without anything that JSON or Unicode does not allow.

    Raises:
        Damaged: It is empty, cut off, too large or too deep, or has a key twice.
        StateError: A newer release wrote it.
    """
    try:
        # What is too large is cut off here, and refused for that.
        tree = json.loads(
            data[:MAX_BYTES],
            object_pairs_hook=unique_keys,
            parse_constant=_number,
            parse_float=_number,
        )
        if b"\\ud" in data.lower():
            tree = json.loads(_scrubbed(tree))
    except (ValueError, RecursionError):
        problem = "is cut off or damaged" if data.strip() else "is empty"
        raise Damaged(
            f"The state document {where} {problem}.",
            hint="Nothing was changed. Restore it from a backup, or move it out of the way.",
        ) from None
    version = tree.get("formatVersion") if isinstance(tree, dict) else None
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise StateError(
            f"The state document {where} has format version {version}; this release knows "
            f"{FORMAT_VERSION} at most.",
            hint="A newer release wrote it. Update Checkly Sessions Runner on this machine.",
        )
    return tree


def decode(model: type[D], data: bytes, where: str) -> D:
    """Read a document; ``where`` is its address, for messages. Raises what its two steps raise."""
    return validate(model, parse(data, where), where)


def validate(model: type[D], tree: Any, where: str) -> D:
    """The document that a tree of JSON describes.

    Raises:
        Damaged: It describes something else.
    """
    if "format_version" in model.model_fields:
        version = tree.get("formatVersion") if isinstance(tree, dict) else None
        if type(version) is not int or version != FORMAT_VERSION:
            raise foreign(where, "formatVersion: it is missing or wrong")
    try:
        found = model.model_validate(tree)
        # Which fields were given is of no interest, and takes as much memory as what they hold.
        object.__setattr__(found, "__pydantic_fields_set__", _NO_FIELDS)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise foreign(where, f"{place}: {first['msg']}") from None
    return found


@contextmanager
def tolerating(problems: Problems) -> Iterator[None]:
    """Add a damaged document to ``problems``, and let the block around it end."""
    try:
        yield
    except Damaged as error:
        if problems is None:
            raise
        problems.append(error)


def foreign(where: str, why: str) -> Damaged:
    """The error for a document that is not what its path says."""
    return Damaged(
        f"{where} is not a state document of this runner ({shown(why)}).",
        hint="Nothing was changed. Move it out of the way if it does not belong there.",
    )


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError
    return number


def _scrubbed(tree: Any) -> str:
    """``tree`` as JSON with a replacement character for each lone surrogate."""
    text = json.dumps(tree, default=str, ensure_ascii=False)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
