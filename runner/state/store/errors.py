"""Turn every error of obstore into a ``StateError`` that explains it."""

import os
import re
from typing import Final

from obstore.exceptions import (
    BaseError,
    NotSupportedError,
    PermissionDeniedError,
    UnauthenticatedError,
)

from runner.errors import StateError
from runner.state.store.paths import shown

#: What the library raises; it uses some of Python's own types too.
COMPLAINTS: Final = (BaseError, OSError, ValueError)

VARIABLES: Final = {
    "s3": "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and AWS_ENDPOINT_URL",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS",
    "az": "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
}

_DENIED: Final = (PermissionDeniedError, UnauthenticatedError)
_DENIED_TEXT: Final = re.compile(r"status(?: code)?:? 40[13]\b")  # listings raise no such class

_NO_BUCKET: Final = ("NoSuchBucket", "ContainerNotFound", "The specified bucket does not exist")

_ELSEWHERE: Final = "choose another place with --state."
_SYSTEM: Final = {
    1: ("access is denied", f"Let this user write there, or {_ELSEWHERE}"),
    13: ("access is denied", f"Let this user write there, or {_ELSEWHERE}"),
    20: ("a file stands where a folder should be", f"Move it away, or {_ELSEWHERE}"),
    27: ("this process may not write files of that size", "Raise its limit (ulimit -f)."),
    28: ("the disk is full", f"Make room, or {_ELSEWHERE}"),
    30: ("the file system is read-only", f"Mount it for writing, or {_ELSEWHERE}"),
    36: ("the path is too long", f"Use a shorter one: {_ELSEWHERE}"),
    122: ("the disk quota is used up", f"Make room, or {_ELSEWHERE}"),
}


_IN_PASSING: Final = re.compile(
    r"status(?: code)?:? (?:408|409|429|50[0234])\b|SlowDown|ServerBusy|InternalError"
    r"|error sending request|timed out|connection (?:reset|closed)|error decoding response body"
    r"|Conflict",
    re.IGNORECASE,
)


def is_complaint(error: BaseException) -> bool:
    """Whether the library raised it; its panics are not even exceptions."""
    return isinstance(error, COMPLAINTS) or type(error).__name__ == "PanicException"


def is_transient(error: BaseException) -> bool:
    """Whether the same request may be answered if it is sent again."""
    text = str(error)
    return bool(_IN_PASSING.search(text)) and not _is_without_credentials(text)


def _is_without_credentials(text: str) -> bool:
    # The library's last resort is the metadata service of a cloud machine.
    return "169.254.169.254" in text or "token request" in text or "metadata.google" in text


def complaint(error: BaseException, *, verb: str, where: str, scheme: str) -> StateError:
    """Says in words what a store complained of.

    Args:
        error: What was raised.
        verb: What was tried: ``read``, ``write``, ``list``, ``delete`` or ``open``.
        where: The address of the object.
        scheme: ``file``, ``s3``, ``gs`` or ``az``.
    """
    why, hint = _of_folder(error) if scheme == "file" else _of_bucket(error, VARIABLES[scheme])
    return StateError(f"Can't {verb} the state at {where}: {why}.", hint=hint)


def is_no_bucket(error: BaseException) -> bool:
    """Whether it is the bucket that is missing, not an object in it."""
    return any(sign in str(error) for sign in _NO_BUCKET)


def _of_folder(error: BaseException) -> tuple[str, str | None]:
    found = re.search(r"\(os error (\d+)\)", str(error))
    number = int(found[1]) if found else getattr(error, "errno", None) or 0
    return _SYSTEM.get(number) or (os.strerror(number) if number else _plain(str(error)), None)


def _of_bucket(error: BaseException, variables: str) -> tuple[str, str]:
    text = str(error)
    if _is_without_credentials(text):
        return "no credentials were found", f"Set {variables}."
    if isinstance(error, _DENIED) or _DENIED_TEXT.search(text):
        return f"access is denied ({_plain(text)})", f"Check {variables}, and what they may do."
    if isinstance(error, FileNotFoundError) or is_no_bucket(error):
        return "the bucket does not exist", f"Create it, or {_ELSEWHERE}"
    if isinstance(error, NotSupportedError) or "NotImplemented" in text:
        return "it lacks the conditional writes that locks need", f"Update it, or {_ELSEWHERE}"
    if "error sending request" in text or "timed out" in text:
        return "the store does not answer", f"Check the network, the address and {variables}."
    return _plain(text), f"Check the address and {variables}."


def _plain(text: str) -> str:
    """What a store said, in one line, without anything that could be a credential."""
    code = re.search(r"<Code>([^<]{1,80})</Code>", text)
    told = re.search(r"<Message>([^<]{1,300})</Message>", text)
    if code or told:
        return shown(": ".join(found[1].strip().rstrip(".") for found in (code, told) if found))
    line = text.partition("Debug source")[0].strip().partition("\n")[0]
    return shown(re.sub(r"\?\S+", "", line)).rstrip(".: ") or "it gave no reason"
