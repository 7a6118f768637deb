"""The environment variables that templates and the runner's ``--var`` look at.

The process's own come first, then those of ``--env-file``. A variable that is empty counts as
not set: CI systems pass an absent secret as an empty text.
"""

import re
from collections.abc import Iterable, Mapping
from fnmatch import translate
from pathlib import Path

from runner.config.templates.expressions.errors import TemplateError
from runner.errors import UsageError, os_reason

_VARIABLE_PREFIX = "CHECKLY_SESSIONS_VAR_"
_MAX_FILE = 1 << 20


class Environment:
    """What ``env.NAME`` reads, and variables that are set through the environment.

    Attributes:
        process: The environment of the process.
    """

    def __init__(
        self,
        process: Mapping[str, str],
        env_file: Mapping[str, str] | None = None,
        allow: Iterable[str] = (),
    ) -> None:
        """Build it.

        Args:
            process: The environment of the process.
            env_file: What `read_env_file` gave; the process's own variables win.
            allow: Globs of the names templates may read; none means all that are not
                forbidden to every template.
        """
        self.process = process
        self._file = env_file or {}
        self._globs = tuple(allow)
        self._allowed = (
            re.compile("|".join(translate(glob) for glob in self._globs)) if self._globs else None
        )

    def value(self, name: str) -> str | None:
        """The value of a variable; ``None`` if it is not set, or empty.

        Raises:
            TemplateError: ``--env-allow`` does not let templates read it, or it is not UTF-8.
        """
        if self._allowed and not self._allowed.match(name):
            raise TemplateError(
                f"env.{name} can't be read: --env-allow lets templates read only "
                + ", ".join(self._globs),
                length=len(name) + 4,
            )
        value = self.process.get(name) or self._file.get(name) or None
        if value is not None and not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                raise TemplateError(f"the value of env.{name} is not UTF-8") from None
        return value

    def variables(self) -> dict[str, str]:
        """Values for the file's variables, from ``CHECKLY_SESSIONS_VAR_NAME`` of the process."""
        return {
            name.removeprefix(_VARIABLE_PREFIX): value
            for name, value in self.process.items()
            if name.startswith(_VARIABLE_PREFIX) and value
        }


def read_env_file(path: Path) -> dict[str, str]:
    """The variables of a dotenv file, without any expansion.

    Raises:
        UsageError: It can't be read or has a line that says nothing; the message never quotes
            the line, for it may hold a secret.
    """
    import io  # noqa: PLC0415 - the whole of it only when a file is given

    from dotenv.parser import parse_stream  # noqa: PLC0415

    try:
        with path.open("rb") as file:
            content = file.read(_MAX_FILE + 1)
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise UsageError(
            f"The env file {path} can't be read: {os_reason(error)}.",
            hint="Name one that is there with --env-file.",
        ) from None
    except UnicodeDecodeError:
        raise UsageError(f"The env file {path} is not UTF-8.") from None
    if len(content) > _MAX_FILE:
        raise UsageError(f"The env file {path} is larger than 1 MiB.")
    values: dict[str, str] = {}
    for binding in parse_stream(io.StringIO(text)):
        if binding.error:
            raise UsageError(
                f"{path}:{binding.original.line} is not KEY=VALUE.",
                hint="A value with quotes in it has to be quoted.",
            )
        if binding.key is not None:
            values[binding.key] = binding.value or ""
    return values
