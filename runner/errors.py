"""Every error that the program raises on purpose, with its exit code.

The whole hierarchy::

    RunnerError
    ├── UsageError                  2  a wrong option, name or value on the command line
    │   ├── ConfigurationError      2  the file has errors; carries its diagnostics
    │   └── Declined                2  the question was answered with no
    ├── CannotRun                   3  the file is fine, but it can't be done now
    │   ├── ApiError                3  the Checkly API refused, or answered nonsense
    │   │   └── Unauthorized        3  it refused the key, the account or the plan
    │   ├── Unreachable             3  the API could not be reached
    │   ├── StateError              3  the state can't be read or written
    │   │   └── Locked              3  another process holds the lock
    │   └── StalePlan               3  a saved plan no longer fits
    └── Interrupted               130  stopped by a signal
"""

from collections.abc import Iterable
from typing import ClassVar

from runner.diagnostics import Diagnostic


class RunnerError(Exception):
    """An error that a user can do something about.

    Message and hint are sentences: they begin with a capital letter or with the name of what they
    speak of, and end with a full stop.

    Attributes:
        exit_code: The exit code of the process.
        hint: What to do next, if that is known.
    """

    exit_code: ClassVar[int] = 3

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def clause(self) -> str:
        """The message without its full stop, to be part of a longer sentence or a diagnostic."""
        return self.message.removesuffix(".")


class UsageError(RunnerError):
    """The command line asks for something that does not exist or makes no sense."""

    exit_code = 2


class ConfigurationError(UsageError):
    """The configuration has errors.

    Attributes:
        diagnostics: All that was found, warnings included, in file order.
    """

    def __init__(self, diagnostics: Iterable[Diagnostic], *, hint: str | None = None) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("The configuration has errors.", hint=hint)


class Declined(UsageError):
    """The user answered no to the question whether to continue."""


class CannotRun(RunnerError):
    """The request is fine, but it can't be done now."""


class ApiError(CannotRun):
    """The Checkly API refused a request or its answer made no sense.

    Attributes:
        status: HTTP status of the answer.
        method: HTTP method of the request.
        path: Path of the request, without its query.
        error_code: The API's own code, such as ``ERR_NO_MATCHING_CHECKS``, if it sent one.
        retry_after: Seconds it asked to wait, if it did.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int,
        method: str,
        path: str,
        error_code: str | None = None,
        retry_after: float | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after
        self.status = status
        self.method = method
        self.path = path
        self.error_code = error_code


class Unauthorized(ApiError):
    """The API refused the key (401), the plan (402) or the account (403)."""


class Unreachable(CannotRun):
    """The API could not be reached, or did not answer.

    Attributes:
        sent: Whether the request may have arrived: ``False`` only if it certainly did not.
    """

    def __init__(self, message: str, *, sent: bool, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.sent = sent


class StateError(CannotRun):
    """The state can't be read or written."""


class Locked(StateError):
    """Another apply holds the lock of an instance."""


class StalePlan(CannotRun):
    """A saved plan does not fit what would be applied now."""


class Interrupted(RunnerError):
    """A signal asked to stop."""

    exit_code = 130


def together(errors: Iterable[UsageError]) -> UsageError:
    """Return one error that tells all of ``errors``, of which there is at least one."""
    found = list(errors)
    hints = dict.fromkeys(error.hint for error in found if error.hint)
    return UsageError(" ".join(error.message for error in found), hint=" ".join(hints) or None)


def os_reason(error: Exception) -> str:
    """Say why the system refused a path, as the end of a sentence."""
    if isinstance(error, FileNotFoundError):
        return "there is no such file or folder"
    if isinstance(error, OSError):
        reason = error.strerror or str(error) or "the system gave no reason"
        return reason[:1].lower() + reason[1:]
    return "the path is not valid"
