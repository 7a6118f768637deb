"""Turn every error of obstore into a ``StateError`` that explains it."""

import errno
import os
import re
from typing import Final

from obstore.exceptions import BaseError, GenericError

from runner.errors import StateError
from runner.state.store.paths import shown
from runner.state.store.variables import VARIABLES

#: What the library raises; it uses some of Python's own types too.
STORE_ERRORS: Final = (BaseError, OSError, ValueError)

_ELSEWHERE: Final = "choose another place with --state."
_DENIED: Final = ("access is denied", f"Let this user write there, or {_ELSEWHERE}")
_OF_SYSTEM: Final = {
    errno.EPERM: _DENIED,
    errno.EACCES: _DENIED,
    errno.ENOTDIR: ("there is a file where a folder should be", f"Move it away, or {_ELSEWHERE}"),
    errno.EFBIG: ("this process may not write files of that size", "Raise its limit (ulimit -f)."),
    errno.EILSEQ: ("the path is not UTF-8", f"Rename its folders, or {_ELSEWHERE}"),
    errno.ENOSPC: ("the disk is full", f"Make room, or {_ELSEWHERE}"),
    errno.EROFS: ("the file system is read-only", f"Mount it for writing, or {_ELSEWHERE}"),
    errno.ENAMETOOLONG: ("the path is too long", f"Use a shorter one: {_ELSEWHERE}"),
    errno.EDQUOT: ("the disk quota is used up", f"Make room, or {_ELSEWHERE}"),
}

# The library's last resort is the metadata service of a cloud machine.
_NO_CREDENTIALS: Final = re.compile(r"169\.254\.169\.254|token request|metadata\.google")
_NO_BUCKET: Final = re.compile("NoSuchBucket|ContainerNotFound|The specified bucket does not exist")
_NO_ACCESS: Final = re.compile(
    r"^(?:PermissionDenied|Unauthenticated)Error|status(?: code)?:? 40[13]\b"
)
_NO_CONDITIONS: Final = re.compile("^NotSupportedError|NotImplemented")
_NO_ANSWER: Final = re.compile("error sending request|timed out")
_IN_PASSING: Final = re.compile(
    r"status(?: code)?:? (?:408|409|429|50[0234])\b|SlowDown|ServerBusy|InternalError"
    r"|error sending request|timed out|connection (?:reset|closed)|error decoding response body"
    r"|Conflict",
    re.IGNORECASE,
)


def is_store_error(error: BaseException) -> bool:
    """Return whether the library raised it; its panics are not even exceptions."""
    return isinstance(error, STORE_ERRORS) or type(error).__name__ == "PanicException"


def is_transient(error: BaseException) -> bool:
    """Return whether the same request may succeed if it is sent again."""
    text = str(error)
    return bool(_IN_PASSING.search(text)) and not _NO_CREDENTIALS.search(text)


def is_no_folder(error: BaseException) -> bool:
    """Return whether a folder on the way to an object was missing or came just now."""
    return isinstance(error, FileNotFoundError | FileExistsError) or (
        isinstance(error, GenericError) and _number(error) == errno.ENOENT
    )


def is_no_bucket(error: BaseException) -> bool:
    """Return whether the bucket is missing, not an object in it."""
    return bool(_NO_BUCKET.search(str(error)))


def store_error(error: BaseException, verb: str, where: str) -> StateError:
    """Explain what a store complained of.

    Args:
        error: What was raised.
        verb: What was tried: ``read``, ``write``, ``list``, ``delete`` or ``open``.
        where: The address of the object.
    """
    variables = VARIABLES.get(where.partition("://")[0])
    why, hint = _of_bucket(error, variables) if variables else _of_folder(error)
    return StateError(f"Can't {verb} the state at {where}: {why}.", hint=hint)


def _of_folder(error: BaseException) -> tuple[str, str | None]:
    number = _number(error)
    return _OF_SYSTEM.get(number) or (os.strerror(number) if number else _plain(str(error)), None)


def _number(error: BaseException) -> int:
    """Return the number of an error of the system; 0 for any other."""
    found = re.search(r"\(os error (\d+)\)", str(error))
    return int(found[1]) if found else getattr(error, "errno", None) or 0


def _of_bucket(error: BaseException, variables: str) -> tuple[str, str]:
    text, said = f"{type(error).__name__}: {error}", _plain(str(error))
    if _NO_CREDENTIALS.search(text):
        return "no credentials were found", f"Set {variables}."
    if _NO_ACCESS.search(text):
        return f"access is denied ({said})", f"Check {variables}, and what they may do."
    if isinstance(error, FileNotFoundError) or _NO_BUCKET.search(text):
        return "the bucket does not exist", f"Create it, or {_ELSEWHERE}"
    if _NO_CONDITIONS.search(text):
        return "it lacks the conditional writes that locks need", f"Update it, or {_ELSEWHERE}"
    if _NO_ANSWER.search(text):
        return "the store does not answer", f"Check the network, the address and {variables}."
    return said, f"Check the address and {variables}."


def _plain(text: str) -> str:
    """What a store said, in one line, without anything that could be a credential."""
    code = re.search(r"<Code>([^<]{1,80})</Code>", text)
    told = re.search(r"<Message>([^<]{1,300})</Message>", text)
    if code or told:
        return shown(": ".join(found[1].strip().rstrip(".") for found in (code, told) if found))
    line = text.partition("Debug source")[0].strip().partition("\n")[0]
    return shown(re.sub(r"\?\S+", "", line)).rstrip(".: ") or "it gave no reason"
