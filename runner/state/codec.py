"""Documents of the state as bytes, and what to say of bytes that are none."""

import json
from typing import TypeVar

from pydantic import ValidationError

from runner.errors import StateError
from runner.models.record import FORMAT_VERSION, Document

D = TypeVar("D", bound=Document)


def encode(document: Document) -> bytes:
    """The document as it is stored: JSON for people and programs, ending in a newline."""
    return (document.model_dump_json(by_alias=True, indent=1) + "\n").encode()


def decode(model: type[D], data: bytes, where: str) -> D:
    """Reads a document.

    Args:
        model: What it should be.
        data: What the store holds.
        where: Its path, for the message.

    Raises:
        StateError: It is cut off, something else, or of a newer release. It stays as it is.
    """
    try:
        tree = json.loads(data)
    except ValueError:
        problem = "is empty" if not data.strip() else "is cut off or damaged"
        raise StateError(
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
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise foreign(where, f"{place}: {first['msg']}") from None


def foreign(where: str, why: str) -> StateError:
    """The error for a document that is not what its path says."""
    return StateError(
        f"{where} is not a state document of this runner ({why}).",
        hint="Nothing was changed. Move it out of the way if it does not belong there.",
    )
